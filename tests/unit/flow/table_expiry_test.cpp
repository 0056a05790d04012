// Deadlines: when a flow ends, in which order, and that time may pass in any steps.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "packets.h"

namespace querytap::flow {
namespace {

using namespace test;
using std::chrono::seconds;

TEST(Expiry, DeadlineIsTheTimeoutRoundedUpToAWholeSecond) {
    Watched table;
    const std::uint64_t id = table.id(table.see(udp(1), at(0.25)));
    table.table->advance(at(30.999));
    EXPECT_TRUE(table.ends.empty());
    table.table->advance(at(31));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0], (End{id, EndReason::kTimeout, at(31)}));
    EXPECT_EQ(table.table->counters().active.read(), 0u);
    EXPECT_EQ(table.table->counters().ended_timeout.read(), 1u);
}

TEST(Expiry, WholeSecondsAreNotRoundedFurther) {
    Watched table;
    table.see(udp(1), at(2));
    table.table->advance(at(31.5));
    EXPECT_TRUE(table.ends.empty());
    table.table->advance(at(32));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0].when, at(32));
}

struct TimeoutCase {
    const char* name;
    std::vector<TcpPacket> packets;
    double deadline;
    EndReason reason;
};

TEST(Expiry, EachStateHasItsTimeout) {
    const Timeouts timeouts{.half_open = seconds(10),
                            .established = seconds(100),
                            .closing = seconds(5),
                            .closed = seconds(3),
                            .udp = seconds(7)};
    const TcpPacket syn{.flags = kSyn, .sequence = 9};
    const TcpPacket syn_ack{.from_client = false, .flags = kSyn | kAck, .sequence = 8};
    const TcpPacket fin{.flags = kFin | kAck};
    const TcpPacket server_fin{.from_client = false, .flags = kFin | kAck};
    const TcpPacket rst{.flags = kRst};
    const TimeoutCase cases[] = {
        {"new", {syn}, 10, EndReason::kTimeout},
        {"established", {syn, syn_ack, {}}, 100, EndReason::kTimeout},
        {"closing", {syn, syn_ack, {}, fin}, 5, EndReason::kTimeout},
        {"closed by fin", {syn, syn_ack, {}, fin, server_fin}, 3, EndReason::kClosed},
        {"closed by rst", {syn, syn_ack, {}, rst}, 3, EndReason::kClosed},
    };
    for (const TimeoutCase& given : cases) {
        Watched table(64, timeouts);
        for (const TcpPacket& packet : given.packets)
            table.see(tcp(packet), at(0));
        table.table->advance(at(given.deadline - 0.001));
        EXPECT_TRUE(table.ends.empty()) << given.name;
        table.table->advance(at(given.deadline));
        ASSERT_EQ(table.ends.size(), 1u) << given.name;
        EXPECT_EQ(table.ends[0].reason, given.reason) << given.name;
        EXPECT_EQ(table.ends[0].when, at(given.deadline)) << given.name;
    }
}

TEST(Expiry, PacketsPutItOff) {
    Watched table;
    for (int second = 0; second < 200; second += 20)
        table.see(udp(1), at(second));
    EXPECT_TRUE(table.ends.empty());
    EXPECT_EQ(table.table->counters().created.read(), 1u);
    table.table->advance(at(1000));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0].when, at(210)) << "the last packet was at 180";
}

TEST(Expiry, PacketAtTheDeadlineBeginsANewFlow) {
    Watched table;
    const std::uint64_t id = table.id(table.see(udp(1), at(0)));
    EXPECT_NE(table.id(table.see(udp(1), at(30))), id);
    EXPECT_EQ(table.ends.size(), 1u);
}

/// Where a flow stood when the burst began, and what came in between.
struct Found {
    std::uint32_t place = 0;
    bool created = false;
    std::uint64_t id = 0;
};
Found find_late(Watched& table, const PacketView& packet, std::uint32_t place, Timestamp now) {
    const Lookup lookup = lookup_of(packet);
    Found found{.place = place};
    const Flow& flow = table.table->find_or_create(lookup, table.table->hash(lookup.key), packet,
                                                   now, found.created, place);
    found.id = table.id(flow);
    return found;
}

TEST(Expiry, APlaceThatWasToldBeforeItsFlowEndedIsNotBelieved) {
    Watched table;
    const PacketView packet = udp(1);
    const std::uint64_t id = table.id(table.see(packet, at(0)));
    const std::uint32_t place =
        table.table->prefetch_flow(table.table->hash(lookup_of(packet).key));
    ASSERT_NE(place, Table::kNoPlace);
    table.table->advance(at(30));
    ASSERT_EQ(table.ends.size(), 1u);

    const Found again = find_late(table, packet, place, at(31));
    EXPECT_TRUE(again.created) << "the flow that stood there has ended";
    EXPECT_NE(again.id, id);
    EXPECT_EQ(table.table->counters().active.read(), 1u);
}

