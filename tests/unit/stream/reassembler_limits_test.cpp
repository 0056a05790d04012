// What is given up, when, and what is not believed: bounds, an empty pool, far segments.
#include <gtest/gtest.h>

#include "recorder.h"

namespace querytap::stream {
namespace {

using namespace test;
using packet::kAck;
using packet::kFin;
using packet::kRst;
using packet::kSyn;

constexpr std::uint32_t kStart = Stream::kStart;

TEST(Bound, OfHeldBytesGivesUpTheFirstHoleOnly) {
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    const std::string kilo(1000, 'k');
    stream.push(kStart + 10, kilo);
    stream.push(kStart + 2000, kilo);
    stream.push(kStart + 4000, kilo);
    EXPECT_EQ(stream.recorder.text, "");
    stream.push(kStart + 6000, "z");
    EXPECT_EQ(stream.recorder.text, "<10>" + kilo);
    EXPECT_EQ(stream.half.held_bytes, 2001u);
    EXPECT_EQ(stream.counters().pool_exhausted.read(), 0u);
}

TEST(Bound, ASegmentBeforeAllThatIsHeldBecomesTheNext) {
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    const std::string kilo(1000, 'k');
    for (std::uint32_t i = 1; i <= 3; ++i)
        stream.push(kStart + i * 2000, kilo);
    stream.push(kStart + 500, "abc");
    EXPECT_EQ(stream.recorder.text, "<500>abc");
    EXPECT_EQ(stream.half.held_bytes, 3000u);
}

TEST(Bound, ASegmentLargerThanTheBoundIsHandedOnBehindAGap) {
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    const std::string large(4000, 'L');
    stream.push(kStart + 50, "x");
    stream.push(kStart + 100, large);
    EXPECT_EQ(stream.recorder.text, "<50>x<49>" + large);
    EXPECT_EQ(stream.half.held_blocks, 0u);
}

TEST(Bound, TinySegmentsAreBoundedByBlocks) {
    // One byte each, one byte between: each takes a block, and the list must not grow to 256 Ki.
    Stream stream({.pool_blocks = 16384});
    for (std::uint32_t i = 0; i < 2000; ++i)
        stream.push(kStart + 1 + 2 * i, "x");
    EXPECT_LE(stream.half.held_blocks, 256u);
    EXPECT_GT(stream.counters().gaps.read(), 1000u);
    stream.reassembler.flush(stream.half, stream.recorder);
    EXPECT_EQ(stream.recorder.lost, 2000u);
}

TEST(Bound, ContiguousSegmentsShareBlocks) {
    Stream stream;
    for (std::uint32_t i = 0; i < 4096; ++i)
        stream.push(kStart + 1 + i, "x");
    EXPECT_EQ(stream.half.held_bytes, 4096u);
    EXPECT_EQ(stream.half.held_blocks, 2u);
    stream.push(kStart, "x");
    EXPECT_EQ(stream.recorder.text, std::string(4097, 'x'));
}

TEST(PoolExhausted, HolesAreGivenUpUntilTheSegmentFits) {
    Stream stream({.pool_blocks = 2});
    stream.push(kStart + 10, "aa");
    stream.push(kStart + 20, "bb");
    EXPECT_EQ(stream.counters().blocks_in_use.read(), 2u);
    stream.push(kStart + 30, "cc");
    EXPECT_EQ(stream.recorder.text, "<10>aa");
    EXPECT_EQ(stream.counters().pool_exhausted.read(), 1u);
    EXPECT_EQ(stream.half.held_blocks, 2u);
    stream.push(kStart + 12, "12345678");
    EXPECT_EQ(stream.recorder.text, "<10>aa12345678bb");
}

TEST(PoolExhausted, ByOtherFlowsTheSegmentsOwnHoleIsAGapAtOnce) {
    Reassembler reassembler({.pool_blocks = 1});
    Half greedy;
    Half half;
    Recorder other;
    Recorder recorder;
    for (Half* each : {&greedy, &half}) {
        reassembler.push(*each, {kStart - 1, kSyn, {}}, at(0), recorder);
    }
    reassembler.push(greedy, {kStart + 1, kAck, as_bytes("x")}, at(0), other);
    reassembler.push(half, {kStart + 7, kAck, as_bytes("abc")}, at(0), recorder);
    EXPECT_EQ(recorder.text, "<7>abc");
    EXPECT_EQ(half.next_sequence, kStart + 10);
    reassembler.flush(greedy, other);
    EXPECT_EQ(reassembler.counters().blocks_in_use.read(), 0u);
}

TEST(PoolExhausted, InTheMiddleOfASegmentNothingIsLost) {
    Stream stream({.pool_blocks = 2});
    const std::string large = std::string(2048, 'a') + std::string(2048, 'b') + "the end";
    stream.push(kStart + 5, large);
    EXPECT_EQ(stream.recorder.text, "<5>" + large);
    EXPECT_EQ(stream.counters().retransmitted_bytes.read(), 0u);
    EXPECT_EQ(stream.counters().blocks_in_use.read(), 0u);
}

TEST(Far, SegmentsAreCountedAndNotUsed) {
    Stream stream;
    stream.push(kStart, "abc");
    const std::uint32_t next = kStart + 3;
    stream.push(next + kPlausibleDistance + 1, "far ahead");
    stream.push(next - kPlausibleDistance - 1, "far behind");
    stream.push(next + 0x8000'0000u, "on the other side");
    stream.push(next + kPlausibleDistance + 1, "", 0, kRst);
    stream.push(next, "def");
    EXPECT_EQ(stream.recorder.text, "abcdef");
    EXPECT_EQ(stream.counters().segments_far.read(), 3u) << "a reset from there is none at all";
    EXPECT_FALSE(stream.half.finished);
    EXPECT_EQ(stream.half.held_blocks, 0u);
}

TEST(Far, TheLastPlausibleOneIsHeld) {
    Stream stream;
    stream.push(kStart + kPlausibleDistance, "x");
    EXPECT_EQ(stream.half.held_bytes, 1u);
    EXPECT_EQ(stream.counters().segments_far.read(), 0u);
}

TEST(Far, AStreamThatGoesOnThereIsTakenUpAgain) {
    // The tap lost more than a window: after three segments in a row it is believed.
    Stream stream;
    stream.push(kStart, "abc");
    stream.push(kStart + 10, "held");
    const std::uint32_t far = kStart + 500'000'000;
    stream.push(far, "one");
    stream.push(far + 3, "two");
    EXPECT_EQ(stream.recorder.text, "abc");
    stream.push(far + 6, "three");
    stream.push(far + 11, "four");
    EXPECT_EQ(stream.recorder.text, "abc<7>held<0>threefour");
    EXPECT_EQ(stream.counters().resynchronised.read(), 1u);
}

TEST(Far, ScatteredSegmentsAreNeverBelieved) {
    Stream stream;
    for (std::uint32_t i = 0; i < 100; ++i) {
        stream.push(kStart + 500'000'000 + i * 1000, "forged");
        stream.push(kStart + i, "x");
    }
    EXPECT_EQ(stream.recorder.text, std::string(100, 'x'));
    EXPECT_EQ(stream.counters().resynchronised.read(), 0u);
}

TEST(Far, TheRealStreamBetweenForgedOnesKeepsItsPlace) {
    Stream stream;
    const std::uint32_t far = kStart + 500'000'000;
    for (std::uint32_t i = 0; i < 10; ++i) {
        stream.push(far + i, "f");
        stream.push(far + ++i, "f");
        stream.push(kStart + i / 2, "x");
    }
    EXPECT_EQ(stream.counters().resynchronised.read(), 0u);
    EXPECT_EQ(stream.recorder.text, "xxxxx");
}

TEST(Acknowledged, AHoleThatTheReceiverHasTooIsNotGivenUpByAge) {
    // A forged segment that only the tap sees, long before a quiet client speaks again.
    Stream stream;
    stream.push(kStart, "abc");
    stream.reassembler.acknowledge(stream.half, kStart + 3);
    stream.push(kStart + 1000, "forged");
    stream.reassembler.check_hole(stream.half, at(60), stream.recorder);
    stream.push(kStart + 3, "def", 61);
    EXPECT_EQ(stream.recorder.text, "abcdef");
}

TEST(Acknowledged, WhatTheReceiverHasAndTheTapHasNotIsAGap) {
    Stream stream;
    stream.push(kStart, "abc");
    stream.reassembler.acknowledge(stream.half, kStart + 3);
    stream.push(kStart + 6, "ghi");
    stream.reassembler.acknowledge(stream.half, kStart + 6);
    stream.reassembler.check_hole(stream.half, at(1), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "abc") << "an acknowledgement before its data may be skew";
    stream.reassembler.check_hole(stream.half, at(2), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "abc<3>ghi");
}

TEST(Acknowledged, OldAndFarNumbersAreNoNews) {
    Stream stream;
    stream.reassembler.acknowledge(stream.half, kStart + 10);
    stream.reassembler.acknowledge(stream.half, kStart + 4);
    EXPECT_EQ(stream.half.acknowledged, kStart + 10);
    stream.reassembler.acknowledge(stream.half, kStart + 0x4000'0000u);
    EXPECT_EQ(stream.half.acknowledged, kStart + 10);
    Half unknown;
    stream.reassembler.acknowledge(unknown, 77);
    EXPECT_FALSE(unknown.acknowledgement_seen) << "where the stream stands is not known yet";
}

TEST(Acknowledged, TheBoundGivesUpNoHoleThatTheReceiverHasToo) {
    // Bytes that fill the bound, and only then what the receiver waits for.
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    stream.reassembler.acknowledge(stream.half, kStart);
    const std::string kilo(1000, 'k');
    for (std::uint32_t i = 1; i <= 6; ++i)
        stream.push(kStart + i * 1000, kilo);
    EXPECT_EQ(stream.recorder.lost, 0u);
    EXPECT_EQ(stream.half.held_bytes, 3000u);
    EXPECT_EQ(stream.counters().held_dropped_bytes.read(), 3000u);
    stream.push(kStart, kilo);
    EXPECT_EQ(stream.recorder.text, kilo + kilo + kilo + kilo);
}

TEST(Acknowledged, TheNearestIsHeldAndTheFarthestGoes) {
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    stream.reassembler.acknowledge(stream.half, kStart);
    stream.push(kStart + 60'000'000, std::string(3000, 'f'));
    stream.push(kStart + 3, "def");
    stream.push(kStart, "abc");
    EXPECT_EQ(stream.recorder.text, "abcdef");
}

TEST(Acknowledged, TheBoundGivesUpWhatTheReceiverIsOver) {
    Stream stream({.pool_blocks = 64, .held_bytes_max = 3000});
    stream.reassembler.acknowledge(stream.half, kStart + 1000);
    const std::string kilo(1000, 'k');
    for (std::uint32_t i = 1; i <= 4; ++i)
        stream.push(kStart + i * 1000, kilo);
    EXPECT_EQ(stream.recorder.lost, 1000u);
}

TEST(Acknowledged, WhatNobodyFillsIsLetGoAndNothingSkipped) {
    Stream stream;
    stream.reassembler.acknowledge(stream.half, kStart);
    stream.push(kStart + 1000, "forged");
    stream.reassembler.check_hole(stream.half, at(120), stream.recorder);
    EXPECT_EQ(stream.counters().blocks_in_use.read(), 0u);
    EXPECT_EQ(stream.counters().held_dropped_bytes.read(), 6u);
    stream.push(kStart, "abc", 121);
    EXPECT_EQ(stream.recorder.text, "abc");
}

TEST(Acknowledged, WhereItIsSeenNoLongerAgeDecidesAgain) {
    Stream stream;
    stream.reassembler.acknowledge(stream.half, kStart);
    stream.push(kStart + 3, "def", 0);
    stream.reassembler.check_hole(stream.half, at(120), stream.recorder);
    stream.push(kStart + 6, "ghi", 121);
    stream.push(kStart + 9, "jkl", 124);
    EXPECT_EQ(stream.recorder.text, "<6>ghijkl");
}

TEST(Acknowledged, SegmentsFarAwayAreBelievedOnlyWhereTheReceiverIsToo) {
    constexpr std::uint32_t kFar = kStart + 500'000'000;
    for (const bool confirmed : {false, true}) {
        Stream stream;
        stream.push(kStart, "abc");
        stream.reassembler.acknowledge(stream.half, kStart + 3);
        for (std::uint32_t i = 0; i < 6; ++i) {
            if (confirmed && i == 4) stream.reassembler.acknowledge(stream.half, kFar + 4);
            stream.push(kFar + i, "x");
        }
        stream.push(kStart + 3, "def");
        EXPECT_EQ(stream.recorder.text, confirmed ? "abc<0>xx" : "abcdef");
    }
}

TEST(Acknowledged, DataOfTheSynCountsIfTheReceiverTookIt) {
    struct Case {
        std::uint32_t acknowledged;
        const char* then;
        const char* delivered;
    };
    for (const Case& given : {Case{kStart + 5, "", "decoy"}, Case{kStart, "truth", "truth"},
                              Case{kStart + 5, "truth", "decoy"}}) {
        Stream stream;
        stream.push(kStart - 1, "decoy", 0, kSyn);
        EXPECT_EQ(stream.recorder.text, "");
        stream.reassembler.acknowledge(stream.half, given.acknowledged);
        stream.reassembler.check_hole(stream.half, at(0), stream.recorder);
        stream.push(kStart, given.then);
        EXPECT_EQ(stream.recorder.text, given.delivered);
        EXPECT_EQ(stream.counters().gaps.read(), 0u);
        EXPECT_EQ(stream.counters().blocks_in_use.read(), 0u);
    }
}

TEST(Window, WhatIsBeyondTwiceTheLargestIsFar) {
    Stream stream;
    stream.reassembler.acknowledge(stream.half, kStart, 4u << 20);
    stream.reassembler.acknowledge(stream.half, kStart, 100);  // the receiver is slow for a while
    stream.push(kStart + (8u << 20), "x");
    EXPECT_EQ(stream.half.held_bytes, 1u);
    stream.push(kStart + (8u << 20) + 1, "y");
    EXPECT_EQ(stream.half.held_bytes, 1u);
    EXPECT_EQ(stream.counters().segments_far.read(), 1u);
}

TEST(Window, MovesWithWhatTheReceiverHas) {
    // The tap lost 40 MB, which the receiver has.
    Stream stream;
    stream.reassembler.acknowledge(stream.half, kStart, 1u << 20);
    stream.reassembler.acknowledge(stream.half, kStart + 40'000'000, 1u << 20);
    stream.push(kStart + 40'000'000, "on", 0);
    stream.reassembler.check_hole(stream.half, at(2), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "<40000000>on");
    EXPECT_EQ(stream.counters().segments_far.read(), 0u);
}

struct EndCase {
    const char* name;
    std::uint32_t sequence;
    const char* text;
    int flags;
    bool believed;
};

TEST(End, IsWhereTheStreamStands) {
    const EndCase kCases[] = {
        {"fin in order", kStart + 3, "", kAck | kFin, true},
        {"fin with the last data", kStart + 3, "def", kAck | kFin, true},
        {"fin again with old data", kStart, "abcd", kAck | kFin, true},
        {"fin before its data", kStart + 9, "", kAck | kFin, false},
        {"fin from nowhere", kStart + (1u << 30), "", kAck | kFin, false},
        {"fin of old data", kStart, "a", kAck | kFin, false},
        {"fin without ack", kStart + 3, "", kFin, false},
    };
    for (const EndCase& given : kCases) {
        Stream stream;
        stream.push(kStart, "abc");
        const Segment segment{given.sequence, static_cast<std::uint8_t>(given.flags),
                              as_bytes(given.text)};
        EXPECT_EQ(Reassembler::may_finish(stream.half, segment), given.believed) << given.name;
    }
}

TEST(End, AResetOfWhatTheReceiverIsOverIsNotBelieved) {
    Stream stream;
    stream.push(kStart, "abc");
    stream.reassembler.acknowledge(stream.half, kStart + 3);
    stream.push(kStart + 3, "def");
    EXPECT_FALSE(Reassembler::may_reset(stream.half, kStart + 3));
    EXPECT_TRUE(Reassembler::may_reset(stream.half, kStart + 6));
    stream.reassembler.acknowledge(stream.half, kStart + 9);  // the tap lost three bytes
    EXPECT_TRUE(Reassembler::may_reset(stream.half, kStart + 9));
}

TEST(End, DataBehindItShowsThatItWasNone) {
    Stream stream;
    stream.push(kStart, "abc");
    stream.push(kStart + 3, "", 0, kAck | kFin);
    EXPECT_TRUE(stream.half.finished);
    EXPECT_FALSE(Reassembler::went_on(stream.half));
    stream.push(kStart + 3, "def");
    EXPECT_TRUE(Reassembler::went_on(stream.half));
    stream.push(kStart + 6, "", 0, kAck | kFin);
    EXPECT_FALSE(Reassembler::went_on(stream.half));
}

TEST(PoolExhausted, OneHalfLeavesTheOthersSomething) {
    Reassembler reassembler({.pool_blocks = 64});
    Recorder recorder;
    Half greedy;
    reassembler.push(greedy, {kStart - 1, kSyn, {}}, at(0), recorder);
    for (std::uint32_t i = 0; i < 64; ++i)
        reassembler.push(greedy, {kStart + 1 + 2 * i, kAck, as_bytes("x")}, at(0), recorder);
    EXPECT_LT(greedy.held_blocks, 32u);
    EXPECT_GE(greedy.held_blocks, 16u);
    reassembler.flush(greedy, recorder);
}

}  // namespace
}  // namespace querytap::stream
