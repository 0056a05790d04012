// An IPv4 or IPv6 address in one form: 16 bytes in network order, IPv4 mapped as ::ffff:a.b.c.d
// (RFC 4291 section 2.5.5.2), so that keys, prefixes and hashes need no case for each family.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
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
    /// In host order; only of an IPv4 address.
    std::uint32_t v4_number() const noexcept {
        return std::uint32_t{bytes_[12]} << 24 | std::uint32_t{bytes_[13]} << 16 |
               std::uint32_t{bytes_[14]} << 8 | bytes_[15];
    }
    const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
    /// The 4 or 16 bytes as they stand in the packet (Community ID, pcap filters).
    Bytes wire() const noexcept;
    std::string to_string() const;

    auto operator<=>(const IpAddress&) const noexcept = default;

  private:
    static constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0,    0,
                                                            0, 0, 0, 0, 0xff, 0xff};

    std::array<std::uint8_t, 16> bytes_{};
};

// Inline: one pair of addresses is made for every packet.

inline IpAddress IpAddress::v4(Bytes four_bytes) noexcept {
    assert(four_bytes.size() == 4);
    IpAddress address;
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.bytes_.begin());
    std::copy_n(four_bytes.begin(), 4, address.bytes_.begin() + 12);
    return address;
}

inline IpAddress IpAddress::v6(Bytes sixteen_bytes) noexcept {
    assert(sixteen_bytes.size() == 16);
    IpAddress address;
    std::copy_n(sixteen_bytes.begin(), 16, address.bytes_.begin());
    return address;
}

inline bool IpAddress::is_v4() const noexcept {
    return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes_.begin());
}

}  // namespace querytap
