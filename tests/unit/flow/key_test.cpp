#include <set>

#include <gtest/gtest.h>

#include "packets.h"

namespace querytap::flow {
namespace {

using namespace test;

TEST(Key, BothDirectionsHaveOneKeyAndOppositeSides) {
    const Lookup there = lookup_of(tcp({.from_client = true}));
    const Lookup back = lookup_of(tcp({.from_client = false}));
    EXPECT_EQ(there.key, back.key);
    EXPECT_EQ(there.side, Side::kFromB) << "the server has the lower address";
    EXPECT_EQ(back.side, Side::kFromA);
    EXPECT_EQ(there.key.a.port, 1433);
    EXPECT_EQ(there.key.b.port, 50000);
}

TEST(Key, PortsOrderWhatAddressesDoNot) {
    packet::PacketView packet = tcp({});
    packet.source = packet.destination;
    EXPECT_EQ(lookup_of(packet).key.a.port, 1433);
    EXPECT_EQ(lookup_of(packet).side, Side::kFromB);
}

TEST(Key, ProtocolIsPartOfIt) {
    packet::PacketView packet = tcp({});
    const Key over_tcp = lookup_of(packet).key;
    packet.protocol = packet::IpProtocol::kUdp;
    const Key over_udp = lookup_of(packet).key;
    EXPECT_FALSE(over_tcp == over_udp);
    EXPECT_NE(hash(over_tcp, 1), hash(over_udp, 1));
}

TEST(Key, HashDependsOnEachPartAndOnTheSecret) {
    const Key base = lookup_of(tcp({})).key;
    std::set<std::uint64_t> seen{hash(base, 1), hash(base, 2)};
    Key changed = base;
    ++changed.a.port;
    seen.insert(hash(changed, 1));
    changed = base;
    ++changed.b.port;
    seen.insert(hash(changed, 1));
    changed = base;
    changed.a.address = IpAddress::v4(0x0a000002);
    seen.insert(hash(changed, 1));
    changed = base;
    changed.b.address = IpAddress::v4(0x0a010204);
    seen.insert(hash(changed, 1));
    EXPECT_EQ(seen.size(), 6u);
    EXPECT_EQ(hash(base, 1), hash(lookup_of(tcp({.from_client = false})).key, 1));
}

TEST(FlowId, IsOfTheKeyAndTheFirstPacketAndNothingElse) {
    test::Watched one(1024, {}, 1);
    test::Watched other_secret_and_size(65536, {}, 99);
    const std::uint64_t id = one.id(one.see(tcp({}), test::at(0)));
    EXPECT_EQ(other_secret_and_size.id(
                  other_secret_and_size.see(tcp({.from_client = false}), test::at(0))),
              id);

    test::Watched later;
    EXPECT_NE(later.id(later.see(tcp({}), test::at(1))), id);
    test::Watched other_port;
    EXPECT_NE(other_port.id(other_port.see(tcp({.client_port = 50001}), test::at(0))), id);
}

TEST(FlowId, IsExactInADouble) {
    test::Watched table(4096);
    for (std::uint32_t n = 0; n < 2000; ++n) {
        const std::uint64_t id = table.id(table.see(test::udp(n), test::at(0)));
        EXPECT_NE(id, 0u);
        EXPECT_LT(id, std::uint64_t{1} << 53);
        EXPECT_EQ(static_cast<std::uint64_t>(static_cast<double>(id)), id);
    }
}

struct NetworkCase {
    const char* name;
    packet::Vlans vlans;
    std::uint32_t vni;
};

PacketView in_network(const NetworkCase& network) {
    PacketView packet = tcp({});
    packet.envelope.vlans = network.vlans;
    packet.envelope.outer.id = network.vni;
    if (network.vni != 0) packet.envelope.outer.kind = packet::Encapsulation::kVxlan;
    return packet;
}

TEST(Network, CountsWhereItIsToldTo) {
    const NetworkCase none{"none", {}, 0};
    const NetworkCase other_vlan{"other vlan", {7}, 0};
    const NetworkCase inner_vlan{"other inner vlan", {0, 7}, 0};
    const NetworkCase other_vni{"other vni", {}, 7};
    const auto same = [&](const NetworkCase& network, KeyOptions options) {
        return lookup_of(in_network(none), options).key ==
               lookup_of(in_network(network), options).key;
    };
    for (const NetworkCase& network : {other_vlan, inner_vlan, other_vni}) {
        EXPECT_TRUE(same(network, {})) << network.name;
        EXPECT_FALSE(same(network, {.vlan = true, .vni = true})) << network.name;
    }
    EXPECT_FALSE(same(other_vlan, {.vlan = true}));
    EXPECT_FALSE(same(inner_vlan, {.vlan = true}));
    EXPECT_TRUE(same(other_vni, {.vlan = true}));
    EXPECT_TRUE(same(other_vlan, {.vni = true}));
    EXPECT_FALSE(same(other_vni, {.vni = true}));
}

TEST(Network, ChangesHashAndIdButNotCommunityId) {
    const Key here = lookup_of(in_network({"", {1}, 0}), {.vlan = true}).key;
    const Key there = lookup_of(in_network({"", {2}, 0}), {.vlan = true}).key;
    EXPECT_NE(hash(here, 1), hash(there, 1));
    EXPECT_EQ(community_id(here), community_id(there));
    Watched table;
    table.options = {.vlan = true};
    const std::uint64_t id_here = table.id(table.see(in_network({"", {1}, 0}), at(0)));
    const std::uint64_t id_there = table.id(table.see(in_network({"", {2}, 0}), at(0)));
    EXPECT_NE(id_here, id_there);
    EXPECT_EQ(table.table->counters().active.read(), 2u);
}

TEST(Network, NoTwoVlanPairsAreTheSame) {
    std::set<std::uint32_t> networks;
    for (std::uint16_t outer = 1; outer < 4095; outer += 13) {
        for (std::uint16_t inner = 0; inner < 4095; inner += 17) {
            networks.insert(
                lookup_of(in_network({"", {outer, inner}, 0}), {.vlan = true}).key.network);
        }
    }
    EXPECT_EQ(networks.size(), 315u * 241u);
}

TEST(Envelope, IsThatOfTheFirstPacket) {
    Watched table;
    const Flow& plain = table.see(udp(1), at(0));
    EXPECT_TRUE(table.table->details(plain).envelope.empty());
    Flow& flow = table.see(in_network({"", {5, 6}, 77}), at(0));
    table.see(in_network({"", {9}, 0}), at(1));
    const packet::Envelope envelope = table.table->details(flow).envelope;
    EXPECT_EQ(envelope.vlans, (packet::Vlans{5, 6}));
    EXPECT_EQ(envelope.outer.kind, packet::Encapsulation::kVxlan);
    EXPECT_EQ(envelope.outer.id, 77u);
}

}  // namespace
}  // namespace querytap::flow
