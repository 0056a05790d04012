#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include "../../../src/dataplane/port.h"

namespace querytap::dataplane {
namespace {

struct Case {
    const char* name;
    std::uint16_t max_mtu;
    std::uint32_t max_frame;
    bool scatters;
    std::uint16_t mtu;
};

// A frame of 9,000 bytes within VXLAN within ERSPAN has 9,118 behind its outer Ethernet header.
constexpr Case kCases[] = {
    {"a jumbo frame in tunnels, and no more than that", 15000, 15018, true, 9600},
    {"as much as the device can", 9216, 9234, true, 9216},
    {"a device that says nothing of its MTU", UINT16_MAX, 16000, true, 9600},
    {"one mbuf where it cannot scatter", 15000, 15018, false, 2030},
    {"the usual one where it can no more", 1500, 1518, true, 0},
};

TEST(Mtu, IsWhatTheDeviceCanUpToJumboFramesInTunnels) {
    for (const Case& given : kCases) {
        rte_eth_dev_info info{};
        info.max_mtu = given.max_mtu;
        info.max_rx_pktlen = given.max_frame;
        info.rx_offload_capa = given.scatters ? RTE_ETH_RX_OFFLOAD_SCATTER : 0;
        EXPECT_EQ(mtu_for(info, 2048), given.mtu) << given.name;
    }
}

}  // namespace
}  // namespace querytap::dataplane
