// Any order of segments of two streams over one small pool. Each byte's content follows from its
// place, so what is delivered can be checked against where the reassembler says it stands.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include <querytap/base/reader.h>
#include <querytap/packet/decode.h>
#include <querytap/stream/reassembler.h>

namespace {

using namespace querytap;

constexpr std::size_t kSegmentMax = 5000;

void require(bool holds) {
    if (!holds) std::abort();
}

std::uint8_t content_at(std::uint32_t sequence) {
    return static_cast<std::uint8_t>((sequence * 2654435761u) >> 24);
}

class Checker final : public stream::Consumer {
  public:
    void on_stream(Bytes bytes) override {
        require(!bytes.empty());
        if (!known) return;
        for (const std::uint8_t byte : bytes)
            require(byte == content_at(position++));
    }
    void on_gap(std::uint32_t size) override {
        position += size;
        known = known && size != 0;
    }
    void on_conflicting_overlap() override { require(false); }
    void on_late_bytes() override {}

    std::uint32_t position = 0;
    bool known = false;
};

struct Side {
    stream::Half half;
    Checker checker;
    std::uint32_t start = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const stream::Limits limits{.pool_blocks = 12, .held_bytes_max = 16 * 1024};
    stream::Reassembler reassembler(limits);
    std::array<Side, 2> sides;
    std::array<std::uint8_t, kSegmentMax> segment;
    Reader reader(Bytes{data, size});
    for (Side& side : sides)
        side.start = reader.u32le();
    std::int64_t now_ns = 0;

    while (reader.remaining() >= 7) {
        const std::uint8_t kind = reader.u8();
        const std::uint16_t offset = reader.u16le();
        const std::size_t length = reader.u16le() % kSegmentMax;
        // Mostly with ACK: without it few bytes are data.
        const unsigned ack = (kind & 0x20) == 0 ? unsigned{packet::kAck} : 0;
        const auto flags = static_cast<std::uint8_t>((reader.u8() & 0x1fu) | ack);
        now_ns += reader.u8() * std::int64_t{20'000'000};
        Side& side = sides[kind & 1];
        // Mostly near each other, sometimes anywhere.
        const std::uint32_t sequence =
            side.start + (kind & 0x80 ? offset * 65536u : std::uint32_t{offset});
        const bool syn = (flags & packet::kSyn) != 0;
        for (std::size_t i = 0; i < length; ++i) {
            segment[i] = content_at(sequence + (syn ? 1 : 0) + static_cast<std::uint32_t>(i));
        }
        if ((kind & 0x40) != 0) {
            const std::uint32_t window =
                length == 0 ? stream::kWindowUnknown : static_cast<std::uint32_t>(length) * 64;
            reassembler.acknowledge(side.half, side.start + offset, window);
            continue;
        }
        if (!side.half.started) {
            // What the first accepted segment will make the start.
            side.checker.position = sequence + (syn ? 1 : 0);
            side.checker.known = true;
        }
        reassembler.push(side.half, {sequence, flags, Bytes{segment}.first(length)},
                         from_ns(now_ns), side.checker);
        reassembler.check_hole(sides[(kind & 1) ^ 1].half, from_ns(now_ns),
                               sides[(kind & 1) ^ 1].checker);
        if (!side.checker.known && side.half.started) {  // taken up at a place of its own choice
            side.checker.position = side.half.next_sequence;
            side.checker.known = true;
        }
        for (const Side& each : sides) {
            require(each.half.held_bytes <= limits.held_bytes_max);
            if (each.half.started) require(each.checker.position == each.half.next_sequence);
        }
    }
    for (Side& side : sides)
        reassembler.flush(side.half, side.checker);
    require(reassembler.counters().blocks_in_use.read() == 0);
    return 0;
}
