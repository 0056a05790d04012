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
    {"a rst of another number is none", {{0, "abc"}, {5, "", kRst}, {3, "def"}}, "abcdef", false},
    {"a forged fin shifts nothing", {{0, "abc"}, {3, "", kFin | kAck}, {3, "def"}}, "abcdef", true},

    {"syn again", {{-1, "", kSyn}, {0, "abc"}}, "abc"},
    {"syn again in between", {{0, "abc"}, {-1, "", kSyn}, {3, "d"}}, "abcd"},
    {"data on the syn, then again without", {{-1, "abc", kSyn}, {0, "abc"}, {3, "d"}}, "abcd"},
    {"data on the syn, and more behind it", {{-1, "abc", kSyn}, {3, "d"}}, "abcd"},
    {"data on the syn, then other data without",
     {{-1, "abc", kSyn}, {0, "aXc"}, {3, "d"}},
     "!abcd"},
    {"data on the syn waits for its acknowledgement", {{-1, "abc", kSyn}, {0, ""}}, ""},
    {"data on a syn in the middle is no data",
     {{0, "abc"}, {2, "XYZ", kSyn | kAck}, {3, "def"}},
     "abcdef"},
    {"data on a syn of another number is no data",
     {{6, "XYZ", kSyn | kAck}, {0, "abcdefg"}, {7, "hij"}},
     "abcdefghij"},
    {"data without an ack is no data", {{0, "XYZ", kPsh}, {0, "abc", kAck}}, "abc"},
    {"a fin without an ack is no end", {{0, "abc"}, {3, "", kFin}}, "abc", false},
    {"a nearer fin counts", {{9, "", kAck | kFin}, {3, "", kAck | kFin}, {0, "abc"}}, "abc", true},

    {"hole older than the time-out", {{3, "def", kAck, 0}, {6, "g", kAck, 2}}, "<3>defg"},
    {"hole not yet older", {{3, "def", kAck, 0}, {6, "g", kAck, 1.999}}, ""},
    {"filled at the last moment", {{3, "def", kAck, 0}, {0, "abc", kAck, 60}}, "abcdef"},
    {"progress is waited for",
     {{5, "fgh", kAck, 0}, {0, "ab", kAck, 1.5}, {2, "c", kAck, 3}, {3, "de", kAck, 4.5}},
     "abcdefgh"},
    {"bytes for a hole that was given up",
     {{3, "d", kAck, 0}, {4, "e", kAck, 3}, {0, "abc", kAck, 3}},
     "<3>de?"},
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

TEST(Restart, ForgetsWhatIsHeldAndBeginsWithTheNextData) {
    Stream stream;
    stream.push(kStart, "abc");
    stream.push(kStart + 5, "held");
    stream.reassembler.restart(stream.half);
    EXPECT_EQ(stream.counters().blocks_in_use.read(), 0u);
    stream.push(kStart + 700, "");
    stream.push(kStart + 700, "on");
    stream.push(kStart + 5, "old");
    stream.push(kStart + 702, "ward");
    EXPECT_EQ(stream.recorder.text, "abconward");
    EXPECT_EQ(stream.counters().gaps.read(), 0u);
}

}  // namespace
}  // namespace querytap::stream
