// What stands between Ethernet and the packet that counts: labels, sessions, tunnels.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include <querytap/packet/decode.h>

#include "tunnel_frames.h"

namespace querytap::packet::test {
namespace {

/// Other bytes from `place` on.
Frame with(Frame frame, std::size_t place, const Frame& bytes) {
    std::copy(bytes.begin(), bytes.end(), frame.begin() + static_cast<std::ptrdiff_t>(place));
    return frame;
}
Frame to(const Frame& address, const Frame& frame) {
    return with(frame, 0, address);
}
Frame from(const Frame& address, const Frame& frame) {
    return with(frame, 6, address);
}
/// With a right checksum.
Frame ipv4_from(const Frame& address, const Frame& rest) {
    Frame packet = with(ipv4({}, rest), 12, address);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2)
        sum += packet[i] * 256u + packet[i + 1];
    const std::uint32_t checksum = ~(sum % 0xffff) & 0xffff;
    return with(packet, 10, {high(checksum), low(checksum)});
}

struct Case {
    const char* name;
    Frame frame;
    Encapsulation kind = Encapsulation::kNone;
    std::uint32_t id = 0;
    int depth = 1;
    Vlans vlans{};
    bool outer_ipv6 = false;
    const char* source = nullptr;  // other than the usual
};

const Case kCases[] = {
    {"mpls", ethernet(kMplsType, mpls(16, true, kTcp4))},
    {"mpls stack", ethernet(kMplsType, mpls(16, false, mpls(17, false, mpls(18, true, kTcp6))))},
    {"mpls with upstream labels", ethernet(0x8848, mpls(16, true, kTcp4))},
    {"mpls in vlan",
     ethernet(0x8100, vlan(5, kMplsType, mpls(16, true, kTcp4))),
     Encapsulation::kNone,
     0,
     0,
     {5}},
    {"pseudowire without control word", ethernet(kMplsType, mpls(16, true, kInner))},
    {"pseudowire with control word", ethernet(kMplsType, mpls(16, true, Frame(4, 0) + kInner))},
    {"pseudowire with sequence", ethernet(kMplsType, mpls(16, true, Frame{0, 0, 1, 2} + kInner))},
    {"pseudowire of a tagged frame",
     ethernet(kMplsType, mpls(16, true, Frame(4, 0) + kTaggedInner)),
     Encapsulation::kNone,
     0,
     0,
     {33}},
    {"pseudowire without control word to an address of zeros",
     ethernet(kMplsType, mpls(16, true, Frame(6, 0) + Frame(6, 2) + Frame{8, 0} + kTcp4))},
    {"pseudowire without control word of a tagged frame to an address of zeros",
     ethernet(kMplsType, mpls(16, true, to({0, 0, 0x5e, 0, 1, 1}, kTaggedInner))),
     Encapsulation::kNone,
     0,
     0,
     {33}},
    {"pseudowire with control word from an address like a tag",
     ethernet(kMplsType, mpls(16, true, Frame(4, 0) + from({2, 0, 8, 0, 0x15, 2}, kInner)))},
    {"pseudowire to an address like a channel",
     ethernet(kMplsType, mpls(16, true, to({0x14, 0, 0, 1, 2, 3}, kInner)))},
    {"pseudowire to another address like a channel",
     ethernet(kMplsType, mpls(16, true, to({0x10, 0x60, 0, 1, 2, 3}, kInner)))},
    {"pseudowire to an address like ipv4",
     ethernet(kMplsType, mpls(16, true, to({0x45, 0, 0, 40, 2, 3}, kInner)))},
    {"pseudowire to an address like ipv4 without a size",
     ethernet(kMplsType, mpls(16, true, to({0x40, 0, 0, 40, 2, 3}, kTaggedInner))),
     Encapsulation::kNone,
     0,
     0,
     {33}},
    {"pseudowire to an address like ipv6",
     ethernet(kMplsType, mpls(16, true, to({0x60, 0, 0, 1, 0xee, 3}, kInner)))},
    {"no pseudowire: ipv4 from an address like an ethertype",
     ethernet(kMplsType, mpls(16, true, ipv4_from({8, 0, 0x45, 1}, tcp(kPayload)))),
     Encapsulation::kNone,
     0,
     0,
     {},
     false,
     "8.0.69.1"},
    {"no pseudowire: ipv6 from an address like an ethertype",
     ethernet(kMplsType, mpls(16, true, with(kTcp6, 12, {8, 0, 0x45, 1}))),
     Encapsulation::kNone,
     0,
     0,
     {},
     false,
     "2001:db8:800:4501::1"},

    {"pppoe ipv4", ethernet(kPppoeType, pppoe(0x0021, kTcp4))},
    {"pppoe ipv6", ethernet(kPppoeType, pppoe(0x0057, kTcp6))},
    {"pppoe mpls", ethernet(kPppoeType, pppoe(0x0281, mpls(16, true, kTcp4)))},
    {"pppoe with padding", ethernet(kPppoeType, pppoe(0x0021, kTcp4) + Frame(9, 0))},
    {"pppoe in qinq",
     ethernet(0x88a8, vlan(7, 0x8100, vlan(8, kPppoeType, pppoe(0x21, kTcp4)))),
     Encapsulation::kNone,
     0,
     0,
     {7, 8}},

    {"gre", in_gre(0, kIpv4Type, {}, kTcp4), Encapsulation::kGre},
    {"gre ipv6", in_gre(0, kIpv6Type, {}, kTcp6), Encapsulation::kGre},
    {"gre mpls", in_gre(0, kMplsType, {}, mpls(16, true, kTcp4)), Encapsulation::kGre},
    {"gre checksum", in_gre(0x8000, kIpv4Type, Frame(4, 9), kTcp4), Encapsulation::kGre},
    {"gre key", in_gre(0x2000, kIpv4Type, {1, 2, 3, 4}, kTcp4), Encapsulation::kGre, 0x01020304},
    {"gre sequence", in_gre(0x1000, kIpv4Type, Frame(4, 9), kTcp4), Encapsulation::kGre},
    {"gre all three", in_gre(0xb000, kIpv4Type, {8, 8, 8, 8, 1, 2, 3, 4, 9, 9, 9, 9}, kTcp4),
     Encapsulation::kGre, 0x01020304},
    {"ethernet over gre", in_gre(0, 0x6558, {}, kInner), Encapsulation::kGre},
    {"nvgre", in_gre(0x2000, 0x6558, {0x12, 0x34, 0x56, 7}, kInner), Encapsulation::kNvgre,
     0x123456},
    {"ethernet over gre with a key that is no vsid",
     in_gre(0x2000, 0x6558, {0, 0x0f, 0xff, 7}, kInner), Encapsulation::kGre, 0x000fff07},
    {"nvgre of the first vsid", in_gre(0x2000, 0x6558, {0, 0x10, 0, 0}, kInner),
     Encapsulation::kNvgre, 0x1000},
    {"ethernet over gre with a key and a sequence",
     in_gre(0x3000, 0x6558, {0x12, 0x34, 0x56, 7, 0, 0, 0, 1}, kInner), Encapsulation::kGre,
     0x12345607},
    {"gre over ipv6",
     ethernet(kIpv6Type, ipv6(kGre, gre(0, kIpv4Type, {}, kTcp4))),
     Encapsulation::kGre,
     0,
     1,
     {},
     true},

    {"erspan i", in_gre(0, 0x88be, {}, kInner), Encapsulation::kErspan1},
    {"erspan ii", in_gre(0x1000, 0x88be, Frame(4, 1), erspan2(kInner)), Encapsulation::kErspan2, 5},
    {"erspan ii of a tagged frame",
     in_gre(0x1000, 0x88be, Frame(4, 1), erspan2(kTaggedInner)),
     Encapsulation::kErspan2,
     5,
     1,
     {33}},
    {"erspan ii with the tag in its header",
     in_gre(0x1000, 0x88be, Frame(4, 1), with(erspan2(kInner), 0, {0x10, 33, 0x10, 5})),
     Encapsulation::kErspan2,
     5,
     1,
     {33}},
    {"erspan ii with the outer of two tags in its header",
     in_gre(0x1000, 0x88be, Frame(4, 1), with(erspan2(kTaggedInner), 0, {0x11, 2, 0x10, 5})),
     Encapsulation::kErspan2,
     5,
     1,
     {258, 33}},
    {"erspan ii of an untagged frame on a vlan, in a vlan",
     ethernet(0x8100, vlan(5, kIpv4Type,
                           ipv4({.protocol = kGre, .network = 192},
                                gre(0x1000, 0x88be, Frame(4, 1), erspan2(kInner))))),
     Encapsulation::kErspan2,
     5,
     1,
     {5}},
    {"erspan iii", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(0, kInner)), Encapsulation::kErspan3,
     6},
    {"erspan iii without sequence", in_gre(0, 0x22eb, {}, erspan3(0, kInner)),
     Encapsulation::kErspan3, 6},
    {"erspan iii with subheader",
     in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(1, Frame(8, 0xff) + kInner)),
     Encapsulation::kErspan3, 6},
    {"erspan iii of an ip packet", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(2 << 10, kTcp4)),
     Encapsulation::kErspan3, 6},
    {"erspan iii of an ipv6 packet", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(2 << 10, kTcp6)),
     Encapsulation::kErspan3, 6},

    {"vxlan", in_udp(4789, vxlan(kInner)), Encapsulation::kVxlan, 0x123456},
    {"vxlan on linux' port", in_udp(8472, vxlan(kInner)), Encapsulation::kVxlan, 0x123456},
    {"vxlan of a tagged frame",
     in_udp(4789, vxlan(kTaggedInner)),
     Encapsulation::kVxlan,
     0x123456,
     1,
     {33}},
    {"vxlan with flags reserved today", in_udp(4789, vxlan(kInner, 0xff)), Encapsulation::kVxlan,
     0x123456},
    {"vxlan in vlan: no tags inside, those outside",
     ethernet(0x8100, vlan(5, kIpv4Type,
                           ipv4({.protocol = 17, .network = 192}, udp_to(4789, vxlan(kInner))))),
     Encapsulation::kVxlan,
     0x123456,
     1,
     {5}},
    {"vxlan in qinq of a tagged frame: tags inside",
     ethernet(0x88a8, vlan(5, 0x8100,
                           vlan(6, kIpv4Type,
                                ipv4({.protocol = 17, .network = 192},
                                     udp_to(4789, vxlan(kTaggedInner)))))),
     Encapsulation::kVxlan,
     0x123456,
     1,
     {33}},
    {"vxlan in vlan of a frame with a priority tag: no vlans inside, those outside",
     ethernet(0x8100,
              vlan(5, kIpv4Type,
                   ipv4({.protocol = 17, .network = 192},
                        udp_to(4789, vxlan(ethernet(0x8100, vlan(0xa000, kIpv4Type, kTcp4))))))),
     Encapsulation::kVxlan,
     0x123456,
     1,
     {5}},
    {"vxlan over ipv6",
     ethernet(kIpv6Type, ipv6(17, udp_to(4789, vxlan(kInner)))),
     Encapsulation::kVxlan,
     0x123456,
     1,
     {},
     true},

    {"geneve", in_udp(6081, geneve(0x6558, {}, kInner)), Encapsulation::kGeneve, 0x123456},
    {"geneve with options", in_udp(6081, geneve(0x6558, Frame(12, 0x80), kInner)),
     Encapsulation::kGeneve, 0x123456},
    {"geneve of ip", in_udp(6081, geneve(kIpv4Type, {}, kTcp4)), Encapsulation::kGeneve, 0x123456},

    {"ip in ip", outer4(4, kTcp4), Encapsulation::kIpip},
    {"6in4", outer4(41, kTcp6), Encapsulation::k6in4},
    {"4in6", ethernet(kIpv6Type, ipv6(4, kTcp4)), Encapsulation::k4in6, 0, 1, {}, true},
    {"6in6", ethernet(kIpv6Type, ipv6(41, kTcp6)), Encapsulation::k6in6, 0, 1, {}, true},
    {"mpls in ip", ethernet(kIpv4Type, ipv4({.protocol = 137}, mpls(16, true, kTcp4)))},

    {"a mirror of a virtual network",
     in_gre(0x1000, 0x88be, Frame(4, 1),
            erspan2(ethernet(0x8100, vlan(9, kIpv4Type,
                                          ipv4({.protocol = 17, .network = 192},
                                               udp_to(4789, vxlan(kInner))))))),
     Encapsulation::kVxlan,
     0x123456,
     2,
     {9}},
    {"ip in ip in ip", outer4(4, ipv4({.protocol = 4, .network = 192}, kTcp4)),
     Encapsulation::kIpip, 0, 2},
};

