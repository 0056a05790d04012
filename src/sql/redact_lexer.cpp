#include "redact_lexer.h"

#include <algorithm>

#include "chars.h"

namespace querytap::sql {
namespace {

using Kind = Lexeme::Kind;

constexpr std::size_t kNameMax = 128;

std::size_t blanks(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        const Character c = character_at(text.substr(i));
        if (c.kind != Character::Kind::kBlank && c.kind != Character::Kind::kIgnorable) break;
        i += c.size;
    }
    return i;
}

std::size_t word(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        const CharClass kind = class_of(text[i]);
        if (kind == CharClass::kBeyond) {
            const Character c = character_at(text.substr(i));
            if (c.kind == Character::Kind::kBlank) break;
            i += c.size;
        } else if (continues_word(kind)) {
            ++i;
        } else {
            break;
        }
    }
    return i;
}

/// Up to the closing quote that is not doubled.
std::size_t quoted(std::string_view text, std::size_t from, char close) noexcept {
    std::size_t i = from;
    while (true) {
        const std::size_t at = text.find(close, i);
        if (at == std::string_view::npos) return text.size();
        if (at + 1 == text.size() || text[at + 1] != close) return at + 1;
        i = at + 2;
    }
}

std::size_t block_comment(std::string_view text) noexcept {
    int depth = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const std::string_view pair = text.substr(i, 2);
        if (pair == "/*") ++depth;
        if (pair == "*/") --depth;
        if (pair != "/*" && pair != "*/") continue;
        ++i;
        if (depth == 0) return i + 1;
    }
    return text.size();
}

std::size_t digits(std::string_view text, std::size_t i) noexcept {
    while (i < text.size() && class_of(text[i]) == CharClass::kDigit)
        ++i;
    return i;
}

std::size_t number(std::string_view text) noexcept {
    std::size_t i = digits(text, 0);
    if (i < text.size() && text[i] == '.') i = digits(text, i + 1);
    if (i == text.size() || lower(text[i]) != 'e') return i;
    std::size_t exponent = i + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    return digits(text, exponent);
}

/// A backslash before a line end continues the constant (normaliser.h).
std::size_t binary(std::string_view text) noexcept {
    std::size_t i = 2;
    while (i < text.size() && (hex_digit(text[i]) >= 0 || text[i] == '\\' || text[i] == '\r' ||
                               (text[i] == '\n' && (text[i - 1] == '\\' || text[i - 1] == '\r'))))
        ++i;
    return i;
}

/// "..." is a name only if a plain word stands in it, as the normaliser has it.
Kind kind_of_double_quoted(std::string_view text) noexcept {
    const std::string_view inner = name_in(text);
    const bool plain = !inner.empty() && inner.size() <= kNameMax && word(inner) == inner.size();
    return plain ? Kind::kQuotedName : Kind::kText;
}

Lexeme number_or_binary(std::string_view text) noexcept {
    if (text.size() > 1 && text[0] == '0' && lower(text[1]) == 'x') {
        return {Kind::kBinary, text.substr(0, binary(text))};
    }
    return {Kind::kNumber, text.substr(0, number(text))};
}

Lexeme word_or_literal(std::string_view text) noexcept {
    if (lower(text[0]) == 'n' && text.size() > 1 && text[1] == '\'') {
        return {Kind::kText, text.substr(0, quoted(text, 2, '\''))};
    }
    if (text[0] == '$' && text.size() > 1 && class_of(text[1]) == CharClass::kDigit) {
        return {Kind::kNumber, text.substr(0, 1 + number(text.substr(1)))};
    }
    return {Kind::kWord, text.substr(0, word(text))};
}

}  // namespace

std::string_view name_in(std::string_view quoted_name) noexcept {
    quoted_name.remove_prefix(1);
    const bool closed = quoted_name.ends_with(']') || quoted_name.ends_with('"');
    return quoted_name.substr(0, quoted_name.size() - (closed ? 1 : 0));
}

Lexeme next_lexeme(std::string_view text) noexcept {
    if (const std::size_t size = blanks(text); size != 0)
        return {Kind::kBlank, text.substr(0, size)};
    switch (class_of(text[0])) {
        case CharClass::kWord:
        case CharClass::kBeyond:
            return word_or_literal(text);
        case CharClass::kDigit:
            return number_or_binary(text);
        case CharClass::kQuote:
            return {Kind::kText, text.substr(0, quoted(text, 1, '\''))};
        case CharClass::kDoubleQuote: {
            const std::string_view all = text.substr(0, quoted(text, 1, '"'));
            return {kind_of_double_quoted(all), all};
        }
        case CharClass::kBracket:
            return {Kind::kQuotedName, text.substr(0, quoted(text, 1, ']'))};
        case CharClass::kDash:
            if (text.starts_with("--")) return {Kind::kComment, text.substr(0, text.find('\n'))};
            break;
        case CharClass::kSlash:
            if (text.starts_with("/*"))
                return {Kind::kComment, text.substr(0, block_comment(text))};
            break;
        case CharClass::kBlank:
        case CharClass::kPunctuation:
            break;
    }
    return {Kind::kPunctuation, text.substr(0, 1)};
}

}  // namespace querytap::sql
