#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/sinks/prometheus.h>

#include "fixtures.h"

namespace querytap::sinks {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string exposition() {
    static const test::Source source;
    static const PairStats pairs;
    return prometheus_exposition(source, pairs);
}

TEST(Prometheus, SaysWhatTheWorkersCounted) {
    const std::string text = exposition();
    for (const char* line : {
             "querytap_packets_total{worker=\"0\"} 1000",
             "querytap_bytes_total{worker=\"0\"} 640000",
             "querytap_drops_total{worker=\"0\",reason=\"truncated\"} 7",
             "querytap_flows_active{worker=\"0\"} 3",
             "querytap_flows_capacity{worker=\"0\"} 16",
             "querytap_flows_created_total{worker=\"0\"} 12",
             "querytap_flows_evicted_total{worker=\"0\",kind=\"udp\"} 4",
             "querytap_flows_evicted_total{worker=\"0\",kind=\"closed\"} 0",
             "querytap_tds_sessions_capacity{worker=\"0\"} 8",
             "querytap_flows_expired_total{worker=\"0\",reason=\"timeout\"} 0",
             "querytap_tds_messages_total{worker=\"0\",type=\"sql_batch\"} 5",
             "querytap_tds_messages_total{worker=\"0\",type=\"unknown\"} 2",
             "querytap_verdicts_total{worker=\"0\",level=\"malicious\"} 1",
             "querytap_signature_hits_total{sid=\"9100001\",signature=\"SQLC2 agent checks in\"} 2",
             "querytap_signature_checks_total{sid=\"9100001\",signature=\"SQLC2 agent checks in\"} "
             "3",
             "querytap_signatures_not_shown 0",
             "querytap_mempool_size_mbufs{port=\"net_pcap0\"} 16384",
             "querytap_mempool_used_mbufs{port=\"net_pcap0\"} 32",
             "querytap_ring_used_slots{ring=\"event_ring\",name=\"worker0\"} 1",
             "querytap_worker_busy_cycles_total{worker=\"0\"} 5000",
             "querytap_worker_idle_cycles_total{worker=\"0\"} 100",
             "querytap_port_rx_missed_total{port=\"net_pcap0\"} 9",
             "querytap_port_queue_rx_packets_total{port=\"net_pcap0\",queue=\"1\"} 100",
             "querytap_port_queue_rx_dropped_total{port=\"net_pcap0\",queue=\"0\"} 0",
             "querytap_port_queue_rx_packets_total{port=\"net_ring0\",queue=\"0\"} 500",
         }) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr("queue_rx_dropped_total{port=\"net_ring0\"")))
        << "the device does not tell";
}

TEST(Prometheus, PromtoolHasNothingToSay) {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "skipped: promtool is not installed";
    }
    const std::string path = testing::TempDir() + "querytap_metrics.txt";
    std::ofstream(path) << exposition();
    EXPECT_EQ(std::system(("promtool check metrics < " + path).c_str()), 0);
    std::remove(path.c_str());
}

}  // namespace
}  // namespace querytap::sinks
