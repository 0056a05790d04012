// What tunnels carry in the tests of tunnels.
#pragma once

#include <cctype>
#include <string>

#include "frame_builder.h"

namespace querytap::packet::test {

inline constexpr std::uint16_t kIpv4Type = 0x0800;
inline constexpr std::uint16_t kIpv6Type = 0x86dd;
inline constexpr std::uint16_t kMplsType = 0x8847;
inline constexpr std::uint16_t kPppoeType = 0x8864;
inline constexpr std::uint8_t kGre = 47;

inline const Frame kPayload = text("payload");
inline const Frame kTcp4 = ipv4({}, tcp(kPayload));
inline const Frame kTcp6 = ipv6(6, tcp(kPayload));
inline const Frame kInner = ethernet(kIpv4Type, kTcp4);
inline const Frame kTaggedInner = ethernet(0x8100, vlan(33, kIpv4Type, kTcp4));

/// In a network of its own: 192.1.2.3 to 192.9.8.7.
inline Frame outer4(std::uint8_t protocol, const Frame& rest) {
    return ethernet(kIpv4Type, ipv4({.protocol = protocol, .network = 192}, rest));
}
inline Frame in_gre(std::uint16_t flags, std::uint16_t protocol, const Frame& fields,
                    const Frame& rest) {
    return outer4(kGre, gre(flags, protocol, fields, rest));
}
inline Frame in_udp(std::uint16_t port, const Frame& rest) {
    return outer4(17, udp_to(port, rest));
}

/// Of a case, as GoogleTest wants it.
inline std::string test_name(const char* text) {
    std::string name = text;
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
}

}  // namespace querytap::packet::test
