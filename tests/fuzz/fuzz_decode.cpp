// Any bytes as a frame: the decoder must stay within them, and what it says must agree with itself.
#include <cstdint>
#include <cstdlib>

#include <querytap/flow/key.h>
#include <querytap/packet/decode.h>
#include <querytap/protocol/identify.h>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace querytap;
    const Bytes frame{data, size};
    packet::PacketView packet;
    const packet::Decoded decoded = packet::decode(frame, packet);
    require(packet.wire_size == size);
    require(!packet::name(decoded).empty());
    if (decoded != packet::Decoded::kOk) {
        require(packet.payload.empty());
        return 0;
    }
    if (!packet.payload.empty()) {
        require(packet.payload.data() >= frame.data());
        require(packet.payload.data() + packet.payload.size() <= frame.data() + frame.size());
    }
    require(packet.source.is_v4() == packet.destination.is_v4() || frame[12] != 0x08);

    const flow::Lookup there = flow::lookup_of(packet);
    std::swap(packet.source, packet.destination);
    std::swap(packet.source_port, packet.destination_port);
    const flow::Lookup back = flow::lookup_of(packet);
    require(there.key == back.key);
    require(!(there.key.b < there.key.a));

    for (const bool midstream : {false, true}) {
        const protocol::Protocol app = protocol::identify(packet.payload, midstream);
        require(app != protocol::Protocol::kUndecided ||
                packet.payload.size() < protocol::kDecisionBytes);
    }
    return 0;
}
