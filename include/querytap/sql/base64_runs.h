// Base64 that stands for text: plain, or UTF-16LE as PowerShell wants it. In literals of SQL, where
// the normaliser uses it, and in values of parameters and results. A run of at least kRunMin
// characters that decodes to readable text is shown; all else is left alone. Bounded state, linear
// time; what comes out does not depend on how the text was cut.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <querytap/sql/normaliser.h>

namespace querytap::sql {

class Output;

class Base64Runs {
  public:
    static constexpr std::size_t kRunMin = 32;  // 24 bytes: chance hardly makes those readable

    /// Pieces of one value in UTF-8, cut anywhere; Views::on_decoded gets what they stand for.
    /// After end() another value may follow.
    void feed(std::string_view text, Scratch& scratch, Views& views);
    void end(Scratch& scratch, Views& views);

    /// The same of one literal, among the other views of its text.
    void feed(std::string_view text, Output& out);
    void end(Output& out);

  private:
    enum class Phase : std::uint8_t {
        kOutside,   // before a run, or in one that is too short
        kUnread,    // what is held was not looked at: few literals go on behind a short piece
        kHolding,   // what is held begins a run
        kNarrow,    // in a run that is text, a byte a character
        kWide,      // the same in UTF-16LE
        kRejected,  // in a run that is something else
    };

    void hold(std::string_view text) noexcept;
    void read_held() noexcept;
    std::string_view outside(std::string_view text, Output& out);
    std::string_view holding(std::string_view text, Output& out);
    std::string_view emitting(std::string_view text, Output& out);
    bool take(char c) noexcept;
    void judge(std::string_view head, Output& out);
    bool emit(std::uint8_t byte, Output& out);
    void finish(Output& out);

    Phase phase_ = Phase::kOutside;
    std::uint8_t bit_count_ = 0;
    std::uint8_t held_size_ = 0;
    bool odd_ = false;  ///< kWide: the first byte of a character is in low_
    std::uint8_t low_ = 0;
    std::uint32_t bits_ = 0;
    std::array<char, kRunMin> held_;
};

}  // namespace querytap::sql
