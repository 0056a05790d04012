// T-SQL's lexer as a machine that can stop at any byte. Input: UTF-8, cut on characters' borders
// (the narrowing before it sees to that). Output: tokens to the Folder, in normalised spelling.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "folder.h"
#include "run.h"

namespace querytap::sql {

class Tokenizer {
  public:
    void feed(std::string_view text, Run& run);
    void end(Run& run);

  private:
    enum class State : std::uint8_t {
        kCode,
        kWord,
        kNumber,
        kExponent,     // 1e, where a sign may follow
        kBinary,       // 0x
        kBracket,      // [name
        kBracketEnd,   // [name] or [name]]
        kQuoted,       // "name or "text: undecided
        kQuotedEnd,    // "name" or "name""
        kLiteral,      // 'text or "text
        kLiteralEnd,   // 'text' or 'text''
        kBackslash,    // 'text\ : a line end after it is no part of the text
        kBackslashCr,  // 'text\ CR
        kBinaryBackslash,
        kBinaryBackslashCr,
        kDash,
        kSlash,
        kLineComment,
        kComment,
        kCommentStar,
        kCommentSlash,
    };

    /// A name longer than this is only a name; a quoted text longer than this is a literal.
    static constexpr std::size_t kHeldMax = 128;

    std::string_view step(std::string_view text, Run& run);
    std::string_view plain_code(std::string_view text, Run& run);
    std::string_view code(std::string_view text, Run& run);
    std::string_view character(std::string_view text, Run& run);
    std::string_view word(std::string_view text, Run& run);
    std::string_view number(std::string_view text, Run& run);
    std::string_view exponent(std::string_view text, Run& run);
    std::string_view binary(std::string_view text, Run& run);
    std::string_view bracket(std::string_view text, Run& run);
    std::string_view bracket_end(std::string_view text, Run& run);
    std::string_view quoted(std::string_view text, Run& run);
    std::string_view quoted_end(std::string_view text, Run& run);
    std::string_view literal(std::string_view text, Run& run);
    std::string_view literal_end(std::string_view text, Run& run);
    std::string_view backslash(std::string_view text, Run& run);
    std::string_view comment_start(std::string_view text, Run& run);
    std::string_view line_comment(std::string_view text);
    std::string_view comment(std::string_view text);
    std::string_view comment_mark(std::string_view text);

    void hold(char c, Run& run);
    void hold(std::string_view text, Run& run);
    void end_word(Run& run, bool quoted);
    void begin_literal(Run& run, char delimiter);
    void finish_literal(Run& run);
    void quoted_is_literal(Run& run);

    State state_ = State::kCode;
    char delimiter_ = '\'';
    bool long_word_ = false;  // what held_ had of this word went out already
    std::uint8_t held_size_ = 0;
    std::uint32_t depth_ = 0;   // of comments
    std::uint32_t blanks_ = 0;  // at the end of a bracketed name, until something follows
    std::array<char, kHeldMax> held_;
};

}  // namespace querytap::sql