TEST(Expiry, APlaceOfAnotherFlowIsNotBelieved) {
    Watched table;
    const std::uint64_t first = table.id(table.see(udp(1), at(0)));
    const std::uint64_t second = table.id(table.see(udp(2), at(0)));
    const std::uint32_t place =
        table.table->prefetch_flow(table.table->hash(lookup_of(udp(1)).key));

    const Found found = find_late(table, udp(2), place, at(1));
    EXPECT_FALSE(found.created);
    EXPECT_EQ(found.id, second);
    EXPECT_NE(found.id, first);
    EXPECT_TRUE(find_late(table, udp(3), place, at(1)).created);
}

TEST(Expiry, FindEndsWhatAdvanceWasNotAskedToEnd) {
    Watched table;
    const PacketView packet = udp(1);
    const std::uint64_t id = table.id(table.see(packet, at(0)));
    const Lookup lookup = lookup_of(packet);
    bool created = false;
    const Flow& flow =
        table.table->find_or_create(lookup, table.table->hash(lookup.key), packet, at(50), created);
    EXPECT_TRUE(created);
    EXPECT_NE(table.id(flow), id);
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0], (End{id, EndReason::kTimeout, at(30)}));
}

TEST(Expiry, ShorterTimeoutAfterALongerOneIsKept) {
    // Established for an hour, then closed: five seconds, not what is left of the hour.
    Watched table;
    table.handshake(at(0));
    table.table->advance(at(100));  // past the half-open tick: armed for the hour
    table.see(tcp({.flags = kRst}), at(200));
    table.table->advance(at(205));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0].when, at(205));
}

TEST(Expiry, TimeoutsLongerThanTheWheel) {
    Watched table(64, {.udp = std::chrono::hours(100)});
    table.see(udp(1), at(0));
    for (int hour = 1; hour < 100; ++hour)
        table.table->advance(at(hour * 3600.0));
    EXPECT_TRUE(table.ends.empty());
    table.table->advance(at(100 * 3600.0));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0].when, at(360000));
}

TEST(Expiry, NoTimeoutAtAllEndsInTheNextSecond) {
    Watched table(64, {.udp = seconds(0)});
    table.see(udp(1), at(0.5));
    table.table->advance(at(1));
    ASSERT_EQ(table.ends.size(), 1u);
    EXPECT_EQ(table.ends[0].when, at(1));
}

TEST(Expiry, AJumpOfYearsEndsAllInOrderOfDeadline) {
    Watched table;
    for (std::uint32_t n = 0; n < 100; ++n) {
        table.see(udp(n), at(n * 0.29));
    }
    table.table->advance(at(20.0 * 365 * 86400));
    ASSERT_EQ(table.ends.size(), 100u);
    EXPECT_TRUE(
        std::is_sorted(table.ends.begin(), table.ends.end(), [](const End& a, const End& b) {
            return std::pair(a.when, a.id) < std::pair(b.when, b.id);
        }));
    EXPECT_LT(table.ends.back().when, at(100)) << "deadlines, not the time of the jump";
    // The wheel works on from there.
    const double later = 20.0 * 365 * 86400;
    table.see(udp(7), at(later));
    table.table->advance(at(later + 30));
    EXPECT_EQ(table.ends.size(), 101u);
    EXPECT_EQ(table.ends.back().when, at(later + 30));
}

TEST(Expiry, AJumpKeepsWhatIsNotDue) {
    Watched table(64, {.established = std::chrono::hours(10)});
    table.handshake(at(0));
    table.see(udp(1), at(0));
    table.table->advance(at(2 * 3600.0));  // more than the wheel holds
    ASSERT_EQ(table.ends.size(), 1u);
    table.table->advance(at(10 * 3600.0 - 1));
    EXPECT_EQ(table.ends.size(), 1u);
    table.table->advance(at(10 * 3600.0));
    ASSERT_EQ(table.ends.size(), 2u);
    EXPECT_EQ(table.ends[1].when, at(36000));
}

TEST(Expiry, TimesAtTheEndsOfWhatCanBeWritten) {
    Watched table;
    table.see(udp(1), Timestamp::min());
    table.see(udp(2), from_ns(-1));
    EXPECT_EQ(table.ends.size(), 1u);
    table.see(udp(3), Timestamp::max());
    EXPECT_EQ(table.ends.size(), 2u);
    table.table->end_all(Timestamp::max());
    EXPECT_EQ(table.ends.size(), 3u);
}

