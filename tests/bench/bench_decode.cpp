// What decoding a frame costs, for ordinary frames and for each encapsulation. The frames of a case
// differ in address and port and stand in memory one after the other, as from a warm receive ring.
// "times_plain" is the ratio to Ethernet, IPv4, TCP, the first case.
#include <cstdint>
#include <ctime>
#include <vector>

#include <benchmark/benchmark.h>

#include <querytap/packet/decode.h>

#include "../unit/packet/frame_builder.h"

namespace {

using namespace querytap;
using packet::test::Frame;
using namespace packet::test;

constexpr std::size_t kFrames = 512;
constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kIpv6Type = 0x86dd;

std::vector<Frame> copies(const Frame& frame) {
    return std::vector<Frame>(kFrames, frame);
}

/// Nanoseconds a frame of the first case took.
double plain_ns = 0;

void decode_all(benchmark::State& state, const std::vector<Frame>& frames, bool plain) {
    std::uint64_t ok = 0;
    const std::clock_t begin = std::clock();  // of the processor: other programs run beside it
    packet::PacketView packet;
    for (auto _ : state) {
        for (const Frame& frame : frames) {
            ok += packet::decode(frame, packet) == packet::Decoded::kOk ? 1u : 0u;
            benchmark::DoNotOptimize(packet);
        }
    }
    const auto decoded = state.iterations() * static_cast<std::int64_t>(frames.size());
    if (ok != static_cast<std::uint64_t>(decoded)) state.SkipWithError("a frame was not decoded");
    state.SetItemsProcessed(decoded);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    const double ns = seconds * 1e9 / static_cast<double>(decoded);
    if (plain) plain_ns = ns;
    state.counters["ns_frame"] = ns;
    state.counters["times_plain"] = ns / plain_ns;
}

const Frame kBody = Frame(16, 0x20);
const Frame kTcp4 = ipv4({}, tcp(kBody));
const Frame kTcp6 = ipv6(6, tcp(kBody));
const Frame kUdp4 = ipv4({.protocol = 17}, udp(kBody));

const Frame kMirrored = ethernet(kIpv4Type, kTcp4);

struct Case {
    const char* name;
    Frame frame;
};

const Case kCases[] = {
    {"ethernet_ipv4_tcp", ethernet(kIpv4Type, kTcp4)},
    {"ethernet_ipv4_tcp_options", ethernet(kIpv4Type, ipv4({}, tcp(kBody, Frame(12, 1))))},
    {"ethernet_ipv4_udp", ethernet(kIpv4Type, kUdp4)},
    {"ethernet_ipv6_tcp", ethernet(kIpv6Type, kTcp6)},
    {"vlan_ipv4_tcp", ethernet(0x8100, vlan(7, kIpv4Type, kTcp4))},
    {"qinq_ipv4_tcp", ethernet(0x88a8, vlan(7, 0x8100, vlan(8, kIpv4Type, kTcp4)))},
    {"mpls", ethernet(0x8847, mpls(16, false, mpls(17, true, kTcp4)))},
    {"pppoe", ethernet(0x8864, pppoe(0x21, kTcp4))},
    {"gre", ethernet(kIpv4Type, ipv4({.protocol = 47}, gre(0, kIpv4Type, {}, kTcp4)))},
    {"erspan2", ethernet(kIpv4Type, ipv4({.protocol = 47},
                                         gre(0x1000, 0x88be, Frame(4, 1), erspan2(kMirrored))))},
    {"vxlan", ethernet(kIpv4Type, ipv4({.protocol = 17}, udp_to(4789, vxlan(kMirrored))))},
    {"geneve", ethernet(kIpv4Type, ipv4({.protocol = 17},
                                        udp_to(6081, geneve(0x6558, Frame(8, 1), kMirrored))))},
};

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    for (const Case& given : kCases) {
        benchmark::RegisterBenchmark(given.name, [&given](benchmark::State& state) {
            decode_all(state, copies(given.frame), &given == &kCases[0]);
        });
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
