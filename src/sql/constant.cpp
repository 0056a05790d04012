#include "constant.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <querytap/base/utf16.h>

#include "chars.h"

namespace querytap::sql {
namespace {

using Kind = TokenLog::Kind;
using Record = TokenLog::Record;
using Size = std::optional<std::size_t>;

/// A longer pattern would make REPLACE quadratic, and nobody hides words behind one.
constexpr std::size_t kPatternMax = 64;

/// Reads the records of a call one after the other; a mismatch is final.
class Arguments {
  public:
    Arguments(const TokenLog& log, std::size_t at) : log_(log), at_(at) {}

    bool end() const noexcept { return at_ >= log_.size(); }
    std::optional<std::string_view> take(Kind kind) noexcept {
        if (end()) return std::nullopt;
        const Record record = log_.read(at_);
        if (record.kind != kind) return std::nullopt;
        at_ = record.next;
        return record.text;
    }
    bool take(char punctuation) noexcept {
        const std::size_t before = at_;
        const auto text = take(Kind::kPunctuation);
        if (text && (*text)[0] == punctuation) return true;
        at_ = before;
        return false;
    }

  private:
    const TokenLog& log_;
    std::size_t at_;
};

Size copy(std::string_view text, std::span<char> out) noexcept {
    if (text.size() > out.size()) return std::nullopt;
    std::copy(text.begin(), text.end(), out.begin());
    return text.size();
}

Size character(Arguments arguments, bool national, std::span<char> out) noexcept {
    const auto number = arguments.take(Kind::kWord);
    if (!number || !arguments.end() || number->size() > 7) return std::nullopt;
    std::uint32_t code_point = 0;
    for (const char digit : *number) {
        if (digit < '0' || digit > '9') return std::nullopt;
        code_point = code_point * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    if (code_point > (national ? 0x10ffffu : 0xffu)) return std::nullopt;
    std::array<char, 4> utf8;
    return copy({utf8.data(), put_utf8(utf8.data(), code_point)}, out);
}

Size concat(Arguments arguments, std::span<char> out) noexcept {
    std::size_t size = 0;
    do {
        auto text = arguments.take(Kind::kLiteral);
        if (!text) text = arguments.take(Kind::kWord);  // numbers become text
        if (!text) return std::nullopt;
        const Size part = copy(*text, out.subspan(size));
        if (!part) return std::nullopt;
        size += *part;
    } while (arguments.take(','));
    return arguments.end() ? Size(size) : std::nullopt;
}

/// By characters, not bytes.
Size reverse(Arguments arguments, std::span<char> out) noexcept {
    const auto text = arguments.take(Kind::kLiteral);
    if (!text || !arguments.end() || text->size() > out.size()) return std::nullopt;
    std::size_t place = text->size();
    for (std::string_view rest = *text; !rest.empty();) {
        const std::size_t size = character_at(rest).size;
        place -= size;
        std::memcpy(out.data() + place, rest.data(), size);
        rest.remove_prefix(size);
    }
    return text->size();
}

bool same_but_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

/// The default collations ignore case, so REPLACE does.
Size replace(Arguments arguments, std::span<char> out) noexcept {
    const auto text = arguments.take(Kind::kLiteral);
    const bool comma = arguments.take(',');
    const auto pattern = arguments.take(Kind::kLiteral);
    const bool second_comma = arguments.take(',');
    const auto by = arguments.take(Kind::kLiteral);
    if (!text || !comma || !pattern || !second_comma || !by || !arguments.end())
        return std::nullopt;
    if (pattern->empty()) return copy(*text, out);
    if (pattern->size() > kPatternMax) return std::nullopt;
    std::size_t size = 0;
    for (std::size_t at = 0; at < text->size();) {
        const bool found = same_but_case(text->substr(at, pattern->size()), *pattern);
        const Size part = copy(found ? *by : text->substr(at, 1), out.subspan(size));
        if (!part) return std::nullopt;
        size += *part;
        at += found ? pattern->size() : 1;
    }
    return size;
}

/// varchar, varchar(10), nvarchar(max); says whether it has two bytes a character.
std::optional<bool> text_type(Arguments& arguments) noexcept {
    const auto name = arguments.take(Kind::kWord);
    if (!name) return std::nullopt;
    const Keyword type = keyword_of(*name);
    if (!is_type(type)) return std::nullopt;
    if (arguments.take('(') && (!arguments.take(Kind::kWord) || !arguments.take(')'))) {
        return std::nullopt;
    }
    return type == Keyword::kNchar || type == Keyword::kNationalTextType;
}

Size convert(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    std::optional<bool> national;
    if (function == Keyword::kConvert) {
        national = text_type(arguments);
        if (!national || !arguments.take(',')) return std::nullopt;
    }
    const auto text = arguments.take(Kind::kLiteral);
    const auto binary = text ? std::nullopt : arguments.take(Kind::kBinary);
    if (!text && !binary) return std::nullopt;
    if (function == Keyword::kCast) {
        if (!arguments.take(Kind::kWord)) return std::nullopt;  // AS
        national = text_type(arguments);
    } else if (arguments.take(',')) {
        // A style: 0 converts bytes to characters; 1 and 2 write the digits and are left alone.
        const auto style = arguments.take(Kind::kWord);
        if (!style || (binary && *style != "0")) return std::nullopt;
    }
    if (!national || !arguments.end()) return std::nullopt;
    return text ? copy(*text, out) : Size(binary_as_text(*binary, *national, out));
}

}  // namespace

std::size_t binary_as_text(std::string_view hex, bool national, std::span<char> out) noexcept {
    // An odd digit at the head is a byte of its own: 0xABC is 0x0ABC.
    const std::size_t odd = hex.size() % 2;
    const std::size_t count = (hex.size() + odd) / 2;
    const auto nibble = [&](std::size_t at) { return at < odd ? 0 : hex_digit(hex[at - odd]); };
    const auto byte_at = [&](std::size_t at) {
        return static_cast<std::uint8_t>(nibble(2 * at) << 4 | nibble(2 * at + 1));
    };
    std::size_t size = 0;
    NarrowState state;
    for (std::size_t at = 0; at < count; ++at) {
        std::array<char, 16> utf8;
        const std::uint8_t byte = byte_at(at);
        const std::size_t part =
            national ? narrow(Bytes(&byte, 1), utf8.data(), state) : put_utf8(utf8.data(), byte);
        if (part > out.size() - size) break;
        std::memcpy(out.data() + size, utf8.data(), part);
        size += part;
    }
    return size;
}

std::optional<std::size_t> evaluate(Keyword function, const TokenLog& log, std::size_t arguments,
                                    std::span<char> out) noexcept {
    const Arguments list(log, arguments);
    switch (function) {
        case Keyword::kNone: {  // plain parentheses around one literal
            Arguments inner = list;
            const auto text = inner.take(Kind::kLiteral);
            return text && inner.end() ? copy(*text, out) : std::nullopt;
        }
        case Keyword::kChar:
        case Keyword::kNchar:
            return character(list, function == Keyword::kNchar, out);
        case Keyword::kConcat:
            return concat(list, out);
        case Keyword::kReverse:
            return reverse(list, out);
        case Keyword::kReplace:
            return replace(list, out);
        case Keyword::kCast:
        case Keyword::kConvert:
            return convert(function, list, out);
        default:
            return std::nullopt;
    }
}

}  // namespace querytap::sql