TEST(Expiry, ShutdownEndsAllInOrderOfTheirFirstPackets) {
    Watched table;
    std::vector<std::uint64_t> ids;
    for (std::uint32_t n = 0; n < 50; ++n)
        ids.push_back(table.id(table.see(udp(n), at(n * 0.1))));
    table.table->end_all(at(6));
    ASSERT_EQ(table.ends.size(), 50u);
    for (std::size_t n = 0; n < 50; ++n) {
        EXPECT_EQ(table.ends[n], (End{ids[n], EndReason::kShutdown, at(6)}));
    }
    EXPECT_EQ(table.table->counters().ended_shutdown.read(), 50u);
    EXPECT_EQ(table.table->counters().active.read(), 0u);
    table.table->end_all(at(7));
    EXPECT_EQ(table.ends.size(), 50u);
    table.see(udp(1), at(8));  // usable afterwards
    EXPECT_EQ(table.table->counters().active.read(), 1u);
}

TEST(Expiry, NoMoreThanToldAtOnce) {
    Watched table(1024, {.at_once = 8});
    for (std::uint32_t n = 0; n < 100; ++n)
        table.see(udp(n), at(0));
    std::size_t before = 0;
    for (int call = 0; call < 13; ++call) {
        table.table->advance(at(30 + call * 1e-6));
        EXPECT_EQ(table.ends.size() - before, call < 12 ? 8u : 4u) << call;
        before = table.ends.size();
    }
    for (const End& end : table.ends) {
        EXPECT_EQ(end.reason, EndReason::kTimeout);
        EXPECT_EQ(end.when, at(30)) << "the deadline, however late";
    }
    EXPECT_EQ(table.table->counters().active.read(), 0u);
}

TEST(Expiry, LookingAgainCountsToo) {
    Watched table(1024, {.at_once = 8});
    table.see(udp(100), at(0));  // what was armed last is looked at first
    for (std::uint32_t n = 0; n < 100; ++n)
        table.see(udp(n), at(0));
    for (std::uint32_t n = 0; n < 100; ++n)
        table.see(udp(n), at(20.5));
    for (int call = 0; call < 12; ++call)
        table.table->advance(at(30 + call * 1e-6));
    EXPECT_TRUE(table.ends.empty()) << "a hundred were put off before the one that is due";
    table.table->advance(at(30.1));
    EXPECT_EQ(table.ends.size(), 1u);
}

TEST(Expiry, ALateFlowTakesNoMorePackets) {
    Watched table(1024, {.at_once = 1});
    std::vector<std::uint64_t> ids;
    for (std::uint32_t n = 0; n < 100; ++n)
        ids.push_back(table.id(table.see(udp(n), at(0))));
    for (std::uint32_t n = 0; n < 100; ++n) {
        table.see(udp(n), at(31));
        EXPECT_TRUE(table.created) << n;
    }
    std::set<std::uint64_t> ended;
    for (const End& end : table.ends) {
        EXPECT_EQ(end.when, at(30));
        ended.insert(end.id);
    }
    EXPECT_EQ(ended, std::set<std::uint64_t>(ids.begin(), ids.end())) << "each once";
    EXPECT_EQ(table.table->counters().active.read(), 100u);
}

TEST(Expiry, AJumpIsNoMoreThanToldAtOnceEither) {
    Watched table(1024, {.established = std::chrono::hours(10), .at_once = 8});
    table.handshake(at(0));
    for (std::uint32_t n = 0; n < 100; ++n)
        table.see(udp(n), at(n * 0.29));
    const double later = 2 * 3600.0;  // more than the wheel holds
    for (std::size_t call = 1; call <= 12; ++call) {
        table.table->advance(at(later));
        EXPECT_LE(table.ends.size(), 8 * call);
    }
    for (int call = 0; call < 2; ++call)
        table.table->advance(at(later));
    EXPECT_EQ(table.ends.size(), 100u);
    for (int call = 0; call < 3; ++call)
        table.table->advance(at(10 * 3600.0));
    EXPECT_EQ(table.ends.size(), 101u);
}

TEST(Expiry, ShutdownEndsTheLateOnesToo) {
    Watched table(1024, {.at_once = 1});
    for (std::uint32_t n = 0; n < 10; ++n)
        table.see(udp(n), at(0));
    table.table->advance(at(31));
    table.table->end_all(at(32));
    EXPECT_EQ(table.ends.size(), 10u);
    EXPECT_EQ(table.table->counters().active.read(), 0u);
}

