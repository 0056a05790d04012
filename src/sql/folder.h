// Constant folding: 'a'+'b', CHAR and NCHAR, the string functions, CAST and CONVERT of binary
// literals become the one literal that SQL Server would compute; inside a function a variable that
// was given a constant counts as that constant. Everything else passes at once.
//
// Tokens that may belong to a constant expression wait in a TokenLog. A function that turns out
// constant is replaced there by its value; what turns out not to be constant leaves as it came.
// Each token enters and leaves the log once, so work is linear.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "keywords.h"
#include "run.h"
#include "token_log.h"

namespace querytap::sql {

class Folder {
  public:
    /// `text` is in normalised spelling.
    void word(std::string_view text, Keyword keyword, Run& run);
    /// A word too long to mean anything to us, in pieces.
    void long_word(std::string_view piece, bool first, Run& run);
    void punctuation(char c, Run& run);
    /// Contents are decoded text.
    void literal_begin(Run& run);
    void literal_piece(std::string_view text, Run& run);
    void literal_end(Run& run);
    /// Digits of a 0x literal, in upper case.
    void binary_begin(Run& run);
    void binary_piece(std::string_view digits, Run& run);
    void binary_end(Run& run);
    void end(Run& run) { release(run); }

    bool idle() const noexcept { return log_.empty(); }
    /// Only a finished literal waits, and only for a '+': any other token sets it free.
    bool waits_for_plus() const noexcept {
        return depth_ == 0 && frames_[0].has_literal && !frames_[0].plus &&
               frames_[0].collate == Collate::kNone;
    }
    /// The fast path passed tokens by, the last of them this punctuation (0: a word).
    void continue_after(char punctuation) noexcept { before_ = punctuation; }

  private:
    /// 'a' COLLATE name + 'b'
    enum class Collate : std::uint8_t { kNone, kName, kSeen };

    /// What an opening parenthesis belongs to.
    struct Frame {
        Keyword function = Keyword::kNone;  // kNone: the expression itself, or plain parentheses
        bool entered = false;               // its '(' has come
        bool expects_type = false;          // CAST( .. AS here, CONVERT( here
        bool in_type = false;               // inside the parentheses of varchar(10)
        bool has_literal = false;           // the record at literal_at can grow
        bool plus = false;                  // '+' stands after it, at the top of the log
        Collate collate = Collate::kNone;   // behind the literal
        bool lone_char = false;             // the log is CHAR(n), which may also be a type
        std::uint16_t at = 0;               // its first record
        std::uint16_t literal_at = 0;
        std::uint8_t character_size = 0;  // of lone_char's value
        std::array<char, 4> character{};
    };
    static constexpr std::size_t kDepthMax = 8;

    enum class Streaming : std::uint8_t { kNo, kLiteral, kBinary };

    Frame& top() noexcept { return frames_[depth_]; }
    bool accepts_operand() noexcept;
    static bool computes(const Frame& frame) noexcept;
    bool holds_word(std::string_view text, Keyword keyword) noexcept;
    bool holds_punctuation(char c) noexcept;
    bool open(Keyword function, std::string_view text, Run& run);
    void close(Run& run);
    bool put_variable(std::string_view name, Run& run);
    void put_value(std::string_view value) noexcept;
    void put_binary(std::string_view digits) noexcept;
    enum class Last : std::uint8_t { kWhole, kOpen };
    void release(Run& run, Last last = Last::kWhole);
    void give_up(Run& run);

    TokenLog log_;
    std::array<Frame, kDepthMax> frames_;
    std::uint8_t depth_ = 0;
    char before_ = 0;  // the punctuation that passed last, if no word came since
    Streaming streaming_ = Streaming::kNo;
};

}  // namespace querytap::sql
