// After construction the reassembler takes no memory, whatever it is given.
#include <array>

#include <gtest/gtest.h>

#include <querytap/packet/decode.h>
#include <querytap/stream/reassembler.h>

#include "../base/counting_new.h"

namespace querytap::stream {
namespace {

class Counting final : public Consumer {
  public:
    void on_stream(Bytes bytes) override { delivered += bytes.size(); }
    void on_gap(std::uint32_t size) override { lost += size; }
    void on_conflicting_overlap() override { ++conflicts; }
    void on_late_bytes() override {}
    std::uint64_t delivered = 0;
    std::uint64_t lost = 0;
    std::uint64_t conflicts = 0;
};

TEST(ReassemblerMemory, IsTakenAtStart) {
    Reassembler reassembler({.pool_blocks = 128});
    Counting consumer;
    std::array<Half, 16> halves{};
    std::array<std::uint8_t, 4000> bytes{};
    const std::size_t before = querytap::test::allocations();
    std::uint32_t random = 1;
    for (std::uint32_t n = 0; n < 100'000; ++n) {
        random = random * 1664525u + 1013904223u;
        const Segment segment{.sequence = (random >> 8) % 500'000,
                              .flags = packet::kAck,
                              .payload = Bytes{bytes}.first((random >> 4) % bytes.size())};
        reassembler.push(halves[n % halves.size()], segment, from_ns(n * 10'000'000ll), consumer);
    }
    for (Half& half : halves)
        reassembler.flush(half, consumer);
    EXPECT_EQ(querytap::test::allocations(), before);
    EXPECT_GT(consumer.delivered, 0u);
    EXPECT_EQ(reassembler.counters().blocks_in_use.read(), 0u);
}

}  // namespace
}  // namespace querytap::stream
