// The shape of a query: one number for statements that differ in their values only.
//
// Computed from the normalised view, so case, white space, comments, quoting of names and the
// driver make no difference. Literals, numbers (with their sign) and binary literals are all the
// same value; a list of values counts as one: IN (1,2,3) is IN (7). Names of parameters (@p1)
// are part of the shape.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace querytap::sql {

class Fingerprint {
  public:
    Fingerprint() noexcept { begin(); }

    void begin() noexcept;
    /// Pieces of the normalised view, cut anywhere.
    void add(std::string_view normalised) noexcept;
    /// XXH3, 64 bits.
    std::uint64_t end() noexcept;

  private:
    enum class State : std::uint8_t { kBetween, kWord, kNumber, kNumberPoint, kLiteral, kQuote };
    enum class Last : std::uint8_t { kNothing, kWord, kValue, kClosing, kPunctuation };

    bool step(char c) noexcept;
    bool between(char c) noexcept;
    void put(char c) noexcept;
    void put_held() noexcept;
    void put_value() noexcept;
    void flush() noexcept;

    State state_;
    Last last_;
    bool blank_;     // since the last token
    bool comma_;     // after a value: perhaps its list goes on
    char sign_;      // perhaps of a number
    bool point_;     // perhaps of a number
    char previous_;  // byte of a number
    std::uint8_t size_;
    std::array<char, 128> buffer_;
    // XXH3's state; its size is checked in fingerprint.cpp.
    alignas(64) std::array<unsigned char, 576> hash_;
};

}  // namespace querytap::sql
