#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/novelty/memory.h>

namespace querytap::novelty {
namespace {

using namespace std::chrono_literals;

const IpAddress kServer = IpAddress::v4(0x0a000001);
const IpAddress kOther = IpAddress::v4(0x0a000002);

Timestamp day(int number) {
    return from_ns(1'767'225'600'000'000'000 + number * std::int64_t{86'400'000'000'000});
}

TEST(Memory, KnowsWhatItSaw) {
    Memory memory({.entries = 64});
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "sa", day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "sa", day(0)), Seen::kBefore);
    EXPECT_EQ(memory.look(Thing::kApplication, kServer, "sa", day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kLogin, kOther, "sa", day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "Sa", day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kPair, kServer, kOther, day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kPair, kOther, kServer, day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 7u, day(0)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 7u, day(1)), Seen::kBefore);
    EXPECT_EQ(memory.used(), 7u);
}

TEST(Memory, LearnsForAWhile) {
    Memory memory({.entries = 64, .learning = 24h});
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "a", day(0)), Seen::kNow);
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "b", day(1) - 1ns), Seen::kNow);
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "c", day(1)), Seen::kFirstTime);
    EXPECT_EQ(memory.look(Thing::kLogin, kServer, "a", day(1)), Seen::kBefore);
}

TEST(Memory, IsBoundedAndForgetsWhatWasNotSeenForLongest) {
    Memory memory({.entries = 8});  // one line
    for (std::uint64_t i = 0; i < 8; ++i)
        memory.look(Thing::kQueryShape, kServer, i, day(static_cast<int>(i)));
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 0u, day(9)), Seen::kBefore);
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 100u, day(9)), Seen::kFirstTime);
    EXPECT_EQ(memory.evicted(), 1u);
    EXPECT_EQ(memory.used(), 8u);
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 0u, day(9)), Seen::kBefore);
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 1u, day(9)), Seen::kFirstTime) << "oldest";
}

TEST(Memory, WorkersShareIt) {
    Memory memory({.entries = 1u << 20});  // few share a line
    constexpr std::uint64_t kThings = 20'000;
    std::atomic<std::uint64_t> first{0};
    const auto work = [&] {
        for (std::uint64_t i = 0; i < kThings; ++i) {
            if (memory.look(Thing::kQueryShape, kServer, i, day(0)) == Seen::kFirstTime) ++first;
        }
    };
    std::vector<std::thread> workers;
    for (int i = 0; i < 3; ++i)
        workers.emplace_back(work);
    for (std::thread& worker : workers)
        worker.join();
    EXPECT_GE(first.load(), kThings);
    EXPECT_LE(first.load(), kThings + kThings / 10) << "seldom two at once";
    EXPECT_EQ(memory.look(Thing::kQueryShape, kServer, 5u, day(0)), Seen::kBefore);
}

}  // namespace
}  // namespace querytap::novelty
