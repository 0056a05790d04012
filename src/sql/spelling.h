// Tokens -> the normalised spelling that include/querytap/sql/normaliser.h lays down. Keeps only
// what the last token was, because that decides whether a blank stands before the next.
#pragma once

#include <cstdint>
#include <string_view>

#include <querytap/sql/base64_runs.h>

#include "output.h"

namespace querytap::sql {

class Spelling {
  public:
    void word(std::string_view text, Output& out) {
        before_word(out);
        out.code(text);
    }
    /// More of a word that came in pieces.
    void word_piece(std::string_view text, Output& out) { out.code(text); }

    void punctuation(char c, Output& out) {
        out.code(c);
        last_ = Last::kPunctuation;
    }

    void literal_begin(Output& out) {
        if (last_ == Last::kLiteral) out.code(' ');  // 'a''b' would be one literal
        out.code('\'');
        last_ = Last::kLiteral;
    }
    void literal_piece(std::string_view text, Output& out);
    void literal_end(Output& out) {
        out.code('\'');
        out.literal("\n");
        base64_.end(out);
    }

    void binary_begin(Output& out) { word("0X", out); }

    /// The fast path wrote tokens itself: `word` when the last of them was one.
    void continue_after(bool word) noexcept { last_ = word ? Last::kWord : Last::kPunctuation; }
    bool after_word() const noexcept { return last_ == Last::kWord; }

  private:
    enum class Last : std::uint8_t { kNothing, kWord, kLiteral, kPunctuation };

    void before_word(Output& out) {
        if (last_ == Last::kWord) out.code(' ');
        last_ = Last::kWord;
    }

    Last last_ = Last::kNothing;
    Base64Runs base64_;
};

}  // namespace querytap::sql
