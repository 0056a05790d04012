#include "source.h"

#include <utility>

#include "text.h"

namespace querytap::signature {
namespace {

bool continues(std::string_view line) {
    return !line.empty() && line.back() == '\\';
}

}  // namespace

void Source::append(std::string_view piece, Position where) {
    pieces_.push_back({text_.size(), where});
    text_ += piece;
}

Position Source::at(std::size_t offset) const noexcept {
    Position position;
    for (const Piece& piece : pieces_) {
        if (piece.start > offset) break;
        position = {piece.where.line, piece.where.column + static_cast<int>(offset - piece.start)};
    }
    return position;
}

Error Source::error(std::size_t offset, std::string message, std::string hint) const {
    const Position position = at(offset);
    return Error{.message = std::move(message),
                 .hint = std::move(hint),
                 .file = file_,
                 .line = position.line,
                 .column = position.column};
}

std::vector<Source> split_rules(std::string_view text, std::string_view file) {
    std::vector<Source> rules;
    bool joined = false;  // the line before ended with a backslash
    for (int line_number = 1; !text.empty(); ++line_number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);

        const std::size_t first = line.find_first_not_of(kBlank);
        if (!joined) {
            if (first == std::string_view::npos || line[first] == '#') continue;
            rules.emplace_back(file);
            line.remove_prefix(first);
        }
        const int column = joined ? 1 : static_cast<int>(first) + 1;
        joined = continues(line);
        if (joined) line.remove_suffix(1);
        rules.back().append(line, {line_number, column});
    }
    return rules;
}

}  // namespace querytap::signature
