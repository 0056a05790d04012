// What a byte or a character means to T-SQL's lexer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace querytap::sql {

enum class CharClass : std::uint8_t {
    kBlank,        // 00-20 and 7F: SQL Server skips control characters like blanks
    kWord,         // may begin and continue a word: letters _ @ # $
    kDigit,        // may continue a word, begins a number
    kQuote,        // '
    kDoubleQuote,  // "
    kBracket,      // [
    kDash,         // - perhaps a comment
    kSlash,        // / perhaps a comment
    kPunctuation,
    kBeyond,  // not ASCII: the character decides, see character_at()
};

constexpr CharClass ascii_class(unsigned byte) noexcept {
    if (byte >= 0x80) return CharClass::kBeyond;
    if (byte <= 0x20 || byte == 0x7f) return CharClass::kBlank;
    if (byte >= '0' && byte <= '9') return CharClass::kDigit;
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')) return CharClass::kWord;
    switch (byte) {
        case '_':
        case '@':
        case '#':
        case '$':
            return CharClass::kWord;
        case '\'':
            return CharClass::kQuote;
        case '"':
            return CharClass::kDoubleQuote;
        case '[':
            return CharClass::kBracket;
        case '-':
            return CharClass::kDash;
        case '/':
            return CharClass::kSlash;
        default:
            return CharClass::kPunctuation;
    }
}

inline constexpr auto kClasses = [] {
    std::array<CharClass, 256> classes{};
    for (unsigned byte = 0; byte < 256; ++byte)
        classes[byte] = ascii_class(byte);
    return classes;
}();

constexpr CharClass class_of(char byte) noexcept {
    return kClasses[static_cast<unsigned char>(byte)];
}

constexpr bool continues_word(CharClass kind) noexcept {
    return kind == CharClass::kWord || kind == CharClass::kDigit;
}

constexpr char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

constexpr char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

/// 0-15, or -1.
constexpr int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char letter = lower(c);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// One character of UTF-8 outside literals, as the lexer takes it.
struct Character {
    enum class Kind : std::uint8_t {
        kBlank,
        kIgnorable,  // no width, no weight in a comparison of names; a blank in code
        kAscii,      // `ascii` stands for it (itself, or a full-width form)
        kWord,       // any other: a letter, as far as we care
    };
    Kind kind;
    std::uint8_t size;  // bytes
    char ascii = 0;
    bool full_width = false;
};

/// The character at the head of `text`, which is not empty. A broken sequence is a word of one
/// byte.
Character character_at(std::string_view text) noexcept;

/// Writes UTF-8 of a code point (surrogates and what is beyond Unicode: U+FFFD); returns 1 to 4.
std::size_t put_utf8(char* out, std::uint32_t code_point) noexcept;

/// `text` without a UTF-8 character at its end that is not whole.
std::string_view complete_characters(std::string_view text) noexcept;

}  // namespace querytap::sql
