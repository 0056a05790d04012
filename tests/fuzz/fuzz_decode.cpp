// Any bytes as a frame: the decoder must stay within them, and what it says must agree with itself.
// And any bytes as frames, each behind its size in two bytes: what the table of fragments makes of
// them must lie within a datagram.
#include <cstdint>
#include <cstdlib>

#include <querytap/base/reader.h>
#include <querytap/flow/key.h>
#include <querytap/packet/decode.h>
#include <querytap/packet/defragmenter.h>
#include <querytap/protocol/identify.h>

#include "sized_piece.h"

namespace {

using namespace querytap;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_lookup(packet::PacketView packet) {
    const flow::KeyOptions options{.vlan = true, .vni = true};
    const flow::Lookup there = flow::lookup_of(packet, options);
    std::swap(packet.source, packet.destination);
    std::swap(packet.source_port, packet.destination_port);
    const flow::Lookup back = flow::lookup_of(packet, options);
    require(there.key == back.key);
    require(!(there.key.b < there.key.a));
}

/// Whose datagram a first fragment says it is: no more than its own bytes.
void check_beginning(Bytes frame, const packet::Fragment& fragment) {
    packet::PacketView packet;
    if (packet::decode_beginning(fragment, packet) != packet::Decoded::kOk) {
        require(packet.payload.empty());
        return;
    }
    require(packet.payload.empty() ||
            (packet.payload.data() >= frame.data() &&
             packet.payload.data() + packet.payload.size() <= frame.data() + frame.size()));
    check_lookup(packet);
}

void check_frame(Bytes frame) {
    packet::PacketView packet;
    const packet::Decoded decoded = packet::decode(frame, packet);
    require(packet.wire_size == frame.size());
    require(!packet::name(decoded).empty());
    require(packet.envelope.outer.depth <= packet::kHeadersMax);
    require((packet.envelope.outer.kind == packet::Encapsulation::kNone) ==
            (packet.envelope.outer.depth == 0));
    packet::Fragment fragment;
    const packet::Decoded again = packet::decode_fragment(frame, fragment);
    // Only of a fragment more is asked: that it is whole.
    require(again == decoded || decoded == packet::Decoded::kFragment);
    if (again == packet::Decoded::kFragment) check_beginning(frame, fragment);
    if (decoded != packet::Decoded::kOk) {
        require(packet.payload.empty());
        return;
    }
    if (!packet.payload.empty()) {
        require(packet.payload.data() >= frame.data());
        require(packet.payload.data() + packet.payload.size() <= frame.data() + frame.size());
    }
    check_lookup(packet);
    for (const bool midstream : {false, true}) {
        const protocol::Protocol app = protocol::identify(packet.payload, midstream);
        require(app != protocol::Protocol::kUndecided ||
                packet.payload.size() < protocol::kDecisionBytes);
    }
}

void check_fragments(Bytes input) {
    packet::Defragmenter defragmenter({.datagrams = 8}, 1, packet::kDefaultOptions);
    Reader frames(input);
    for (std::int64_t second = 0; frames.remaining() > 2; ++second) {
        const Bytes frame = fuzz::sized_piece(frames);
        packet::PacketView packet;
        if (packet::decode(frame, packet) != packet::Decoded::kFragment) continue;
        const Timestamp now = from_ns(second * 1'000'000'000);
        defragmenter.advance(now);
        const auto [decoded, overlap] = defragmenter.push(frame, now, packet);
        require(!overlap || decoded == packet::Decoded::kFragment);
        if (overlap) require(packet.payload.empty());
        if (decoded != packet::Decoded::kOk) continue;
        require(packet.payload.size() < 65536);
        check_lookup(packet);
        std::uint8_t sum = 0;
        for (const std::uint8_t byte : packet.payload)
            sum = static_cast<std::uint8_t>(sum + byte);
        asm volatile("" : : "r"(sum));  // each byte was read
    }
    const packet::FragmentCounters& counters = defragmenter.counters();
    require(counters.datagrams.read() <= counters.fragments.read());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_frame({data, size});
    check_fragments({data, size});
    return 0;
}