class Tunnel : public testing::TestWithParam<Case> {};

TEST_P(Tunnel, GivesTheInnermostPacketAndTheWayItCame) {
    const Case& given = GetParam();
    PacketView packet;
    ASSERT_EQ(name(decode(given.frame, packet)), "ok");
    EXPECT_EQ(as_text(packet.payload), "payload");
    EXPECT_EQ(packet.wire_size, given.frame.size());
    EXPECT_EQ(packet.destination_port, 1433);
    const std::string source = packet.source.to_string();
    if (given.source != nullptr) {
        EXPECT_EQ(source, given.source);
    } else {
        EXPECT_TRUE(source == "10.1.2.3" || source == "2001:db8::1") << source;
    }
    EXPECT_EQ(packet.envelope.vlans, given.vlans);
    const Outer& outer = packet.envelope.outer;
    EXPECT_EQ(name(outer.kind), name(given.kind));
    if (outer.kind == Encapsulation::kNone) return;
    EXPECT_EQ(outer.id, given.id);
    EXPECT_EQ(outer.depth, given.depth);
    EXPECT_EQ(outer.source.to_string(), given.outer_ipv6 ? "2001:db8::1" : "192.1.2.3");
    EXPECT_EQ(outer.destination.to_string(), given.outer_ipv6 ? "2001:db8::2" : "192.9.8.7");
}

