#include <set>
#include <string>

#include <gtest/gtest.h>

#include <querytap/packet/decode.h>

#include "frame_builder.h"

namespace querytap::packet::test {
namespace {

constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kIpv6Type = 0x86dd;
const Frame kPayload = text("payload");

Frame without_last(Frame frame, std::size_t count) {
    frame.resize(frame.size() - count);
    return frame;
}

Frame chain_of_options(int count, std::uint8_t last, const Frame& rest) {
    Frame chain;
    for (int i = 1; i <= count; ++i) {
        const std::uint8_t next = i == count ? last : 60;
        chain = chain + Frame{next, 0, 1, 4, 0, 0, 0, 0};
    }
    return chain + rest;
}

struct Case {
    const char* name;
    Frame frame;
    Decoded decoded = Decoded::kOk;
    std::string payload = "payload";
    Vlans vlans{};
    IpProtocol protocol = IpProtocol::kTcp;
};

const Frame kTcp4 = ipv4({}, tcp(kPayload));
const Frame kTcp6 = ipv6(6, tcp(kPayload));

const Case kCases[] = {
    {"ipv4 tcp", ethernet(kIpv4Type, kTcp4)},
    {"ipv4 tcp without payload", ethernet(kIpv4Type, ipv4({}, tcp({}))), Decoded::kOk, ""},
    {"tcp options", ethernet(kIpv4Type, ipv4({}, tcp(kPayload, Frame(12, 1))))},
    {"tcp options to the limit", ethernet(kIpv4Type, ipv4({}, tcp(kPayload, Frame(40, 1))))},
    {"ip options",
     ethernet(kIpv4Type, ipv4({.version_and_size = 0x47, .options = Frame(8, 1)}, tcp(kPayload)))},
    {"ipv4 udp",
     ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload))),
     Decoded::kOk,
     "payload",
     {},
     IpProtocol::kUdp},
    {"ipv6 tcp", ethernet(kIpv6Type, kTcp6)},
    {"ipv6 udp",
     ethernet(kIpv6Type, ipv6(17, udp(kPayload))),
     Decoded::kOk,
     "payload",
     {},
     IpProtocol::kUdp},

    {"802.1Q", ethernet(0x8100, vlan(0xe032, kIpv4Type, kTcp4)), Decoded::kOk, "payload", {50}},
    {"802.1ad over 802.1Q",
     ethernet(0x88a8, vlan(100, 0x8100, vlan(200, kIpv4Type, kTcp4))),
     Decoded::kOk,
     "payload",
     {100, 200}},
    {"old QinQ type",
     ethernet(0x9100, vlan(7, 0x8100, vlan(8, kIpv6Type, kTcp6))),
     Decoded::kOk,
     "payload",
     {7, 8}},
    {"four tags: the first three",
     ethernet(0x8100, vlan(1, 0x8100, vlan(2, 0x8100, vlan(3, 0x8100, vlan(4, kIpv4Type, kTcp4))))),
     Decoded::kOk,
     "payload",
     {1, 2, 3}},
    {"priority tag is no vlan", ethernet(0x8100, vlan(0xa000, kIpv4Type, kTcp4)), Decoded::kOk,
     "payload"},
    {"vlan tag cut", ethernet(0x8100, {0, 5, 8}), Decoded::kTruncated, ""},

    {"arp", ethernet(0x0806, Frame(28, 0)), Decoded::kNotIp, ""},
    {"802.3 with LLC", ethernet(0x0026, Frame(38, 0x42)), Decoded::kNotIp, ""},
    {"pppoe discovery", ethernet(0x8863, Frame(40, 0)), Decoded::kNotIp, ""},
    {"icmp", ethernet(kIpv4Type, ipv4({.protocol = 1}, Frame(8, 0))), Decoded::kNotTcpUdp, ""},
    {"ipv6 no next header", ethernet(kIpv6Type, ipv6(59, {})), Decoded::kNotTcpUdp, ""},
    {"ipv6 options mean nothing to ipv4",
     ethernet(kIpv4Type, ipv4({.protocol = 60}, chain_of_options(1, 6, tcp(kPayload)))),
     Decoded::kNotTcpUdp, ""},

    {"link padding is cut", ethernet(kIpv4Type, kTcp4 + Frame(20, 0))},
    {"padding behind an empty segment", ethernet(kIpv4Type, ipv4({}, tcp({})) + Frame(6, 0)),
     Decoded::kOk, ""},
    {"ipv6 padding is cut", ethernet(kIpv6Type, kTcp6 + Frame(20, 0))},
    {"udp length cuts",
     ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload, 8 + 3))),
     Decoded::kOk,
     "pay",
     {},
     IpProtocol::kUdp},
    {"total length 0: to the end of the frame",
     ethernet(kIpv4Type, ipv4({.total_size = 0}, tcp(kPayload)))},
    {"ipv6 payload length 0: to the end of the frame",
     ethernet(kIpv6Type, ipv6(6, tcp(kPayload), 0))},
    {"udp length 0: all there is",
     ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload, 0))),
     Decoded::kOk,
     "payload",
     {},
     IpProtocol::kUdp},

    {"capture cut in the payload", without_last(ethernet(kIpv4Type, kTcp4), 4), Decoded::kOk,
     "pay"},
    {"capture cut after the tcp header", without_last(ethernet(kIpv4Type, kTcp4), 7), Decoded::kOk,
     ""},
    {"capture cut in the udp payload",
     without_last(ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload))), 4),
     Decoded::kOk,
     "pay",
     {},
     IpProtocol::kUdp},
    {"capture cut in the tcp header", without_last(ethernet(kIpv4Type, kTcp4), 8),
     Decoded::kTruncated, ""},
    {"capture cut in the tcp options",
     without_last(ethernet(kIpv4Type, ipv4({}, tcp({}, Frame(12, 1)))), 1), Decoded::kTruncated,
     ""},
    {"capture cut in the ip header", without_last(ethernet(kIpv4Type, ipv4({}, {})), 1),
     Decoded::kTruncated, ""},
    {"capture cut in the ip options",
     without_last(ethernet(kIpv4Type, ipv4({.version_and_size = 0x46, .options = Frame(4, 1)}, {})),
                  1),
     Decoded::kTruncated, ""},
    {"capture cut in the ipv6 header", without_last(ethernet(kIpv6Type, ipv6(6, {})), 1),
     Decoded::kTruncated, ""},
    {"capture cut in the udp header",
     without_last(ethernet(kIpv4Type, ipv4({.protocol = 17}, udp({}))), 1), Decoded::kTruncated,
     ""},
    {"capture cut in the ethernet header", Frame(13, 0), Decoded::kTruncated, ""},
    {"nothing", {}, Decoded::kTruncated, ""},

    {"ip version of another family", ethernet(kIpv4Type, kTcp6), Decoded::kMalformed, ""},
    {"ipv6 version of another family", ethernet(kIpv6Type, ipv6(6, tcp(kPayload), -1, 4)),
     Decoded::kMalformed, ""},
    {"ip header of four words", ethernet(kIpv4Type, ipv4({.version_and_size = 0x44}, tcp({}))),
     Decoded::kMalformed, ""},
    {"total length within the ip header", ethernet(kIpv4Type, ipv4({.total_size = 19}, tcp({}))),
     Decoded::kMalformed, ""},
    {"total length leaves no room for tcp", ethernet(kIpv4Type, ipv4({.total_size = 39}, tcp({}))),
     Decoded::kMalformed, ""},
    {"total length of the ip header alone", ethernet(kIpv4Type, ipv4({.total_size = 20}, tcp({}))),
     Decoded::kMalformed, ""},
    {"ipv6 payload length leaves no room for tcp", ethernet(kIpv6Type, ipv6(6, tcp(kPayload), 19)),
     Decoded::kMalformed, ""},
    {"tcp header of four words", ethernet(kIpv4Type, ipv4({}, tcp(kPayload, {}, 4))),
     Decoded::kMalformed, ""},
    {"tcp options past the ip length", ethernet(kIpv4Type, ipv4({}, tcp(kPayload, {}, 15))),
     Decoded::kMalformed, ""},
    {"udp length within its header", ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload, 7))),
     Decoded::kMalformed, ""},
    {"udp length past the ip length",
     ethernet(kIpv4Type, ipv4({.protocol = 17}, udp(kPayload, 100))), Decoded::kMalformed, ""},

    {"first fragment", ethernet(kIpv4Type, ipv4({.fragment = 0x2000}, tcp(kPayload))),
     Decoded::kFragment, ""},
    {"later fragment", ethernet(kIpv4Type, ipv4({.fragment = 0x00b9}, kPayload)),
     Decoded::kFragment, ""},
    {"last fragment without a byte of tcp", ethernet(kIpv4Type, ipv4({.fragment = 0x00b9}, {})),
     Decoded::kFragment, ""},
    {"the reserved bit makes no fragment",
     ethernet(kIpv4Type, ipv4({.fragment = 0x8000}, tcp(kPayload)))},
    {"ipv6 first fragment",
     ethernet(kIpv6Type, ipv6(44, Frame{6, 0, 0, 1, 0, 0, 0, 9} + tcp(kPayload))),
     Decoded::kFragment, ""},
    {"ipv6 later fragment",
     ethernet(kIpv6Type, ipv6(44, Frame{6, 0, 5, 0xa8, 0, 0, 0, 9} + kPayload)), Decoded::kFragment,
     ""},
    {"ipv6 atomic fragment is whole",
     ethernet(kIpv6Type, ipv6(44, Frame{6, 0, 0, 0, 0, 0, 0, 9} + tcp(kPayload)))},
    {"ipv6 fragment header cut",
     without_last(ethernet(kIpv6Type, ipv6(44, Frame{6, 0, 0, 1, 0, 0, 0, 9})), 1),
     Decoded::kTruncated, ""},

    {"ipv6 hop-by-hop options",
     ethernet(kIpv6Type, ipv6(0, Frame{6, 0, 1, 4, 0, 0, 0, 0} + tcp(kPayload)))},
    {"ipv6 long destination options",
     ethernet(kIpv6Type, ipv6(60, Frame{6, 1} + Frame(14, 0) + tcp(kPayload)))},
    {"ipv6 routing header",
     ethernet(kIpv6Type, ipv6(43, Frame{6, 2, 0, 0} + Frame(20, 0) + tcp(kPayload)))},
    {"ipv6 authentication header, then udp",
     ethernet(kIpv6Type, ipv6(51, Frame{17, 4} + Frame(22, 0) + udp(kPayload))),
     Decoded::kOk,
     "payload",
     {},
     IpProtocol::kUdp},
    {"ipv4 authentication header",
     ethernet(kIpv4Type, ipv4({.protocol = 51}, Frame{6, 1} + Frame(10, 0) + tcp(kPayload)))},
    {"ipv6 options past the payload length", ethernet(kIpv6Type, ipv6(60, Frame{6, 9, 0, 0})),
     Decoded::kMalformed, ""},
    {"ipv6 options cut by the capture", ethernet(kIpv6Type, ipv6(60, Frame{6, 9, 0, 0}, 200)),
     Decoded::kTruncated, ""},
    {"ipv6 options cut to one byte", ethernet(kIpv6Type, ipv6(60, Frame{6}, 200)),
     Decoded::kTruncated, ""},
    {"authentication header cut", ethernet(kIpv6Type, ipv6(51, Frame{6, 4, 0}, 200)),
     Decoded::kTruncated, ""},
    // Ethernet, IPv6, 13 options and TCP are the 16 headers that are walked.
    {"as many headers as are walked",
     ethernet(kIpv6Type, ipv6(60, chain_of_options(13, 6, tcp(kPayload))))},
    {"one header more", ethernet(kIpv6Type, ipv6(60, chain_of_options(14, 6, tcp(kPayload)))),
     Decoded::kTooDeep, ""},
};

