// What happens when there is no room: the least valuable flow of the neighbourhood goes.
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "packets.h"

namespace querytap::flow {
namespace {

using namespace test;

TEST(Capacity, IsRoundedUpToAPowerOfTwo) {
    EXPECT_EQ(Watched(1000).table->capacity(), 1024u);
    EXPECT_EQ(Watched(1000).table->counters().capacity.read(), 1024u);
    EXPECT_EQ(Watched(1024).table->capacity(), 1024u);
    EXPECT_GE(Watched(0).table->capacity(), 1u);
}

TEST(Capacity, AsManyFlowsAsPromisedStandTogether) {
    // With two buckets to choose from nothing is evicted before the table is full.
    Watched table(8192);
    for (std::uint32_t n = 0; n < 8192; ++n)
        table.see(udp(n), at(0));
    EXPECT_EQ(table.table->counters().active.read(), 8192u);
    EXPECT_TRUE(table.ends.empty());
    std::set<const Flow*> flows;
    for (std::uint32_t n = 0; n < 8192; ++n) {
        flows.insert(&table.see(udp(n, true), at(1)));
        EXPECT_FALSE(table.created);
    }
    EXPECT_EQ(flows.size(), 8192u);
}

TEST(Capacity, AFullTableEvictsOneForOne) {
    Watched table(256);
    for (std::uint32_t n = 0; n < 256 + 1000; ++n) {
        table.see(udp(n), at(n * 0.001));
        EXPECT_TRUE(table.created);
    }
    EXPECT_EQ(table.ends.size(), 1000u);
    EXPECT_EQ(table.table->counters().active.read(), 256u);
    EXPECT_EQ(table.table->counters().ended_evicted.read(), 1000u);
    EXPECT_EQ(table.ends[0].reason, EndReason::kEvicted);
    EXPECT_EQ(table.ends[0].when, at(0.256)) << "the time of the packet that needed the place";
}

TEST(Capacity, TheSmallestTableWorks) {
    Watched table(1);
    for (std::uint32_t n = 0; n < 500; ++n)
        table.see(udp(n), at(n * 0.01));
    EXPECT_EQ(table.table->counters().active.read(), table.table->capacity());
    table.table->end_all(at(6));
    EXPECT_EQ(table.ends.size(), 500u);
}

// With the smallest table all flows are neighbours, so the order of eviction can be foretold.
TEST(Eviction, TakesTheLeastValuableFirst) {
    Watched table(8);
    const Value values[] = {Value::kSql,       Value::kUndecided, Value::kHalfOpen,
                            Value::kSql,       Value::kHalfOpen,  Value::kUninteresting,
                            Value::kUndecided, Value::kSql};
    std::uint64_t ids[8];
    for (std::uint32_t n = 0; n < 8; ++n) {
        Flow& flow = table.see(data(n), at(n * 0.1));
        flow.value = values[n];
        ids[n] = table.id(flow);
    }
    // Newcomers are kept as SQL, so that they are not the next to go.
    for (std::uint32_t n = 100; n < 105; ++n)
        table.see(data(n), at(1)).value = Value::kSql;
    ASSERT_EQ(table.ends.size(), 5u);
    const std::size_t expected[] = {2, 4, 5, 1, 6};  // value first, then the longest idle
    for (std::size_t i = 0; i < 5; ++i)
        EXPECT_EQ(table.ends[i].id, ids[expected[i]]) << i;
}

struct Candidate {
    const char* name;
    std::vector<PacketView> packets;
    Value value;  ///< that its owner gives it
};

// The more a flow is worth, the longer it has been idle, so that nothing but its worth keeps it.
TEST(Eviction, HalfOpenThenWhatHasToldAllThenTheUndecidedThenSessions) {
    const auto from = [](std::uint32_t n, PacketView packet) {
        packet.source = IpAddress::v4(0x0b000000 + n);
        return packet;
    };
    const PacketView reset = tcp({.flags = kRst});
    const Candidate candidates[] = {
        {"TDS", {data(0)}, Value::kSql},
        {"nobody knows yet", {data(1)}, Value::kUndecided},
        {"UDP that was told of", {udp(2)}, Value::kSql},
        {"UDP", {udp(3)}, Value::kUndecided},
        {"closed TDS", {data(4), from(4, reset)}, Value::kSql},
        {"closed before anything was known", {data(5), from(5, reset)}, Value::kUndecided},
        {"HTTP", {data(6)}, Value::kUninteresting},
        {"SYN without an answer", {syn(7)}, Value::kUndecided},
    };
    Watched table(8);
    std::map<std::uint64_t, std::string> names;
    double now = 0;
    for (const Candidate& candidate : candidates) {
        for (const PacketView& packet : candidate.packets) {
            Flow& flow = table.see(packet, at(now));
            flow.value = candidate.value;
            names[table.id(flow)] = candidate.name;
        }
        now += 0.1;
    }
    for (std::uint32_t n = 100; n < 108; ++n)
        table.see(data(n), at(1)).value = Value::kSql;
    std::vector<std::string> gone;
    for (const End& end : table.ends)
        gone.push_back(names[end.id]);
    EXPECT_EQ(gone, (std::vector<std::string>{
                        "SYN without an answer", "UDP that was told of", "UDP", "closed TDS",
                        "closed before anything was known", "HTTP", "nobody knows yet", "TDS"}));
    const TableCounters& counters = table.table->counters();
    EXPECT_EQ(counters.evicted_half_open.read(), 1u);
    EXPECT_EQ(counters.evicted_udp.read(), 2u);
    EXPECT_EQ(counters.evicted_closed.read(), 2u);
    EXPECT_EQ(counters.evicted_uninteresting.read(), 1u);
    EXPECT_EQ(counters.evicted_undecided.read(), 1u);
    EXPECT_EQ(counters.evicted_sql.read(), 1u) << "the closed one had told all";
}

TEST(Eviction, AmongEqualsTheLongestIdleGoes) {
    Watched table(8);
    std::uint64_t ids[8];
    for (std::uint32_t n = 0; n < 8; ++n)
        ids[n] = table.id(table.see(udp(n), at(n * 0.1)));
    table.see(udp(0), at(2));
    table.see(udp(1), at(2));
    table.see(udp(100), at(3));
    table.see(udp(101), at(3));
    ASSERT_EQ(table.ends.size(), 2u);
    EXPECT_EQ(table.ends[0].id, ids[2]);
    EXPECT_EQ(table.ends[1].id, ids[3]);
}

TEST(Eviction, AFloodOfSynsDisplacesItself) {
    Watched table(256);
    for (std::uint16_t n = 0; n < 100; ++n) {
        table.see(tcp({.data = true, .client_port = static_cast<std::uint16_t>(1000 + n)}), at(0));
    }
    for (std::uint32_t n = 0; n < 5000; ++n)
        table.see(syn(n), at(1));
    int kept = 0;
    for (std::uint16_t n = 0; n < 100; ++n) {
        table.see(tcp({.client_port = static_cast<std::uint16_t>(1000 + n)}), at(2));
        if (!table.created) ++kept;
    }
    // A neighbourhood may by chance hold nothing but conversations; nearly all survive.
    EXPECT_GE(kept, 95);
    EXPECT_EQ(table.table->counters().evicted_half_open.read(),
              table.table->counters().ended_evicted.read() - static_cast<unsigned>(100 - kept));
}

TEST(Eviction, AnEvictedFlowIsGoneFromTheWheel) {
    Watched table(8);
    for (std::uint32_t n = 0; n < 100; ++n)
        table.see(udp(n), at(0));
    table.table->advance(at(1000));
    EXPECT_EQ(table.ends.size(), 100u);
    EXPECT_EQ(table.table->counters().ended_evicted.read(), 92u);
    EXPECT_EQ(table.table->counters().ended_timeout.read(), 8u);
    std::set<std::uint64_t> ids;
    for (const End& end : table.ends)
        ids.insert(end.id);
    EXPECT_EQ(ids.size(), 100u) << "each flow ends once";
}

TEST(Eviction, ComesOnlyWhenTheTableIsFull) {
    // Where both places of a key are full, another flow moves to its second place.
    for (std::uint64_t secret = 1; secret <= 200; ++secret) {
        Watched table(64, {}, secret);
        for (std::uint32_t n = 0; n < 64; ++n)
            table.see(udp(n), at(0));
        ASSERT_TRUE(table.ends.empty()) << "secret " << secret;
        for (std::uint32_t n = 0; n < 64; ++n) {
            table.see(udp(n, true), at(1));
            ASSERT_FALSE(table.created) << "secret " << secret;
        }
    }
}

TEST(Eviction, NeverTakesASessionWhileOthersRemain) {
    Watched table(1024);
    for (std::uint32_t n = 0; n < 1000; ++n)
        table.see(data(n), at(0)).value = Value::kSql;
    // Twenty-four places are left, and a flood of them.
    for (std::uint32_t n = 0; n < 20'000; ++n)
        table.see(syn(n), at(1 + n * 1e-6));
    EXPECT_EQ(table.table->counters().evicted_sql.read(), 0u);
    EXPECT_GT(table.table->counters().evicted_half_open.read(), 19'000u);
    for (std::uint32_t n = 0; n < 1000; ++n) {
        table.see(data(n), at(2));
        ASSERT_FALSE(table.created) << n;
    }
}

// Sessions stand side by side where they were made, and the newest flow is one of them: the first
// places that come to hand hold nothing else.
TEST(Eviction, FindsOthersWhereHalfAreSessions) {
    constexpr std::uint32_t kSessions = 2048;
    for (std::uint64_t secret = 1; secret <= 5; ++secret) {
        Watched table(2 * kSessions, {}, secret);
        const auto open = [&](std::uint32_t n) {
            table.see(data(n), at(n * 1e-6)).value = Value::kSql;
        };
        for (std::uint32_t n = 0; n < kSessions; ++n)
            open(n);
        for (std::uint32_t n = 0; n < kSessions; ++n)
            table.see(syn(n), at(1));
        for (std::uint32_t n = 1; n <= kSessions; ++n) {
            PacketView reset = tcp({.flags = kRst});
            reset.source = data(kSessions - n).source;
            table.see(reset, at(1));
            open(kSessions + n);
        }
        EXPECT_EQ(table.table->counters().ended_evicted.read(), kSessions);
        EXPECT_EQ(table.table->counters().evicted_sql.read(), 0u) << "secret " << secret;
    }
}

// Whatever its owner thinks of it: anybody can send datagrams from anywhere.
TEST(Eviction, UdpIsNeverWorthASession) {
    Watched table(1024);
    for (std::uint32_t n = 0; n < 512; ++n)
        table.see(data(n), at(0)).value = Value::kSql;
    for (std::uint32_t n = 10'000; n < 30'000; ++n)
        table.see(udp(n), at(1 + n * 1e-6)).value = Value::kSql;
    EXPECT_EQ(table.table->counters().evicted_sql.read(), 0u);
    for (std::uint32_t n = 0; n < 512; ++n) {
        table.see(data(n), at(2));
        ASSERT_FALSE(table.created) << n;
    }
}

TEST(Eviction, TakesASessionWhenNothingElseIsThereAndSaysSo) {
    Watched table(8);
    for (std::uint32_t n = 0; n < 9; ++n)
        table.see(data(n), at(n)).value = Value::kSql;
    EXPECT_EQ(table.table->counters().evicted_sql.read(), 1u);
    EXPECT_EQ(table.ends.size(), 1u);
}

TEST(Collision, EqualHashesStayDifferentFlows) {
    Watched table(64);
    bool created = false;
    std::set<std::uint64_t> ids;
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t n = 0; n < 10; ++n) {
            const PacketView packet = udp(n);
            const Lookup lookup = lookup_of(packet);
            Flow& flow = table.table->find_or_create(lookup, 42, packet, at(0), created);
            EXPECT_EQ(created, round == 0);
            EXPECT_EQ(table.table->key(flow), lookup.key);
            ids.insert(table.id(flow));
        }
    }
    EXPECT_EQ(ids.size(), 10u);
}

TEST(Collision, EqualHashesOfIpv6StayDifferentFlows) {
    Watched table(64);
    bool created = false;
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t n = 0; n < 10; ++n) {
            std::array<std::uint8_t, 16> bytes{0x20, 1, 0xd, 0xb8};
            PacketView packet = udp(1);
            packet.destination = IpAddress::v6(bytes);
            bytes[15] = static_cast<std::uint8_t>(n + 1);
            packet.source = IpAddress::v6(bytes);
            const Lookup lookup = lookup_of(packet);
            const Flow& flow = table.table->find_or_create(lookup, 42, packet, at(0), created);
            EXPECT_EQ(created, round == 0);
            EXPECT_EQ(table.table->key(flow), lookup.key);
        }
    }
}

