#include <algorithm>
#include <array>
#include <cstring>

#include <querytap/flow/key.h>

#include "key_hash.h"

namespace querytap::flow {

namespace {

/// Of VLANs alone, or of a VNI alone, no two networks have the same number.
std::uint32_t network_of(const packet::Envelope& envelope, KeyOptions options) noexcept {
    constexpr std::uint32_t kOdd = 0x9e3779b1;  // multiplying with it loses nothing
    std::uint32_t network = 0;
    if (options.vlan) network = (envelope.vlans[0] | envelope.vlans[1] * 0x1000u) * kOdd;
    if (options.vni) network ^= envelope.outer.id;
    return network;
}

/// The same order as Endpoint's own, without a call for two times sixteen bytes.
bool is_before(const Endpoint& a, const Endpoint& b) noexcept {
    for (const std::size_t half : {0u, 8u}) {
        std::uint64_t word_a = 0;
        std::uint64_t word_b = 0;
        std::memcpy(&word_a, a.address.bytes().data() + half, sizeof(word_a));
        std::memcpy(&word_b, b.address.bytes().data() + half, sizeof(word_b));
        if (word_a != word_b) return __builtin_bswap64(word_a) < __builtin_bswap64(word_b);
    }
    return a.port < b.port;
}

}  // namespace

Lookup lookup_of(const packet::PacketView& packet, KeyOptions options) noexcept {
    const std::uint32_t network =
        options.vlan || options.vni ? network_of(packet.envelope, options) : 0;
    const Endpoint source{packet.source, packet.source_port};
    const Endpoint destination{packet.destination, packet.destination_port};
    if (is_before(destination, source)) {
        return {.key = {destination, source, packet.protocol, network}, .side = Side::kFromB};
    }
    return {.key = {source, destination, packet.protocol, network}, .side = Side::kFromA};
}

std::uint64_t hash(const Key& key, std::uint64_t secret) noexcept {
    return hash_of(key, secret);
}

}  // namespace querytap::flow