class Decode : public testing::TestWithParam<Case> {};

TEST_P(Decode, SaysWhatBecameOfTheFrame) {
    const Case& given = GetParam();
    PacketView packet;
    packet.payload = as_bytes("left over from the packet before");
    const Decoded decoded = decode(given.frame, packet);
    EXPECT_EQ(name(decoded), name(given.decoded));
    EXPECT_EQ(as_text(packet.payload), given.payload);
    EXPECT_EQ(packet.envelope.vlans, given.vlans);
    EXPECT_EQ(packet.envelope.outer.kind, Encapsulation::kNone);
    EXPECT_EQ(packet.wire_size, given.frame.size());
    if (decoded == Decoded::kOk) {
        EXPECT_EQ(packet.protocol, given.protocol);
        EXPECT_EQ(packet.source_port, 50000);
    }
}

INSTANTIATE_TEST_SUITE_P(Frames, Decode, testing::ValuesIn(kCases), [](const auto& parameter) {
    std::string name = parameter.param.name;
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
});

TEST(DecodeFields, OfTcpOverIpv4) {
    PacketView packet;
    ASSERT_EQ(decode(ethernet(kIpv4Type, kTcp4), packet), Decoded::kOk);
    EXPECT_EQ(packet.source.to_string(), "10.1.2.3");
    EXPECT_EQ(packet.destination.to_string(), "10.9.8.7");
    EXPECT_EQ(packet.source_port, 50000);
    EXPECT_EQ(packet.destination_port, 1433);
    EXPECT_EQ(packet.sequence, 0x01020304u);
    EXPECT_EQ(packet.acknowledgement, 0x05060708u);
    EXPECT_EQ(packet.window, 512);
    EXPECT_EQ(packet.tcp_flags, kPsh | kAck);
}

