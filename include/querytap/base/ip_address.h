// An IPv4 or IPv6 address in one form: 16 bytes in network order, IPv4 mapped as ::ffff:a.b.c.d
// (RFC 4291 section 2.5.5.2), so that keys, prefixes and hashes need no case for each family.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include <querytap/base/bytes.h>
#include <querytap/base/result.h>

namespace querytap {

class IpAddress {
  public:
    IpAddress() = default;  ///< "::"

    static IpAddress v4(std::uint32_t host_order) noexcept;
    static IpAddress v4(Bytes four_bytes) noexcept;     ///< exactly 4 bytes, network order
    static IpAddress v6(Bytes sixteen_bytes) noexcept;  ///< exactly 16 bytes, network order
    static Result<IpAddress> parse(std::string_view text);

    bool is_v4() const noexcept;
    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    /// The 4 or 16 bytes as they stand in the packet (Community ID, pcap filters).
    Bytes wire() const noexcept;
    std::string to_string() const;

    auto operator<=>(const IpAddress&) const noexcept = default;

  private:
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace querytap
