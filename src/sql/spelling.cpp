#include "spelling.h"

#include "kernels.h"

namespace querytap::sql {
namespace {

void upper_case(std::string_view text, Output& out) {
    while (!text.empty()) {
        const std::size_t part = std::min(text.size(), Output::kSize);
        copy_upper(text.data(), part, out.code_room(part));
        out.commit_code(part);
        text.remove_prefix(part);
    }
}

}  // namespace

void Spelling::literal_piece(std::string_view text, Output& out) {
    out.literal(text);
    while (!text.empty()) {
        const std::size_t quote = find_either(text.data(), text.size(), '\'', '\'');
        upper_case(text.substr(0, quote), out);
        if (quote == text.size()) return;
        out.code("''");
        text.remove_prefix(quote + 1);
    }
}

}  // namespace querytap::sql