INSTANTIATE_TEST_SUITE_P(Frames, Tunnel, testing::ValuesIn(kCases),
                         [](const auto& tested) { return test_name(tested.param.name); });

// A mirror, or the capture, may cut anywhere: the rest is a prefix of the payload, or headers that
// are not whole; or, in a tunnel over UDP cut within its header, a datagram.
TEST(TunnelCut, EveryPrefixOfEveryFrame) {
    for (const Case& given : kCases) {
        for (std::size_t size = 0; size < given.frame.size(); ++size) {
            const Frame cut(given.frame.begin(),
                            given.frame.begin() + static_cast<std::ptrdiff_t>(size));
            PacketView packet;
            const Decoded decoded = decode(cut, packet);
            if (decoded == Decoded::kOk && packet.destination_port == 1433) {
                EXPECT_TRUE(std::string_view("payload").starts_with(as_text(packet.payload)));
                continue;
            }
            if (decoded == Decoded::kOk) {
                EXPECT_EQ(packet.protocol, IpProtocol::kUdp) << given.name << " cut to " << size;
                continue;
            }
            EXPECT_TRUE(packet.payload.empty());
            // MPLS guesses by what it sees, and sees less.
            if (std::string_view(given.name).find("pseudowire") != std::string_view::npos) continue;
            EXPECT_EQ(name(decoded), "truncated") << given.name << " cut to " << size;
        }
    }
}

// What was cut inside the tunnel while the tunnel itself is whole, as mirrors with a length limit
// send it: truncated, not malformed.
TEST(TunnelCut, InsideAWholeTunnel) {
    for (std::size_t size = 14; size < kInner.size(); ++size) {
        const Frame cut(kInner.begin(), kInner.begin() + static_cast<std::ptrdiff_t>(size));
        PacketView packet;
        const Decoded decoded = decode(in_udp(4789, vxlan(cut)), packet);
        EXPECT_EQ(name(decoded), size < 54 ? "truncated" : "ok") << size;
    }
}

}  // namespace
}  // namespace querytap::packet::test
