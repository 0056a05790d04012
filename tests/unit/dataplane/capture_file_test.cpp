// What comes out of a good capture: link types as Ethernet, exact times, long frames, pcapng.
#include <gtest/gtest.h>

#include "capture_builder.h"

namespace querytap::dataplane::test {
namespace {

constexpr std::string_view kZeros = "000000000000000000000000";  // two addresses
constexpr std::string_view kV4 = "45 00 00 14 aabb";
constexpr std::string_view kV6 = "60 00 00 00 ccdd";

struct Link {
    const char* name;
    std::uint32_t type;
    std::string_view in;
    std::string_view type_out;  ///< EtherType
    std::string_view payload_out;
    bool big_endian = false;
};

// Headers of the link types: https://www.tcpdump.org/linktypes.html
const Link kLinks[] = {
    {"RawIpv4", kRaw, kV4, "0800", kV4},
    {"RawIpv6", kRaw, kV6, "86dd", kV6},
    {"RawOfNoIpVersion", kRaw, "90 00 00", "0000", ""},
    {"RawEmpty", kRaw, "", "0000", ""},
    {"Ipv4", kIpv4, kV4, "0800", kV4},
    {"Ipv6", kIpv6, kV6, "86dd", kV6},
    {"Sll", kLinuxSll, "0000 0001 0006 020304050607 0000 0800 4500", "0800", "4500"},
    {"SllVlan", kLinuxSll, "0004 0001 0006 020304050607 0000 8100 0032 0800", "8100", "0032 0800"},
    {"SllCut", kLinuxSll, "0000 0001 0006 020304050607 0000 08", "0000", ""},
    {"SllOnlyHeader", kLinuxSll, "0000 0001 0006 020304050607 0000 86dd", "86dd", ""},
    {"Sll2", kLinuxSll2, "86dd 0000 00000007 0001 00 06 0203040506070000 6000", "86dd", "6000"},
    {"Sll2Cut", kLinuxSll2, "86dd 0000 00000007 0001 00 06 02030405060700", "0000", ""},
    {"NullIpv4", kNull, "02000000 4500 0014", "0800", "4500 0014"},
    {"NullIpv6OfFreeBsd", kNull, "1c000000 6000 0014", "86dd", "6000 0014"},
    {"NullOtherByteOrder", kNull, "0000001e 6000 0014", "86dd", "6000 0014", true},
    {"NullCut", kNull, "020000", "0000", ""},
    {"NullOnlyHeader", kNull, "02000000", "0000", ""},
    {"Loop", kLoop, "00000002 4500 0014", "0800", "4500 0014"},
};

class LinkTypes : public testing::TestWithParam<Link> {};

TEST_P(LinkTypes, ComeOutAsEthernet) {
    const Link& link = GetParam();
    const Contents contents =
        read_bytes(Pcap({.link_type = link.type, .big_endian = link.big_endian})
                       .packet(from_hex(link.in))
                       .bytes());
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    ASSERT_EQ(contents.packets.size(), 1u);
    EXPECT_EQ(to_hex(contents.packets[0].frame),
              to_hex(from_hex(kZeros) + from_hex(link.type_out) + from_hex(link.payload_out)));
}

INSTANTIATE_TEST_SUITE_P(Table, LinkTypes, testing::ValuesIn(kLinks),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(CaptureFile, EthernetIsLeftAsItIs) {
    const std::string frame = from_hex("010203040506 0708090a0b0c 8847 00064140 4500");
    const Contents contents = read_bytes(Pcap().packet(frame).packet("").packet("x").bytes());
    ASSERT_EQ(contents.packets.size(), 3u);
    EXPECT_EQ(contents.packets[0].frame, frame);
    EXPECT_EQ(contents.packets[1].frame, "");
    EXPECT_EQ(contents.packets[2].frame, "x");
    EXPECT_EQ(contents.counted, 3u);
}

TEST(CaptureFile, WithoutPacketsIsNoError) {
    const std::string bytes = Pcap().bytes();
    const Contents contents = read_bytes(bytes);
    EXPECT_TRUE(contents.end.ok());
    EXPECT_TRUE(contents.packets.empty());
    EXPECT_EQ(contents.bytes_read, bytes.size());
}

struct Stamp {
    const char* name;
    Pcap::Options options;
    std::uint32_t seconds;
    std::uint32_t fraction;
    std::int64_t ns;
};

constexpr std::int64_t kSecond = 1'000'000'000;

const Stamp kStamps[] = {
    {"Microseconds", {}, 1772438400, 123456, 1772438400 * kSecond + 123'456'000},
    {"MicrosecondsBigEndian", {.big_endian = true}, 7, 999999, 7 * kSecond + 999'999'000},
    {"Nanoseconds", {.nanoseconds = true}, 1772438400, 123456789, 1772438400 * kSecond + 123456789},
    {"NanosecondsBigEndian", {.nanoseconds = true, .big_endian = true}, 7, 1, 7 * kSecond + 1},
    {"Epoch", {}, 0, 0, 0},
    {"After2038", {}, 4'000'000'000, 0, 4'000'000'000 * kSecond},
};

class Stamps : public testing::TestWithParam<Stamp> {};

TEST_P(Stamps, AreExact) {
    const Stamp& stamp = GetParam();
    const Contents contents =
        read_bytes(Pcap(stamp.options).packet("x", stamp.seconds, stamp.fraction).bytes());
    ASSERT_EQ(contents.packets.size(), 1u);
    EXPECT_EQ(contents.packets[0].ns, stamp.ns);
}

INSTANTIATE_TEST_SUITE_P(Table, Stamps, testing::ValuesIn(kStamps),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(CaptureFile, LongFramesComeWhole) {
    // Segmentation offload makes frames of 64 KiB; libpcap delivers up to 256 KiB.
    Pcap pcap;
    std::vector<std::string> frames;
    for (const std::size_t size : {1514u, 9018u, 65535u, 65536u, 262144u}) {
        frames.emplace_back(size, static_cast<char>(size % 251));
        frames.back().back() = 'e';
        pcap.packet(frames.back());
    }
    const Contents contents = read_bytes(pcap.bytes());
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    ASSERT_EQ(contents.packets.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        EXPECT_TRUE(contents.packets[i].frame == frames[i]) << frames[i].size() << " bytes";
}

class PcapngOrder : public testing::TestWithParam<bool> {};

TEST_P(PcapngOrder, PacketsAndTimes) {
    constexpr std::uint32_t kComment = 0x40000bad;  // a custom block: to be skipped
    Pcapng pcapng(GetParam());
    pcapng.section().interface(kEthernet, 9).block(kComment, "said by somebody");
    pcapng.packet("one", 1'772'438'400'123'456'789);
    pcapng.packet("three bytes more", 1'772'438'400'123'456'790);
    const Contents contents = read_bytes(pcapng.bytes());
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    EXPECT_EQ(contents.packets,
              (std::vector<Packet>{{"one", 1'772'438'400'123'456'789},
                                   {"three bytes more", 1'772'438'400'123'456'790}}));
}

INSTANTIATE_TEST_SUITE_P(Table, PcapngOrder, testing::Bool(), [](const auto& tested) {
    return std::string(tested.param ? "BigEndian" : "LittleEndian");
});

TEST(Pcapng, ResolutionIsTheInterfaces) {
    struct {
        int resolution;
        std::uint64_t time;
        std::int64_t ns;
    } const kTable[] = {
        {-1, 5'000'001, 5 * kSecond + 1000},  // none: microseconds
        {6, 5'000'001, 5 * kSecond + 1000},
        {9, 5'000'000'001, 5 * kSecond + 1},
        {3, 5'001, 5 * kSecond + 1'000'000},
        {0x80 | 10, 5 * 1024 + 512, 5 * kSecond + kSecond / 2},  // 1/1024 s
    };
    for (const auto& row : kTable) {
        const Contents contents = read_bytes(
            Pcapng().section().interface(kEthernet, row.resolution).packet("x", row.time).bytes());
        ASSERT_EQ(contents.packets.size(), 1u) << row.resolution;
        EXPECT_EQ(contents.packets[0].ns, row.ns) << row.resolution;
    }
}

TEST(Pcapng, TimesBeyondWhatCanBeSaidStopAtTheEnd) {
    const Contents contents =
        read_bytes(Pcapng().section().interface().packet("x", UINT64_MAX).bytes());
    ASSERT_EQ(contents.packets.size(), 1u);
    EXPECT_EQ(contents.packets[0].ns, to_ns(Timestamp::max()));
}

TEST(Pcapng, SimplePacketsHaveNoTime) {
    const Contents contents =
        read_bytes(Pcapng().section().interface().simple_packet("without").bytes());
    EXPECT_EQ(contents.packets, (std::vector<Packet>{{"without", 0}}));
}

TEST(Pcapng, SecondSectionAndSecondInterface) {
    Pcapng pcapng;
    pcapng.section().interface().interface().packet("a", 1, 0).packet("b", 2, 1);
    pcapng.section().interface().packet("c", 3);
    const Contents contents = read_bytes(pcapng.bytes());
    ASSERT_TRUE(contents.end.ok()) << contents.end.error().to_string();
    EXPECT_EQ(contents.packets, (std::vector<Packet>{{"a", 1000}, {"b", 2000}, {"c", 3000}}));
}

TEST(Pcapng, OtherLinkTypesAreConvertedToo) {
    const Contents contents =
        read_bytes(Pcapng().section().interface(kRaw).packet(from_hex(kV4), 1).bytes());
    ASSERT_EQ(contents.packets.size(), 1u);
    EXPECT_EQ(to_hex(contents.packets[0].frame),
              to_hex(from_hex(kZeros) + from_hex("0800") + from_hex(kV4)));
}

}  // namespace
}  // namespace querytap::dataplane::test
