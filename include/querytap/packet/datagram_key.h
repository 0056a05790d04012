// Which IP datagram a fragment is of (RFC 791 section 3.2, RFC 8200 section 4.5), also where
// several networks or tunnels number theirs alike.
#pragma once

#include <cstdint>

#include <querytap/packet/decode.h>

namespace querytap::packet {

/// Hashed as its bytes.
struct DatagramKey {
    IpAddress source;
    IpAddress destination;
    std::uint32_t id;
    std::uint32_t tunnel_id;
    Vlans vlans;
    Encapsulation tunnel;
    std::uint8_t protocol;  // of IPv4; 0 for IPv6, whose fragments may differ in it
    bool operator==(const DatagramKey&) const noexcept = default;
};
static_assert(sizeof(DatagramKey) == 48, "padding would be hashed");

inline DatagramKey key_of(const Fragment& part) noexcept {
    const Outer& outer = part.around.envelope.outer;
    return {.source = part.around.source,
            .destination = part.around.destination,
            .id = part.id,
            .tunnel_id = outer.id,
            .vlans = part.around.envelope.vlans,
            .tunnel = outer.kind,
            .protocol = part.ipv6 ? std::uint8_t{0} : part.protocol};
}

}  // namespace querytap::packet
