#include "text_functions.h"

#include <array>
#include <cstring>

#include "chars.h"

namespace querytap::sql {
namespace {

using Kind = TokenLog::Kind;
using Size = std::optional<std::size_t>;

/// A longer pattern would make REPLACE quadratic, and nobody hides words behind one.
constexpr std::size_t kPatternMax = 64;

Size concat(Arguments arguments, std::string_view separator, std::span<char> out) noexcept {
    Writer writer(out);
    bool first = true;
    do {
        auto text = arguments.take(Kind::kLiteral);
        if (!text) text = arguments.take(Kind::kWord);  // numbers become text
        if (!text) return std::nullopt;
        if (!first) writer.put(separator);
        first = false;
        writer.put(*text);
    } while (arguments.take(','));
    return arguments.end() ? writer.size() : std::nullopt;
}

Size concat_ws(Arguments arguments, std::span<char> out) noexcept {
    const auto separator = arguments.take(Kind::kLiteral);
    if (!separator || !arguments.take(',')) return std::nullopt;
    return concat(arguments, *separator, out);
}

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
    if (pattern->size() > kPatternMax) return std::nullopt;
    Writer writer(out);
    for (std::size_t at = 0; at < text->size();) {
        const bool found =
            !pattern->empty() && same_but_case(text->substr(at, pattern->size()), *pattern);
        writer.put(found ? *by : text->substr(at, 1));
        at += found ? pattern->size() : 1;
    }
    return writer.size();
}

/// TRANSLATE of single characters of ASCII; the collation's case rule as for REPLACE.
Size translate(Arguments arguments, std::span<char> out) noexcept {
    const auto text = arguments.take(Kind::kLiteral);
    const bool comma = arguments.take(',');
    const auto from = arguments.take(Kind::kLiteral);
    const bool second_comma = arguments.take(',');
    const auto to = arguments.take(Kind::kLiteral);
    if (!text || !comma || !from || !second_comma || !to || !arguments.end()) return std::nullopt;
    if (from->size() != to->size() || text->size() > out.size()) return std::nullopt;
    std::array<char, 256> map;
    for (std::size_t i = 0; i < map.size(); ++i)
        map[i] = static_cast<char>(i);
    for (std::size_t i = from->size(); i-- > 0;) {  // the first of two that are alike counts
        map[static_cast<unsigned char>(lower((*from)[i]))] = (*to)[i];
        map[static_cast<unsigned char>(upper((*from)[i]))] = (*to)[i];
    }
    std::transform(text->begin(), text->end(), out.begin(),
                   [&](char c) { return map[static_cast<unsigned char>(c)]; });
    return text->size();
}

/// Bytes of the first `count` characters.
std::size_t prefix_size(std::string_view text, std::size_t count) noexcept {
    std::size_t size = 0;
    for (; count > 0 && size < text.size(); --count)
        size += character_at(text.substr(size)).size;
    return size;
}

std::size_t length(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count)
        at += character_at(text.substr(at)).size;
    return count;
}

/// SUBSTRING, LEFT, RIGHT and STUFF: a text, then numbers.
Size part(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    const auto text = arguments.take(Kind::kLiteral);
    if (!text || !arguments.take(',')) return std::nullopt;
    const auto first = arguments.take_number();
    if (!first) return std::nullopt;
    Writer writer(out);
    if (function == Keyword::kLeft || function == Keyword::kRight) {
        if (!arguments.end()) return std::nullopt;
        const std::size_t all = length(*text);
        const std::size_t count = std::min<std::size_t>(*first, all);
        const std::size_t cut =
            prefix_size(*text, function == Keyword::kLeft ? count : all - count);
        writer.put(function == Keyword::kLeft ? text->substr(0, cut) : text->substr(cut));
        return writer.size();
    }
    const bool comma = arguments.take(',');
    const auto count = arguments.take_number();
    if (!comma || !count || *first == 0) return std::nullopt;
    const std::size_t begin = prefix_size(*text, *first - 1);
    const std::size_t size = prefix_size(text->substr(begin), *count);
    if (function == Keyword::kSubstring) {
        writer.put(text->substr(begin, size));
    } else {
        const bool last_comma = arguments.take(',');
        const auto by = arguments.take(Kind::kLiteral);
        if (!last_comma || !by) return std::nullopt;
        writer.put(text->substr(0, begin));
        writer.put(*by);
        writer.put(text->substr(begin + size));
    }
    return arguments.end() ? writer.size() : std::nullopt;
}