TEST(Collision, EveryByteOfAnIpv6AddressCounts) {
    std::array<std::uint8_t, 16> lower{0x20, 1, 0xd, 0xb8};
    std::array<std::uint8_t, 16> higher{0x30, 1, 0xd, 0xb8};
    for (std::array<std::uint8_t, 16>* changed : {&lower, &higher}) {
        for (std::uint8_t& byte : *changed) {
            Watched table(64);
            for (int round = 0; round < 2; ++round) {
                PacketView packet = udp(1);
                packet.source = IpAddress::v6(lower);
                packet.destination = IpAddress::v6(higher);
                const Lookup lookup = lookup_of(packet);
                bool created = false;
                const Flow& flow = table.table->find_or_create(lookup, 42, packet, at(0), created);
                EXPECT_TRUE(created) << &byte - changed->data();
                EXPECT_EQ(table.table->key(flow), lookup.key);
                byte ^= 1;
            }
        }
    }
}

TEST(Attachment, IsStillThereWhenTheFlowEnds) {
    std::uint32_t seen = 0;
    Table table(64, {}, 1, [&seen](Flow& flow, EndReason, Timestamp) { seen = flow.attachment; });
    const PacketView packet = udp(1);
    const Lookup lookup = lookup_of(packet);
    bool created = false;
    table.find_or_create(lookup, table.hash(lookup.key), packet, at(0), created).attachment = 77;
    table.end_all(at(1));
    EXPECT_EQ(seen, 77u);
}

}  // namespace
}  // namespace querytap::flow
