// The fast path of the lexer: code without literals, comments and words that matter, 64 bytes at a
// time (Highway, chosen at run time). Gives exactly what the slow path gives; stops before anything
// that is not plain, and the slow path goes on from there.
#pragma once

#include <cstddef>

namespace querytap::sql {

struct PlainCode {
    bool after_word = false;  ///< in and out: the last token was a word
    char punctuation = 0;     ///< out: the last token, if it was no word
    bool any = false;         ///< out: a token was passed
    std::size_t written = 0;  ///< out
};

/// What a vector store may write behind the text.
inline constexpr std::size_t kPlainCodeSlack = 64;

/// `in` begins where a token begins. `out` has room for size + 1 + kPlainCodeSlack bytes. Returns
/// how many bytes were taken: whole tokens only, so a word that may go on is left.
std::size_t pass_plain_code(const char* in, std::size_t size, char* out, PlainCode& code) noexcept;

}  // namespace querytap::sql
