// Where a tunnel ends: headers that say nothing, ports of something else, too many tunnels.
#include <gtest/gtest.h>

#include <querytap/packet/decode.h>

#include "tunnel_frames.h"

namespace querytap::packet::test {
namespace {

struct Bad {
    const char* name;
    Frame frame;
    Decoded decoded;
};

const Bad kBad[] = {
    {"mpls without a bottom", ethernet(kMplsType, mpls(16, false, {})), Decoded::kTruncated},
    {"mpls with nothing behind", ethernet(kMplsType, mpls(16, true, {})), Decoded::kTruncated},
    {"mpls channel", ethernet(kMplsType, mpls(16, true, Frame{0x10, 0, 0, 0} + kInner)),
     Decoded::kNotIp},
    {"endless labels", ethernet(kMplsType, Frame(200, 0)), Decoded::kTooDeep},
    {"pppoe of another version", ethernet(kPppoeType, Frame{0x21, 0, 0, 7, 0, 2, 0, 0x21}),
     Decoded::kMalformed},
    {"pppoe with a code", ethernet(kPppoeType, Frame{0x11, 9, 0, 7, 0, 2, 0, 0x21}),
     Decoded::kMalformed},
    {"pppoe of one byte", ethernet(kPppoeType, pppoe(0x21, kTcp4, 1)), Decoded::kMalformed},
    {"pppoe length lies", ethernet(kPppoeType, pppoe(0x21, kTcp4, 22)), Decoded::kTruncated},
    {"lcp", ethernet(kPppoeType, pppoe(0xc021, Frame(20, 1))), Decoded::kNotIp},
    {"gre of pptp", in_gre(0x2001, 0x880b, Frame(4, 0), kTcp4), Decoded::kNotTcpUdp},
    {"gre with a source route", in_gre(0x4000, kIpv4Type, Frame(8, 0), kTcp4), Decoded::kNotTcpUdp},
    {"gre of arp", in_gre(0, 0x0806, {}, Frame(28, 0)), Decoded::kNotIp},
    {"gre key missing", in_gre(0x2000, kIpv4Type, {1, 2}, {}), Decoded::kMalformed},
    {"gre header missing", outer4(kGre, {0, 0, 8}), Decoded::kMalformed},
    {"erspan ii of another version", in_gre(0x1000, 0x88be, Frame(4, 1), erspan2(kInner, 3)),
     Decoded::kMalformed},
    {"erspan ii header missing", in_gre(0x1000, 0x88be, Frame(4, 1), Frame(7, 0x10)),
     Decoded::kMalformed},
    {"erspan iii of another version", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(0, kInner, 1)),
     Decoded::kMalformed},
    {"erspan iii subheader missing", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(1, Frame(7, 0))),
     Decoded::kMalformed},
    {"erspan iii of infiniband", in_gre(0x1000, 0x22eb, Frame(4, 1), erspan3(9 << 10, kInner)),
     Decoded::kNotIp},
    {"arp in vxlan", in_udp(4789, vxlan(ethernet(0x0806, Frame(28, 0)))), Decoded::kNotIp},
    {"geneve options missing", in_udp(6081, geneve(0x6558, {}, Frame(8, 0), 0, 40)),
     Decoded::kMalformed},
    {"ip in ip of another version", outer4(4, kTcp6), Decoded::kMalformed},
    {"nothing in ip in ip", outer4(4, {}), Decoded::kTruncated},
    {"icmp in 6in4", outer4(41, ipv6(58, Frame(8, 0))), Decoded::kNotTcpUdp},
};

class BadTunnel : public testing::TestWithParam<Bad> {};

TEST_P(BadTunnel, SaysWhy) {
    PacketView packet;
    EXPECT_EQ(name(decode(GetParam().frame, packet)), name(GetParam().decoded));
    EXPECT_TRUE(packet.payload.empty());
}

INSTANTIATE_TEST_SUITE_P(Frames, BadTunnel, testing::ValuesIn(kBad),
                         [](const auto& tested) { return test_name(tested.param.name); });

TEST(TunnelPort, WhatIsNoTunnelIsADatagram) {
    for (const Frame& frame :
         {in_udp(4789, vxlan(kInner, 0)), in_udp(4789, Frame(7, 8)), in_udp(4789, {}),
          in_udp(6081, geneve(0x6558, {}, kInner, 1)), in_udp(6081, geneve(0x1234, {}, kInner)),
          in_udp(6081, Frame(7, 0)), in_udp(10800, vxlan(kInner))}) {
        PacketView packet;
        ASSERT_EQ(name(decode(frame, packet)), "ok");
        EXPECT_EQ(packet.protocol, IpProtocol::kUdp);
        EXPECT_EQ(packet.source.to_string(), "192.1.2.3");
        EXPECT_TRUE(packet.envelope.empty());
        EXPECT_EQ(packet.payload.size(), frame.size() - 42);
    }
}

TEST(TunnelPort, OfVxlanIsConfigured) {
    const Frame mirrored = in_udp(10800, vxlan(kInner));
    PacketView packet;
    ASSERT_EQ(decode(mirrored, packet, {.vxlan_ports = {4789, 10800}}), Decoded::kOk);
    EXPECT_EQ(packet.envelope.outer.kind, Encapsulation::kVxlan);
    ASSERT_EQ(decode(in_udp(4789, vxlan(kInner)), packet, {.vxlan_ports = {}}), Decoded::kOk);
    EXPECT_EQ(packet.envelope.outer.kind, Encapsulation::kNone);
    ASSERT_EQ(decode(in_udp(0, vxlan(kInner)), packet), Decoded::kOk);
    EXPECT_EQ(packet.envelope.outer.kind, Encapsulation::kNone) << "0 is an unused place";
}

TEST(TunnelDepth, IsBounded) {
    Frame nested = kTcp4;
    for (int depth = 1; depth <= 20; ++depth) {
        nested = ipv4({.protocol = 4, .network = 192}, nested);
        PacketView packet;
        const Decoded decoded = decode(ethernet(kIpv4Type, nested), packet);
        // Ethernet and TCP are two headers; each tunnel is two: that it is one, and its IP.
        if (2 + 1 + 2 * depth <= kHeadersMax) {
            EXPECT_EQ(name(decoded), "ok") << depth;
            EXPECT_EQ(packet.envelope.outer.depth, depth);
        } else {
            EXPECT_EQ(name(decoded), "too_deep") << depth;
            EXPECT_TRUE(packet.payload.empty());
        }
    }
}

TEST(TunnelDepth, VxlanInVxlanTooDeepLeavesNoPayload) {
    Frame nested = kInner;
    for (int depth = 1; depth <= 8; ++depth)
        nested = in_udp(4789, vxlan(nested));
    PacketView packet;
    EXPECT_EQ(name(decode(nested, packet)), "too_deep");
    EXPECT_TRUE(packet.payload.empty());
}

}  // namespace
}  // namespace querytap::packet::test
