#include "../../../src/dataplane/fragment_lanes.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rte_mbuf.h>

#include "../packet/frame_builder.h"

namespace querytap::dataplane {
namespace {

using namespace packet::test;
using packet::test::Frame;

constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kMore = 0x2000;
constexpr std::size_t kLanes = 64;  // so that a right lane is hardly one by chance
constexpr FlowHash kHash{.secret = 7, .decode = {}, .key = {}};

Timestamp at(double seconds) {
    return from_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

/// 10.1.2.`client` to 10.9.8.7, in a tunnel from 192.1.2.3 to 192.9.8.7.
Frame inner_ip(std::uint8_t client, std::size_t size) {
    Frame packet = ipv4({}, tcp(Frame(size, 'x')));
    packet[15] = client;
    return packet;
}

struct Tunnel {
    const char* name;
    std::uint8_t protocol;
    Frame (*around)(const Frame& inner);
};
const Tunnel kTunnels[] = {
    {"gre", 47, [](const Frame& inner) { return gre(0, kIpv4Type, {}, inner); }},
    {"vxlan", 17,
     [](const Frame& inner) { return udp_to(4789, vxlan(ethernet(kIpv4Type, inner))); }},
    {"erspan", 47,
     [](const Frame& inner) {
         return gre(0x1000, 0x88be, Frame(4, 1), erspan2(ethernet(kIpv4Type, inner)));
     }},
    {"ip in ip", 4, [](const Frame& inner) { return inner; }},
};

Frame outer(const Frame& rest, std::uint8_t protocol, std::uint16_t fragment, std::uint16_t id) {
    return ethernet(
        kIpv4Type,
        ipv4({.protocol = protocol, .fragment = fragment, .network = 192, .id = id}, rest));
}

std::vector<Frame> cut(const Frame& datagram, std::uint8_t protocol, std::uint16_t id,
                       std::size_t step = 400) {
    std::vector<Frame> frames;
    for (std::size_t offset = 0; offset < datagram.size(); offset += step) {
        const std::size_t end = std::min(offset + step, datagram.size());
        const auto first = datagram.begin();
        const auto field =
            static_cast<std::uint16_t>(offset / 8 | (end < datagram.size() ? kMore : 0u));
        frames.push_back(outer(
            {first + static_cast<std::ptrdiff_t>(offset), first + static_cast<std::ptrdiff_t>(end)},
            protocol, field, id));
    }
    return frames;
}

/// Where the same packet goes when it comes in one frame.
std::size_t lane_of(const Frame& frame) {
    packet::PacketView view;
    EXPECT_EQ(name(packet::decode(frame, view)), "ok");
    return kHash.lane_of(view, kLanes);
}
/// By the addresses of the tunnel.
std::size_t outer_lane_of(const Frame& frame) {
    packet::PacketView view;
    EXPECT_EQ(name(packet::decode(frame, view)), "fragment");
    return kHash.lane_of(view, kLanes);
}

class FragmentLanesTest : public testing::Test {
  protected:
    /// What is handed on with the frame, as "mbuf>lane"; mbufs are numbered as they come.
    std::vector<std::string> push(const Frame& frame, Timestamp now = at(0)) {
        packet::Fragment part;
        EXPECT_EQ(name(packet::decode_fragment(frame, part)), "fragment");
        return text_of(lanes_.push(&mbufs_[next_++ % mbufs_.size()], part, now));
    }
    std::vector<std::string> text_of(std::span<const FragmentLanes::Placed> placed) {
        std::vector<std::string> out;
        for (const FragmentLanes::Placed& each : placed)
            out.push_back(said(static_cast<std::size_t>(each.mbuf - mbufs_.data()), each.lane));
        return out;
    }
    static std::string said(std::size_t mbuf, std::size_t lane) {
        return std::to_string(mbuf) + ">" + std::to_string(lane);
    }

    FragmentLanes lanes_{8, kLanes, kHash};
    std::vector<rte_mbuf> mbufs_{2 * FragmentLanes::kWaitingMax};
    std::size_t next_ = 0;
};

using Said = std::vector<std::string>;

TEST_F(FragmentLanesTest, OfATunnelGoWhereTheInnerPacketGoes) {
    std::uint16_t id = 0;
    std::set<std::size_t> seen;
    for (const Tunnel& tunnel : kTunnels) {
        for (std::uint8_t client = 1; client != 20; ++client) {
            const Frame small = tunnel.around(inner_ip(client, 10));
            const std::size_t lane = lane_of(outer(small, tunnel.protocol, 0, 1));
            seen.insert(lane);
            next_ = 0;
            std::size_t n = 0;
            for (const Frame& part :
                 cut(tunnel.around(inner_ip(client, 1400)), tunnel.protocol, ++id))
                EXPECT_EQ(push(part), Said{said(n++, lane)}) << tunnel.name;
        }
    }
    EXPECT_GT(seen.size(), 8u) << "different flows must be told apart";
    EXPECT_EQ(lanes_.displaced(), 0u) << "whole datagrams make room";
}

TEST_F(FragmentLanesTest, BeforeTheFirstWaitForIt) {
    const Frame datagram = kTunnels[1].around(inner_ip(9, 1000));
    const std::size_t lane = lane_of(outer(datagram, 17, 0, 1));
    const std::vector<Frame> parts = cut(datagram, 17, 5);
    ASSERT_EQ(parts.size(), 3u);
    EXPECT_EQ(push(parts[2]), Said{});
    EXPECT_EQ(push(parts[1]), Said{});
    EXPECT_EQ(lanes_.waiting(), 2u);
    EXPECT_EQ(push(parts[0]), (Said{said(0, lane), said(1, lane), said(2, lane)}));
    EXPECT_EQ(lanes_.waiting(), 0u);
}

TEST_F(FragmentLanesTest, OfATunnelOfFragmentsGoWhereThoseGo) {
    Frame inner = ipv4({.fragment = kMore, .id = 77}, Frame(800, 'x'));
    inner[15] = 9;
    const std::size_t lane = outer_lane_of(ethernet(kIpv4Type, inner));
    std::size_t n = 0;
    for (const Frame& part : cut(kTunnels[0].around(inner), 47, 5))
        EXPECT_EQ(push(part), Said{said(n++, lane)});
}

TEST_F(FragmentLanesTest, OfTcpWaitForNothing) {
    const std::vector<Frame> parts = cut(tcp(Frame(700, 'x')), 6, 5);
    EXPECT_EQ(push(parts[1]), Said{said(0, outer_lane_of(parts[1]))});
    EXPECT_EQ(push(parts[0]), Said{said(1, outer_lane_of(parts[0]))});
}

TEST_F(FragmentLanesTest, ThatContradictStayTogether) {
    const std::vector<Frame> parts = cut(kTunnels[0].around(inner_ip(9, 700)), 47, 5);
    const std::vector<Frame> others = cut(kTunnels[0].around(inner_ip(10, 700)), 47, 5);
    const std::size_t lane = lane_of(outer(kTunnels[0].around(inner_ip(9, 700)), 47, 0, 1));
    EXPECT_EQ(push(parts[0]), Said{said(0, lane)});
    EXPECT_EQ(push(others[0]), Said{said(1, lane)});
    EXPECT_EQ(push(parts[1]), Said{said(2, lane)});
}

TEST_F(FragmentLanesTest, WithoutAFirstGoByTheTunnelAfterASecond) {
    const Frame lonely = cut(kTunnels[0].around(inner_ip(9, 700)), 47, 5)[1];
    const std::size_t lane = outer_lane_of(lonely);
    push(lonely, at(0));
    EXPECT_EQ(text_of(lanes_.advance(at(0.9))), Said{});
    EXPECT_EQ(text_of(lanes_.advance(at(1.0))), Said{said(0, lane)});
    push(lonely, at(2));
    EXPECT_EQ(text_of(lanes_.finish()), Said{said(1, lane)});
    EXPECT_EQ(lanes_.displaced(), 0u);
}

TEST_F(FragmentLanesTest, OfAnOldDatagramSayNothingOfANewOneWithItsId) {
    const std::vector<Frame> old = cut(kTunnels[0].around(inner_ip(9, 1000)), 47, 5);
    push(old[0], at(0));
    const Frame datagram = kTunnels[0].around(inner_ip(10, 700));
    const std::size_t lane = lane_of(outer(datagram, 47, 0, 1));
    const std::vector<Frame> parts = cut(datagram, 47, 5);
    EXPECT_EQ(push(parts[1], at(1.5)), Said{});
    EXPECT_EQ(push(parts[0], at(1.5)), (Said{said(1, lane), said(2, lane)}));
}

TEST_F(FragmentLanesTest, OfTooManyDatagramsDisplaceTheOldest) {
    const Frame datagram = kTunnels[0].around(inner_ip(9, 700));
    for (std::uint16_t id = 0; id != 8; ++id)
        EXPECT_EQ(push(cut(datagram, 47, id)[1], at(id * 0.01)), Said{});
    const Frame next = cut(datagram, 47, 8)[1];
    EXPECT_EQ(push(next, at(0.1)), Said{said(0, outer_lane_of(next))});
    EXPECT_EQ(lanes_.displaced(), 1u);
}

TEST_F(FragmentLanesTest, WaitInABoundedNumber) {
    const Frame lonely = cut(kTunnels[0].around(inner_ip(9, 700)), 47, 5)[1];
    const Frame other = cut(kTunnels[0].around(inner_ip(9, 700)), 47, 6)[1];
    const std::size_t lane = outer_lane_of(lonely);
    for (std::size_t i = 0; i != FragmentLanes::kWaitingMax; ++i)
        EXPECT_EQ(push(lonely), Said{});
    EXPECT_EQ(push(other).size(), FragmentLanes::kWaitingMax) << "the oldest make room";
    EXPECT_EQ(lanes_.displaced(), FragmentLanes::kWaitingMax);
    EXPECT_EQ(lanes_.waiting(), 1u);
    EXPECT_EQ(push(lonely), Said{said(FragmentLanes::kWaitingMax + 1, lane)}) << "and wait no more";
}

TEST_F(FragmentLanesTest, OfOneDatagramAreNotMoreThanMayWait) {
    const Frame lonely = cut(kTunnels[0].around(inner_ip(9, 700)), 47, 5)[1];
    for (std::size_t i = 0; i != FragmentLanes::kWaitingMax; ++i)
        EXPECT_EQ(push(lonely), Said{});
    EXPECT_EQ(push(lonely).size(), FragmentLanes::kWaitingMax + 1);
    EXPECT_EQ(lanes_.waiting(), 0u);
}

}  // namespace
}  // namespace querytap::dataplane