/// LOWER, UPPER, TRIM, LTRIM, RTRIM.
Size shape(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    const auto argument = arguments.take(Kind::kLiteral);
    if (!argument || !arguments.end() || argument->size() > out.size()) return std::nullopt;
    std::string_view text = *argument;
    if (function == Keyword::kTrim || function == Keyword::kLtrim) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    if (function == Keyword::kTrim || function == Keyword::kRtrim) {
        text = text.substr(0, text.find_last_not_of(' ') + 1);
    }
    std::transform(text.begin(), text.end(), out.begin(), [&](char c) {
        if (function == Keyword::kLower) return lower(c);
        return function == Keyword::kUpper ? upper(c) : c;
    });
    return text.size();
}

/// SPACE and REPLICATE.
Size repeated(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    std::string_view text = " ";
    if (function == Keyword::kReplicate) {
        const auto argument = arguments.take(Kind::kLiteral);
        if (!argument || !arguments.take(',')) return std::nullopt;
        text = *argument;
    }
    const auto count = arguments.take_number();
    if (!count || !arguments.end() || *count > out.size()) return std::nullopt;
    Writer writer(out);
    for (std::uint32_t i = 0; i < *count; ++i)
        writer.put(text);
    return writer.size();
}

/// FORMATMESSAGE('... %s ... %d', text, number).
Size format(Arguments arguments, std::span<char> out) noexcept {
    const auto pattern = arguments.take(Kind::kLiteral);
    if (!pattern) return std::nullopt;
    Writer writer(out);
    for (std::string_view rest = *pattern; !rest.empty();) {
        const std::size_t plain = std::min(rest.find('%'), rest.size());
        writer.put(rest.substr(0, plain));
        rest.remove_prefix(plain);
        if (rest.size() < 2) {
            writer.put(rest);
            break;
        }
        if (rest[1] == '%') {
            writer.put("%");
        } else if (rest[1] == 's' || rest[1] == 'd' || rest[1] == 'i') {
            if (!arguments.take(',')) return std::nullopt;
            auto text = arguments.take(Kind::kLiteral);
            if (!text) text = arguments.take(Kind::kWord);
            if (!text) return std::nullopt;
            writer.put(*text);
        } else {
            return std::nullopt;
        }
        rest.remove_prefix(2);
    }
    return arguments.end() ? writer.size() : std::nullopt;
}

/// ISNULL and COALESCE: a literal is not null.
Size first(Arguments arguments, std::span<char> out) noexcept {
    const auto text = arguments.take(Kind::kLiteral);
    if (!text || !arguments.take(',')) return std::nullopt;
    Writer writer(out);
    writer.put(*text);
    return writer.size();
}

}  // namespace

Size text_function(Keyword function, Arguments arguments, std::span<char> out) noexcept {
    switch (function) {
        case Keyword::kConcat:
            return concat(arguments, {}, out);
        case Keyword::kConcatWs:
            return concat_ws(arguments, out);
        case Keyword::kReverse:
            return reverse(arguments, out);
        case Keyword::kReplace:
            return replace(arguments, out);
        case Keyword::kTranslate:
            return translate(arguments, out);
        case Keyword::kSubstring:
        case Keyword::kLeft:
        case Keyword::kRight:
        case Keyword::kStuff:
            return part(function, arguments, out);
        case Keyword::kLower:
        case Keyword::kUpper:
        case Keyword::kTrim:
        case Keyword::kLtrim:
        case Keyword::kRtrim:
            return shape(function, arguments, out);
        case Keyword::kSpace:
        case Keyword::kReplicate:
            return repeated(function, arguments, out);
        case Keyword::kFormatmessage:
            return format(arguments, out);
        case Keyword::kFirst:
            return first(arguments, out);
        default:
            return std::nullopt;
    }
}

}  // namespace querytap::sql
