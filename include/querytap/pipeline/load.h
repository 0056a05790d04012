// What a worker leaves out while it cannot keep up. The level comes from outside, for an Inspector
// knows no clock; it is told in metrics, in stats records, and with each verdict that it touches.
#pragma once

#include <cstdint>
#include <string_view>

namespace querytap::pipeline {

/// Each level leaves out what those before it do, and its own. Logins are inspected at every level.
enum class Load : std::uint8_t {
    kNormal,
    kStreams,   ///< streams of unknown kind, begun before the tap saw them, off the SQL ports
    kResults,   ///< and what servers answer after the login
    kRequests,  ///< and what clients ask after the login, where the owner's policy allows them
};
inline constexpr std::uint8_t kLoadMax = static_cast<std::uint8_t>(Load::kRequests);

/// What was left out; in EVE and metrics by its name.
enum class Shed : std::uint8_t { kStreams, kResults, kRequests };
inline constexpr std::size_t kShedCount = 3;
std::string_view name(Shed shed) noexcept;

/// Of one conversation, a bit for each Shed.
class Degraded {
  public:
    Degraded() = default;
    explicit Degraded(std::uint8_t bits) noexcept : bits_(bits) {}

    /// True when it was not known yet.
    bool add(Shed shed) noexcept {
        const std::uint8_t before = bits_;
        bits_ = static_cast<std::uint8_t>(bits_ | 1u << static_cast<unsigned>(shed));
        return bits_ != before;
    }
    bool has(Shed shed) const noexcept { return (bits_ >> static_cast<unsigned>(shed) & 1) != 0; }
    bool any() const noexcept { return bits_ != 0; }
    std::uint8_t bits() const noexcept { return bits_; }

  private:
    std::uint8_t bits_ = 0;
};

}  // namespace querytap::pipeline
