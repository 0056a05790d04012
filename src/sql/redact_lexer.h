// T-SQL's tokens with their spelling, of a short text in UTF-8. The Tokenizer gives meanings and
// takes chunks; here each byte of the text must come out again.
#pragma once

#include <cstdint>
#include <string_view>

namespace querytap::sql {

struct Lexeme {
    enum class Kind : std::uint8_t {
        kBlank,
        kComment,
        kWord,
        kQuotedName,  // [name], "name"
        kText,        // '...', N'...', and "..." that no name stands in
        kBinary,      // 0x...
        kNumber,
        kPunctuation,
    };
    Kind kind;
    std::string_view text;
};

/// The token at the head of `text`, which is not empty. One without an end takes all.
Lexeme next_lexeme(std::string_view text) noexcept;

/// What a [name] or "name" encloses.
std::string_view name_in(std::string_view quoted) noexcept;

}  // namespace querytap::sql
