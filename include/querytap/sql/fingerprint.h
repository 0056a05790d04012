// The shape of a query: one number for statements that differ in their values only.
//
// Computed from the normalised view, so case, white space, comments, quoting of names and the
// driver make no difference. Literals, numbers (with their sign), binary literals and variables are
// all the same value, for one driver sends a literal where another sends @P0; a list of values
// counts as one: IN (1,2,3) is IN (7). The name of an argument (EXEC p @id=5) is part of the shape.
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
    /// XXH3 of the shape, 64 bits; block by block, each with the hash before it as its seed.
    std::uint64_t end() noexcept;

  private:
    static constexpr std::size_t kBlock = 240;   // the most that XXH3 hashes without a derived key
    static constexpr std::size_t kLookBack = 8;  // what may stand before a value and be its own
    static constexpr std::size_t kNameMax = 64;

    enum class State : std::uint8_t {
        kCode,
        kNumber,
        kNumberPoint,
        kLiteral,
        kQuote,
        kVariable,
        kVariableEnd,
        kValueEnd,
    };

    std::string_view step(std::string_view text) noexcept;
    std::string_view code(std::string_view text) noexcept;
    std::string_view number(std::string_view text) noexcept;
    std::string_view variable(std::string_view text) noexcept;
    void put(std::string_view text) noexcept;
    void put_value() noexcept;
    char before(std::size_t count) const noexcept;
    void hash_block() noexcept;

    std::uint64_t hash_;
    State state_;
    bool after_word_;  // kCode: the last byte belongs to a word
    char previous_;    // byte of a number
    std::uint8_t name_size_;
    std::uint16_t size_;
    std::array<char, kNameMax> name_;  // of a variable: an argument's, if '=' follows
    std::array<char, kBlock + kLookBack> buffer_;
};

}  // namespace querytap::sql
