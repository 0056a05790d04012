// What a flow is, as the workers see it, and whose it is.
#pragma once

#include <cstddef>
#include <cstdint>

#include <querytap/flow/key.h>
#include <querytap/packet/decode.h>

namespace querytap::dataplane {

struct FlowHash {
    std::uint64_t secret = 0;
    packet::Options decode;
    flow::KeyOptions key;

    /// One of `lanes`, by the pair of addresses: a fragment does not say its ports, and must meet
    /// the rest of its flow.
    std::size_t lane_of(const packet::PacketView& packet, std::size_t lanes) const noexcept {
        flow::Key addresses = flow::lookup_of(packet, key).key;
        addresses.a.port = addresses.b.port = 0;
        addresses.protocol = packet::IpProtocol::kTcp;
        // The high half: the flow tables use the low bits of the same hash.
        return static_cast<std::size_t>(((flow::hash(addresses, secret) >> 32) * lanes) >> 32);
    }
};

}  // namespace querytap::dataplane