/// One packet of a random schedule.
struct Step {
    std::uint32_t conversation;
    double second;
};

std::vector<Step> random_schedule(unsigned seed, std::uint32_t conversations, int packets) {
    std::mt19937 random(seed);
    const auto below = [&random](int bound) {
        return std::uniform_int_distribution<int>(0, bound - 1)(random);
    };
    std::vector<Step> steps;
    double now = 0;
    for (int i = 0; i < packets; ++i) {
        // Mostly milliseconds, sometimes minutes, rarely hours.
        const int kind = below(1000);
        if (kind < 980) {
            now += below(1000) / 1000.0;
        } else {
            now += kind < 998 ? below(300) : below(20000);
        }
        steps.push_back({static_cast<std::uint32_t>(below(static_cast<int>(conversations))), now});
    }
    return steps;
}

// The model: a map of deadlines, looked through at each packet.
std::vector<End> ends_by_model(const std::vector<Step>& steps, double finish) {
    struct Known {
        std::uint64_t id;
        Timestamp last;
    };
    std::map<std::uint32_t, Known> known;
    std::vector<End> ends;
    const auto end_due = [&](Timestamp now) {
        std::vector<End> due;
        for (auto it = known.begin(); it != known.end();) {
            const std::int64_t ns = to_ns(it->second.last) + 30'000'000'000;
            const Timestamp deadline = from_ns((ns + 999'999'999) / 1'000'000'000 * 1'000'000'000);
            if (deadline <= now) {
                due.push_back({it->second.id, EndReason::kTimeout, deadline});
                it = known.erase(it);
            } else {
                ++it;
            }
        }
        std::sort(due.begin(), due.end(), [](const End& a, const End& b) {
            return std::pair(a.when, a.id) < std::pair(b.when, b.id);
        });
        ends.insert(ends.end(), due.begin(), due.end());
    };
    for (const Step& step : steps) {
        end_due(at(step.second));
        auto [it, created] = known.try_emplace(step.conversation);
        if (created) {
            Watched scratch(8);
            it->second.id = scratch.id(scratch.see(udp(step.conversation), at(step.second)));
        }
        it->second.last = at(step.second);
    }
    end_due(at(finish));
    return ends;
}

TEST(Expiry, AgreesWithAModelOverRandomSchedules) {
    for (unsigned seed = 1; seed <= 5; ++seed) {
        const std::vector<Step> steps = random_schedule(seed, 60, 600);
        const double finish = steps.back().second + 100;
        Watched table;
        for (const Step& step : steps)
            table.see(udp(step.conversation), at(step.second));
        table.table->advance(at(finish));
        EXPECT_EQ(table.ends, ends_by_model(steps, finish)) << "seed " << seed;
    }
}

// Late ends come in another order and are the same.
TEST(Expiry, AFewAtOnceAgreeWithTheModel) {
    const auto sorted = [](std::vector<End> ends) {
        std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) {
            return std::pair(a.when, a.id) < std::pair(b.when, b.id);
        });
        return ends;
    };
    for (unsigned seed = 1; seed <= 5; ++seed) {
        const std::vector<Step> steps = random_schedule(seed, 60, 600);
        const double finish = steps.back().second + 100;
        Watched table(1024, {.at_once = 2});
        for (const Step& step : steps)
            table.see(udp(step.conversation), at(step.second));
        for (int call = 0; call < 100; ++call)
            table.table->advance(at(finish));
        EXPECT_EQ(sorted(table.ends), ends_by_model(steps, finish)) << "seed " << seed;
    }
}

// Workers see parts of the traffic, and are told of the time at other moments: the ends of all
// together must be the same.
TEST(Expiry, IsTheSameForAnyNumberOfWorkers) {
    const std::vector<Step> steps = random_schedule(42, 200, 4000);
    const double finish = steps.back().second + 100;
    std::vector<std::vector<End>> results;
    for (const std::uint32_t workers : {1u, 2u, 5u}) {
        std::vector<End> all;
        for (std::uint32_t worker = 0; worker < workers; ++worker) {
            Watched table(1024, {}, worker * 77 + workers);
            for (const Step& step : steps) {
                if (step.conversation % workers != worker) continue;
                table.see(udp(step.conversation), at(step.second));
            }
            table.table->advance(at(finish));
            all.insert(all.end(), table.ends.begin(), table.ends.end());
        }
        std::sort(all.begin(), all.end(), [](const End& a, const End& b) {
            return std::pair(a.when, a.id) < std::pair(b.when, b.id);
        });
        results.push_back(all);
    }
    EXPECT_GT(results[0].size(), 200u);
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace querytap::flow
