#include <set>

#include <gtest/gtest.h>

#include "packets.h"

namespace querytap::flow {
namespace {

using test::tcp;

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
    const std::uint64_t id = one.see(tcp({}), test::at(0)).id;
    EXPECT_EQ(other_secret_and_size.see(tcp({.from_client = false}), test::at(0)).id, id);

    test::Watched later;
    EXPECT_NE(later.see(tcp({}), test::at(1)).id, id);
    test::Watched other_port;
    EXPECT_NE(other_port.see(tcp({.client_port = 50001}), test::at(0)).id, id);
}

TEST(FlowId, IsExactInADouble) {
    test::Watched table(4096);
    for (std::uint32_t n = 0; n < 2000; ++n) {
        const std::uint64_t id = table.see(test::udp(n), test::at(0)).id;
        EXPECT_NE(id, 0u);
        EXPECT_LT(id, std::uint64_t{1} << 53);
        EXPECT_EQ(static_cast<std::uint64_t>(static_cast<double>(id)), id);
    }
}

}  // namespace
}  // namespace querytap::flow
