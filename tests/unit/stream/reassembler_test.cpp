#include <vector>

#include <gtest/gtest.h>

#include "recorder.h"

namespace querytap::stream {
namespace {

using namespace test;
using packet::kAck;
using packet::kFin;
using packet::kPsh;
using packet::kRst;
using packet::kSyn;

struct Push {
    std::int64_t offset;  // from the first byte of the stream
    std::string_view text;
    int flags = kAck;
    double second = 0;
};

struct Case {
    const char* name;
    std::vector<Push> pushes;
    std::string delivered;
    bool finished = false;
};

// Each stream begins with a SYN at offset -1.
const Case kCases[] = {
    {"in order", {{0, "abc"}, {3, "def"}}, "abcdef"},
    {"nothing", {{0, ""}, {0, ""}}, ""},
    {"two change places", {{3, "def"}, {0, "abc"}}, "abcdef"},
    {"last first", {{6, "ghi"}, {3, "def"}, {0, "abc"}}, "abcdefghi"},
    {"two holes", {{2, "c"}, {4, "e"}, {1, "b"}, {0, "a"}, {3, "d"}}, "abcde"},
    {"hole in the middle is filled", {{0, "a"}, {5, "f"}, {2, "c"}, {1, "b"}, {3, "de"}}, "abcdef"},

    {"retransmitted", {{0, "abc"}, {0, "abc"}, {3, "d"}}, "abcd"},
    {"retransmitted with more", {{0, "abc"}, {0, "abcdef"}}, "abcdef"},
    {"retransmitted in other pieces", {{0, "abcdef"}, {2, "cd"}, {4, "efgh"}}, "abcdefgh"},
    {"keep-alive without a byte", {{0, "abc"}, {2, ""}, {3, "d"}}, "abcd"},
    {"keep-alive with a byte", {{0, "abc"}, {2, "X"}, {3, "d"}}, "abcd"},
    {"zero-window probe with a new byte, sent again", {{0, "abc"}, {3, "d"}, {3, "def"}}, "abcdef"},

    {"held twice", {{3, "def"}, {3, "def"}, {0, "abc"}}, "abcdef"},
    {"overlaps the end of what is held", {{3, "def"}, {5, "fgh"}, {0, "abc"}}, "abcdefgh"},
    {"overlaps the start of what is held", {{4, "efg"}, {2, "cde"}, {0, "ab"}}, "abcdefg"},
    {"covers what is held", {{4, "ef"}, {2, "cdefgh"}, {0, "ab"}}, "abcdefgh"},
    {"within what is held", {{2, "cdefgh"}, {4, "ef"}, {0, "ab"}}, "abcdefgh"},
    {"bridges three held ones",
     {{2, "c"}, {5, "f"}, {8, "i"}, {1, "bcdefghij"}, {0, "a"}},
     "abcdefghij"},
    {"in order over held ones", {{2, "c"}, {5, "f"}, {0, "abcdefgh"}}, "abcdefgh"},
    {"in order, then held beyond its end", {{3, "defgh"}, {0, "abcd"}}, "abcdefgh"},

    {"first copy wins over a held one", {{2, "cdef"}, {2, "XYZT"}, {0, "ab"}}, "!abcdef"},
    {"first copy wins over one in order", {{2, "cd"}, {0, "abXYef"}}, "ab!cdef"},
    {"conflict at the end only", {{3, "def"}, {4, "eXg"}, {0, "abc"}}, "!abcdefg"},
    {"conflict in two held ones is told once",
     {{2, "c"}, {4, "e"}, {1, "bXdX"}, {0, "a"}},
     "!abcde"},
    // What was handed on is not kept: a different second copy of it cannot be seen.
    {"conflict with delivered bytes is not seen", {{0, "abc"}, {0, "XYZd"}}, "abcd"},

    {"fin", {{0, "abc", kAck | kFin}}, "abc", true},
    {"fin alone", {{0, "abc"}, {3, "", kAck | kFin}}, "abc", true},
    {"fin before its data", {{3, "", kAck | kFin}, {0, "abc"}}, "abc", true},
    {"fin waits for a hole", {{3, "def", kAck | kFin}}, "", false},
    {"fin with held data", {{3, "def", kAck | kFin}, {0, "abc"}}, "abcdef", true},
    {"fin again", {{0, "abc", kAck | kFin}, {3, "", kAck | kFin}, {3, "", kAck}}, "abc", true},
    {"rst", {{0, "abc"}, {3, "", kRst}}, "abc", true},
    {"text in a rst is no data", {{0, "abc"}, {3, "go away", kRst}}, "abc", true},
    {"a forged rst does not stop the stream",
     {{0, "abc"}, {3, "", kRst}, {3, "def"}},
     "abcdef",
     true},
    {"a forged fin shifts nothing", {{0, "abc"}, {3, "", kFin | kAck}, {3, "def"}}, "abcdef", true},

    {"syn again", {{-1, "", kSyn}, {0, "abc"}}, "abc"},
    {"syn again in between", {{0, "abc"}, {-1, "", kSyn}, {3, "d"}}, "abcd"},
    {"data on the syn, then again without", {{-1, "abc", kSyn}, {0, "abc"}, {3, "d"}}, "abcd"},

    {"hole older than the time-out", {{3, "def", kAck, 0}, {6, "g", kAck, 2}}, "<3>defg"},
    {"hole not yet older", {{3, "def", kAck, 0}, {6, "g", kAck, 1.999}}, ""},
    {"filled at the last moment", {{3, "def", kAck, 0}, {0, "abc", kAck, 60}}, "abcdef"},
    {"progress is waited for",
     {{5, "fgh", kAck, 0}, {0, "ab", kAck, 1.5}, {2, "c", kAck, 3}, {3, "de", kAck, 4.5}},
     "abcdefgh"},
    {"bytes for a hole that was given up",
     {{3, "d", kAck, 0}, {4, "e", kAck, 3}, {0, "abc", kAck, 3}},
     "<3>de"},
    {"second hole has its own age",
     {{3, "d", kAck, 0}, {6, "g", kAck, 1.5}, {7, "h", kAck, 2.5}, {8, "i", kAck, 3.5}},
     "<3>d<2>ghi"},
};

class Reassembly : public testing::TestWithParam<Case> {
  protected:
    // One start before the wrap: every case crosses it.
    void run(std::uint32_t first_byte) {
        Reassembler reassembler(Limits{.pool_blocks = 64});
        Recorder recorder;
        Half half;
        reassembler.push(half, {first_byte - 1, kSyn, {}}, at(0), recorder);
        for (const Push& push : GetParam().pushes) {
            const std::uint32_t sequence = first_byte + static_cast<std::uint32_t>(push.offset);
            reassembler.push(half,
                             {sequence, static_cast<std::uint8_t>(push.flags), as_bytes(push.text)},
                             at(push.second), recorder);
        }
        EXPECT_EQ(recorder.text, GetParam().delivered);
        EXPECT_EQ(half.finished, GetParam().finished);
        Recorder rest;
        reassembler.flush(half, rest);
        EXPECT_EQ(half.held_bytes, 0u);
        EXPECT_EQ(half.held_blocks, 0u);
        EXPECT_EQ(half.held_first, UINT32_MAX);
        EXPECT_EQ(reassembler.counters().blocks_in_use.read(), 0u);
    }
};

TEST_P(Reassembly, InTheMiddleOfTheNumbers) {
    run(1'000'000);
}
TEST_P(Reassembly, AcrossTheWrap) {
    for (std::uint32_t before = 0; before <= 10; ++before)
        run(0u - before);
}
TEST_P(Reassembly, AcrossTheSign) {
    run(0x8000'0000u - 3);
}

INSTANTIATE_TEST_SUITE_P(Segments, Reassembly, testing::ValuesIn(kCases),
                         [](const auto& parameter) {
                             std::string name = parameter.param.name;
                             for (char& c : name) {
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                             }
                             return name;
                         });

/// A stream that was opened, with limits of its own.
struct Stream {
    explicit Stream(const Limits& limits = {.pool_blocks = 64}) : reassembler(limits) {
        push(kStart - 1, "", 0, kSyn);
    }
    void push(std::uint32_t sequence, std::string_view text, double second = 0, int flags = kAck) {
        reassembler.push(half, {sequence, static_cast<std::uint8_t>(flags), as_bytes(text)},
                         at(second), recorder);
    }
    const Counters& counters() const { return reassembler.counters(); }

    static constexpr std::uint32_t kStart = 5000;
    Reassembler reassembler;
    Half half;
    Recorder recorder;
};

constexpr std::uint32_t kStart = Stream::kStart;

TEST(InOrder, IsHandedOnInPlace) {
    Stream stream;
    const std::string segment = "these bytes are not copied";
    stream.push(kStart, segment);
    EXPECT_EQ(stream.recorder.last, as_bytes(segment).data());
    EXPECT_EQ(stream.counters().segments_in_order.read(), 1u);
    EXPECT_EQ(stream.counters().segments_held.read(), 0u);
}

TEST(MidStream, TheFirstDataSeenIsTheStart) {
    Reassembler reassembler({.pool_blocks = 16});
    Half half;
    Recorder recorder;
    reassembler.push(half, {7000, kAck, as_bytes("abc")}, at(0), recorder);
    reassembler.push(half, {7003, kAck, as_bytes("def")}, at(0), recorder);
    EXPECT_EQ(recorder.text, "abcdef");
}

TEST(MidStream, NeitherAcksNorKeepAlivesNorResetsAreAStart) {
    Reassembler reassembler({.pool_blocks = 16});
    Half half;
    Recorder recorder;
    reassembler.push(half, {6999, kAck, {}}, at(0), recorder);
    reassembler.push(half, {6999, kAck, as_bytes("X")}, at(0), recorder);
    reassembler.push(half, {6990, kRst, as_bytes("reason")}, at(0), recorder);
    EXPECT_FALSE(half.started);
    reassembler.push(half, {7000, kAck | kPsh, as_bytes("a")}, at(0), recorder);
    EXPECT_TRUE(half.started);
    EXPECT_EQ(recorder.text, "a");
}

TEST(Counting, RetransmissionsButNotProbes) {
    Stream stream;
    stream.push(kStart, "abcdef");
    stream.push(kStart + 5, "f");  // keep-alive
    stream.push(kStart + 5, "");
    EXPECT_EQ(stream.counters().retransmitted_bytes.read(), 0u);
    stream.push(kStart + 2, "cdefgh");
    EXPECT_EQ(stream.counters().retransmitted_bytes.read(), 4u);
    stream.push(kStart + 10, "klm");
    stream.push(kStart + 10, "klm");
    EXPECT_EQ(stream.counters().retransmitted_bytes.read(), 7u);
    EXPECT_EQ(stream.counters().conflicting_overlaps.read(), 0u);
}

TEST(Counting, GapsAndTheirBytes) {
    Stream stream;
    stream.push(kStart + 100, "x");
    stream.push(kStart + 200, "y");
    stream.reassembler.flush(stream.half, stream.recorder);
    EXPECT_EQ(stream.recorder.text, "<100>x<99>y");
    EXPECT_EQ(stream.counters().gaps.read(), 2u);
    EXPECT_EQ(stream.counters().gap_bytes.read(), 199u);
    EXPECT_EQ(stream.counters().segments_held.read(), 2u);
}

TEST(CheckHole, GivesUpWithoutASegmentOfThisSide) {
    Stream stream;
    stream.push(kStart + 3, "def");
    stream.reassembler.check_hole(stream.half, at(1.9), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "");
    stream.reassembler.check_hole(stream.half, at(2), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "<3>def");
    stream.reassembler.check_hole(stream.half, at(100), stream.recorder);
    EXPECT_EQ(stream.recorder.text, "<3>def");
}

TEST(CheckHole, AtTimesThatCannotBeAddedTo) {
    Stream stream;
    stream.reassembler.push(stream.half, {kStart + 3, kAck, as_bytes("d")}, Timestamp::max(),
                            stream.recorder);
    EXPECT_EQ(stream.recorder.text, "<3>d") << "no later time will come: given up at once";
    stream.reassembler.check_hole(stream.half, Timestamp::min(), stream.recorder);
}

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
    EXPECT_EQ(stream.counters().segments_far.read(), 4u);
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

}  // namespace
}  // namespace querytap::stream
