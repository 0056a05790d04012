#include "constant.h"

#include <array>
#include <cstring>

#include <querytap/base/utf16.h>

#include "arguments.h"
#include "chars.h"
#include "text_functions.h"

namespace querytap::sql {
namespace {

using Kind = TokenLog::Kind;
using Size = std::optional<std::size_t>;
using Value = std::optional<Constant>;

Value text(Size size) noexcept {
    return size ? Value({Kind::kLiteral, *size}) : std::nullopt;
}

/// Up to four bytes, as the number that they are.
std::optional<std::int64_t> number_of_binary(std::string_view hex) noexcept {
    if (hex.empty() || hex.size() > 8) return std::nullopt;
    std::int64_t number = 0;
    for (const char digit : hex)
        number = number * 16 + hex_digit(digit);
    return number;
}

/// A number as CHAR takes it: 101, 0x65, '101'.
std::optional<std::int64_t> operand(Arguments& arguments) noexcept {
    if (const auto hex = arguments.take(Kind::kBinary)) return number_of_binary(*hex);
    auto digits = arguments.take(Kind::kWord);
    if (!digits) digits = arguments.take(Kind::kLiteral);
    if (!digits) return std::nullopt;
    const auto number = Arguments::number_of(*digits);
    return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

/// Sums and differences of products.
std::optional<std::int64_t> arithmetic(Arguments& arguments) noexcept {
    // More factors than this would leave the range of a character, or are zeros.
    constexpr int kFactorsMax = 4;
    std::int64_t sum = 0;
    std::int64_t sign = 1;
    for (;;) {
        auto product = operand(arguments);
        if (!product) return std::nullopt;
        for (int factors = 1; arguments.take('*'); ++factors) {
            const auto factor = operand(arguments);
            if (!factor || factors == kFactorsMax || *product > 0x10ffff) return std::nullopt;
            *product *= *factor;
        }
        sum += sign * *product;
        if (arguments.take('+')) {
            sign = 1;
        } else if (arguments.take('-')) {
            sign = -1;
        } else {
            return sum;
        }
    }
}

Size character(Arguments arguments, bool national, std::span<char> out) noexcept {
    const auto number = arithmetic(arguments);
    if (!number || !arguments.end()) return std::nullopt;
    if (*number < 0 || *number > (national ? 0x10ffff : 0xff)) return std::nullopt;
    std::array<char, 4> utf8;
    Writer writer(out);
    writer.put({utf8.data(), put_utf8(utf8.data(), static_cast<std::uint32_t>(*number))});
    return writer.size();
}

enum class Type : std::uint8_t { kText, kNationalText, kBinary };

/// varchar, varchar(10), nvarchar(max), varbinary(8).
std::optional<Type> type_name(Arguments& arguments) noexcept {
    const auto name = arguments.take(Kind::kWord);
    if (!name) return std::nullopt;
    const Keyword type = keyword_of(*name);
    if (!is_type(type)) return std::nullopt;
    if (arguments.take('(') && (!arguments.take(Kind::kWord) || !arguments.take(')'))) {
        return std::nullopt;
    }
    if (type == Keyword::kBinaryType) return Type::kBinary;
    const bool national = type == Keyword::kNchar || type == Keyword::kNationalTextType;
    return national ? Type::kNationalText : Type::kText;
}

/// Digits in a text: style 1 has 0x before them, style 2 has not.
Size digits_in_text(std::string_view text, char style, std::span<char> out) noexcept {
    if (style == '1') {
        if (text.size() < 2 || text[0] != '0' || lower(text[1]) != 'x') return std::nullopt;
        text.remove_prefix(2);
    }
    if (text.size() > out.size()) return std::nullopt;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (hex_digit(text[i]) < 0) return std::nullopt;
        out[i] = upper(text[i]);
    }
    return text.size();
}

/// What is to be converted, and what to do with it.
struct Conversion {
    std::optional<std::string_view> text;
    std::optional<std::string_view> binary;
    Type type = Type::kText;
    char style = '0';
};

std::optional<Conversion> conversion(Keyword function, Arguments arguments) noexcept {
    Conversion result;
    std::optional<Type> type;
    if (function == Keyword::kConvert) {
        type = type_name(arguments);
        if (!type || !arguments.take(',')) return std::nullopt;
    }
    result.text = arguments.take(Kind::kLiteral);
    if (!result.text) result.binary = arguments.take(Kind::kBinary);
    if (!result.text && !result.binary) return std::nullopt;
    if (function == Keyword::kCast) {
        if (!arguments.take(Kind::kWord)) return std::nullopt;  // AS
        type = type_name(arguments);
    } else if (arguments.take(',')) {
        const auto style = arguments.take(Kind::kWord);
        if (!style) return std::nullopt;
        result.style = style->size() == 1 ? (*style)[0] : '?';
    }
    if (!type || !arguments.end()) return std::nullopt;
    result.type = *type;
    return result;
}

Value convert(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    const auto wanted = conversion(function, arguments);
    if (!wanted) return std::nullopt;
    Writer writer(out);
    if (wanted->type != Type::kBinary) {
        if (wanted->text) {
            writer.put(*wanted->text);
            return text(writer.size());
        }
        // Styles 1 and 2 write the digits, and are left alone.
        if (wanted->style != '0') return std::nullopt;
        return text(binary_as_text(*wanted->binary, wanted->type == Type::kNationalText, out));
    }
    Size size;
    if (wanted->binary) {
        writer.put(*wanted->binary);
        size = writer.size();
    } else if (wanted->style == '1' || wanted->style == '2') {
        size = digits_in_text(*wanted->text, wanted->style, out);
    }
    return size ? Value({Kind::kBinary, *size}) : std::nullopt;
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

Value evaluate(Keyword function, const TokenLog& log, std::size_t arguments,
               std::span<char> out) noexcept {
    const Arguments list(log, arguments);
    switch (function) {
        case Keyword::kNone: {  // plain parentheses around one literal
            Arguments inner = list;
            const auto literal = inner.take(Kind::kLiteral);
            if (!literal || !inner.end()) return std::nullopt;
            Writer writer(out);
            writer.put(*literal);
            return text(writer.size());
        }
        case Keyword::kChar:
        case Keyword::kNchar:
            return text(character(list, function == Keyword::kNchar, out));
        case Keyword::kCast:
        case Keyword::kConvert:
            return convert(function, list, out);
        default:
            return text(text_function(function, list, out));
    }
}

}  // namespace querytap::sql
