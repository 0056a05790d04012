// Which conversation a packet belongs to. Both directions have the same key: the lower endpoint
// (address, then port) is `a`. Where networks use the same addresses side by side, VLAN or tunnel
// may be told to count too.
#pragma once

#include <cstdint>
#include <string>

#include <querytap/base/ip_address.h>
#include <querytap/packet/decode.h>

namespace querytap::flow {

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    auto operator<=>(const Endpoint&) const noexcept = default;
};

struct Key {
    Endpoint a;
    Endpoint b;
    packet::IpProtocol protocol = packet::IpProtocol::kTcp;
    std::uint32_t network = 0;  ///< made of VLANs and VNI where they count, else 0
    bool operator==(const Key&) const noexcept = default;
};

/// Which way a packet goes, seen from the canonical key.
enum class Side : std::uint8_t { kFromA, kFromB };

inline Side other(Side side) noexcept {
    return side == Side::kFromA ? Side::kFromB : Side::kFromA;
}

/// What belongs to the key beside addresses, ports and protocol.
struct KeyOptions {
    bool vlan = false;
    bool vni = false;
};

struct Lookup {
    Key key;
    Side side = Side::kFromA;
};
Lookup lookup_of(const packet::PacketView& packet, KeyOptions options = {}) noexcept;

/// Keyed with a secret of this run, so that an attacker cannot choose the bucket.
std::uint64_t hash(const Key& key, std::uint64_t secret) noexcept;

/// Community ID v1, seed 0: "1:" + base64(SHA-1(...)). Allocates; for exporters, not the packet
/// path.
std::string community_id(const Key& key);

}  // namespace querytap::flow