TEST(DecodeFields, OfUdpOverIpv6) {
    PacketView packet;
    ASSERT_EQ(decode(ethernet(kIpv6Type, ipv6(17, udp(kPayload))), packet), Decoded::kOk);
    EXPECT_EQ(packet.source.to_string(), "2001:db8::1");
    EXPECT_EQ(packet.destination.to_string(), "2001:db8::2");
    EXPECT_EQ(packet.destination_port, 1434);
    EXPECT_EQ(packet.tcp_flags, 0);
    EXPECT_EQ(packet.sequence, 0u);
}

TEST(DecodeFields, PayloadPointsIntoTheFrame) {
    const Frame frame = ethernet(kIpv4Type, kTcp4);
    PacketView packet;
    ASSERT_EQ(decode(frame, packet), Decoded::kOk);
    EXPECT_EQ(packet.payload.data(), frame.data() + frame.size() - kPayload.size());
}

// A capture may be cut anywhere: whatever is left must decode to a prefix of the payload or say
// that the headers are not whole.
TEST(DecodeCut, EveryPrefixOfEveryFrame) {
    for (const Case& given : kCases) {
        PacketView whole;
        if (decode(given.frame, whole) != Decoded::kOk) continue;
        for (std::size_t size = 0; size < given.frame.size(); ++size) {
            // On the heap and of this very size, so that a sanitiser sees each byte too far.
            const Frame cut(given.frame.begin(),
                            given.frame.begin() + static_cast<std::ptrdiff_t>(size));
            PacketView packet;
            const Decoded decoded = decode(cut, packet);
            if (decoded == Decoded::kOk) {
                EXPECT_TRUE(as_text(whole.payload).starts_with(as_text(packet.payload)))
                    << given.name << " cut to " << size;
            } else {
                EXPECT_EQ(decoded, Decoded::kTruncated) << given.name << " cut to " << size;
            }
        }
    }
}

