// After construction the table takes no memory, whatever happens to it.

#include <gtest/gtest.h>

#include "../base/counting_new.h"
#include "packets.h"

namespace querytap::flow {
namespace {

using namespace test;

TEST(TableMemory, IsTakenAtStart) {
    std::size_t ended = 0;
    Table table(1024, {}, 3, [&ended](Flow&, EndReason, Timestamp) { ++ended; });
    const std::size_t before = querytap::test::allocations();
    bool created = false;
    for (std::uint32_t n = 0; n < 50'000; ++n) {
        const Timestamp now = at(n * 0.005);
        const PacketView packet =
            n % 2 == 0 ? udp(n % 3000)
                       : tcp({.flags = n % 7 == 0 ? std::uint8_t{kSyn} : std::uint8_t{kAck},
                              .sequence = n,
                              .client_port = static_cast<std::uint16_t>(10000 + n % 500)});
        table.advance(now);
        const Lookup lookup = lookup_of(packet);
        const std::uint64_t hash = table.hash(lookup.key);
        table.prefetch(hash);
        Flow& flow = table.find_or_create(lookup, hash, packet, now, created);
        table.account(flow, lookup.side, packet, now);
    }
    table.advance(at(1e6));
    table.end_all(at(1e6));
    EXPECT_EQ(querytap::test::allocations(), before);
    EXPECT_GT(ended, 1000u);
    EXPECT_EQ(table.counters().active.read(), 0u);
}

}  // namespace
}  // namespace querytap::flow
