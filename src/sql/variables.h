// The constants that a text assigned to its variables, and the value that is being put together:
// all in one arena, the value behind the variables.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace querytap::sql {

class Variables {
  public:
    static constexpr std::size_t kCount = 32;
    static constexpr std::size_t kArenaSize = 9216;
    static constexpr std::size_t kValueMax = 4096;

    enum class Reading : std::uint8_t { kUnknown, kText, kNationalText, kBinary, kOther };

    struct Variable {
        std::uint64_t name = 0;  // hash; 0: free
        std::uint16_t at = 0;
        std::uint16_t size = 0;
        Reading type = Reading::kUnknown;
        bool known = false;
    };

    /// `name` in lower case, with its @.
    static std::uint64_t hash(std::string_view name) noexcept;

    const Variable* find(std::uint64_t name) const noexcept;
    std::string_view value_of(const Variable& variable) const noexcept {
        return {arena_.data() + variable.at, variable.size};
    }

    /// DECLARE. False: another variable had to be forgotten.
    bool declare(std::uint64_t name, Reading type) noexcept;
    /// The value becomes the variable's. False: another variable had to be forgotten.
    bool assign(std::uint64_t name) noexcept;
    /// From now on nothing is known of it.
    void forget(std::uint64_t name) noexcept;

    /// False: the oldest variables had to be forgotten to make room.
    bool begin_value() noexcept;
    /// False: cut at the bound, on a character's border; what follows is left out, too. What is too
    /// long is first rid of the blanks and comments in it; `steps` grows by the bytes that were
    /// looked at for that.
    bool append(std::string_view text, std::uint64_t& steps) noexcept;
    /// What is appended from here on are the digits of a binary value, no text.
    void begin_digits() noexcept { digits_at_ = value_size_; }
    /// They leave the value; they stay where they are until the next change.
    std::string_view take_digits() noexcept;
    /// Valid until the next change.
    std::string_view value() const noexcept { return {arena_.data() + end_, value_size_}; }

  private:
    struct Place {
        Variable& variable;
        bool free;  ///< nobody had to give way
    };

    Variable* place_of(std::uint64_t name) noexcept;
    Place find_or_add(std::uint64_t name) noexcept;
    void release(Variable& variable) noexcept;
    void take(std::string_view text) noexcept;
    bool squeeze_value() noexcept;
    std::size_t room() const noexcept;

    std::uint16_t end_ = 0;  // of the variables' values
    static constexpr std::uint16_t kNoDigits = 0xffff;
    std::uint16_t value_size_ = 0;
    std::uint16_t digits_at_ = kNoDigits;  // where the value's digits begin
    bool cut_ = false;                     // the value has lost its end
    std::uint8_t next_victim_ = 0;
    std::array<Variable, kCount> variables_;
    std::array<char, kArenaSize> arena_;
};

}  // namespace querytap::sql