TEST(DecodeNames, AreDistinctMetricLabels) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kDecodedCount; ++i) {
        names.insert(name(static_cast<Decoded>(i)));
    }
    EXPECT_EQ(names.size(), kDecodedCount);
    EXPECT_EQ(name(Decoded::kNotIp), "not_ip");
    EXPECT_EQ(name(Decoded::kTooDeep), "too_deep");
}

struct ScaleCase {
    const char* name;
    Frame options;
    std::uint8_t scale;
    std::uint8_t flags = kSyn;
};

// RFC 7323 section 2.2, RFC 9293 section 3.1.
TEST(WindowScale, IsReadFromSynOptions) {
    const ScaleCase kScales[] = {
        {"none", {}, kNoWindowScale},
        {"alone", {3, 3, 7, 0}, 7},
        {"of a syn-ack", {3, 3, 7, 0}, 7, kSyn | kAck},
        {"as linux sends it",
         {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 10},
         10},
        {"more than there is", {3, 3, 200, 0}, 14},
        {"behind the end", {0, 3, 3, 7}, kNoWindowScale},
        {"of another size", {3, 4, 7, 7}, kNoWindowScale},
        {"cut", {1, 1, 3, 3}, kNoWindowScale},
        {"without a size", {1, 1, 1, 3}, kNoWindowScale},
        {"behind an option of no size", {8, 0, 3, 3, 7, 0, 0, 0}, kNoWindowScale},
        {"behind an option too long", {8, 9, 3, 3, 7, 0, 0, 0}, kNoWindowScale},
        {"of no syn", {3, 3, 7, 0}, kNoWindowScale, kAck},
    };
    for (const ScaleCase& given : kScales) {
        Frame segment = tcp(kPayload, given.options);
        segment[13] = given.flags;
        PacketView packet;
        ASSERT_EQ(decode(ethernet(kIpv4Type, ipv4({}, segment)), packet), Decoded::kOk);
        EXPECT_EQ(packet.window_scale, given.scale) << given.name;
        EXPECT_EQ(packet.payload.size(), kPayload.size()) << given.name;
    }
}

}  // namespace
}  // namespace querytap::packet::test
