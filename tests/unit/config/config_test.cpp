#include <cstdlib>

#include <gtest/gtest.h>

#include <querytap/config/config.h>

namespace querytap::config {
namespace {

TEST(Config, ExampleIsValidAndSaysTheDefaults) {
    const auto config =
        load(std::string(std::getenv("QUERYTAP_SOURCE")) + "/deploy/querytap.example.yaml");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    const Config defaults;
    ASSERT_EQ(config->ports.size(), 1u);
    EXPECT_EQ(config->ports[0].device, "0000:03:00.0");
    EXPECT_FALSE(config->ports[0].is_vdev);
    EXPECT_EQ(config->ports[0].rx_descriptors, Port{}.rx_descriptors);
    EXPECT_EQ(config->workers.count, defaults.workers.count);
    EXPECT_EQ(config->workers.spin, defaults.workers.spin);
    EXPECT_EQ(config->memory.mbufs, defaults.memory.mbufs);
    EXPECT_EQ(config->memory.hugepages, defaults.memory.hugepages);
    EXPECT_EQ(config->limits.flows, defaults.limits.flows);
    EXPECT_EQ(config->limits.sessions, defaults.limits.sessions);
    EXPECT_EQ(config->limits.stream_memory_mb, defaults.limits.stream_memory_mb);
    EXPECT_EQ(config->limits.event_ring, defaults.limits.event_ring);
    EXPECT_EQ(config->limits.timeout_established_s, defaults.limits.timeout_established_s);
    EXPECT_EQ(config->eve.stats_interval_s, defaults.eve.stats_interval_s);
    EXPECT_EQ(config->eve.flows, defaults.eve.flows);
    EXPECT_EQ(config->eve.sql_text, defaults.eve.sql_text);
    EXPECT_EQ(config->metrics.address, defaults.metrics.address);
    EXPECT_EQ(config->metrics.port, defaults.metrics.port);
    EXPECT_EQ(config->signatures, defaults.signatures);
    EXPECT_EQ(config->policy, defaults.policy);
}

TEST(Config, OnlyPortsAreRequired) {
    const auto config = parse("ports: [{vdev: net_null0}]", "q.yaml");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_TRUE(config->ports[0].is_vdev);
}

TEST(Config, CoresSayHowManyWorkers) {
    const auto config = parse("ports: [{vdev: net_null0}]\nworkers: {cores: [2, 5]}", "q.yaml");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_EQ(config->workers.count, 2u);
    EXPECT_EQ(config->workers.cores, (std::vector<unsigned>{2, 5}));
}

TEST(Config, HowSignaturesAreRead) {
    const auto config = parse(
        "ports: [{vdev: net_null0}]\nlenient_signatures: true\nthreshold_config: t.config\n"
        "variables: {HOME_NET: 10.0.0.0/8, SQL_SERVERS: [10.0.0.1, '!10.0.0.2']}",
        "q.yaml");
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    EXPECT_TRUE(config->lenient_signatures);
    EXPECT_EQ(config->threshold_config, "t.config");
    EXPECT_EQ(config->variables,
              (std::map<std::string, std::string>{{"HOME_NET", "10.0.0.0/8"},
                                                  {"SQL_SERVERS", "[10.0.0.1,!10.0.0.2]"}}));
}

struct Wrong {
    const char* yaml;
    const char* error;
};

class Errors : public testing::TestWithParam<Wrong> {};

TEST_P(Errors, SayWhereAndWhatInstead) {
    const auto config = parse(GetParam().yaml, "q.yaml");
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.error().to_string(), GetParam().error);
}

#define WITH_PORT "ports: [{vdev: net_null0}]\n"

INSTANTIATE_TEST_SUITE_P(
    Config, Errors,
    testing::Values(
        Wrong{"",
              "q.yaml: 'ports' must list at least one port (for example 'ports: [{pci: "
              "\"0000:03:00.0\"}]')"},
        Wrong{"ports: []",
              "q.yaml:1:8: 'ports' must list at least one port (for example 'ports: "
              "[{pci: \"0000:03:00.0\"}]')"},
        Wrong{"- a",
              "q.yaml:1:1: the configuration must be a mapping of keys to values (write "
              "'key: value' lines, indented below it)"},
        Wrong{"ports: [{}]",
              "q.yaml:1:9: a port needs either 'pci' or 'vdev' (for example 'pci: "
              "0000:03:00.0' or 'vdev: net_af_packet0,iface=eth1')"},
        Wrong{"ports: [{vdev: eth0}]",
              "q.yaml:1:16: 'eth0' is not a network driver (names begin with net_: "
              "net_af_packet0, net_memif0, net_pcap0, net_tap0)"},
        Wrong{"ports: [{vdev: net_null0}, {vdev: net_null0}]",
              "q.yaml:1:28: port 'net_null0' is there twice"},
        Wrong{WITH_PORT "worker: {count: 2}",
              "q.yaml:2:1: unknown key 'worker' in the configuration (did you mean 'workers'?)"},
        Wrong{WITH_PORT "workers: {coutn: 2}",
              "q.yaml:2:11: unknown key 'coutn' in 'workers' (did you mean 'count'?)"},
        Wrong{WITH_PORT "workers: {count: many}",
              "q.yaml:2:18: 'count' must be a number from 1 to 64, not 'many'"},
        Wrong{WITH_PORT "workers: {count: 65}",
              "q.yaml:2:18: 'count' must be a number from 1 to 64, not '65'"},
        Wrong{WITH_PORT "workers: {count: -1}",
              "q.yaml:2:18: 'count' must be a number from 1 to 64, not '-1'"},
        Wrong{WITH_PORT "workers: {count: 3, cores: [1, 2]}",
              "q.yaml:2:18: 'count' is 3, but 'cores' lists 2 (leave one of them out)"},
        Wrong{WITH_PORT "workers: {cores: [1, 1]}", "q.yaml:2:18: 'cores' names a core twice"},
        Wrong{WITH_PORT "workers: {cores: 2}",
              "q.yaml:2:18: 'cores' must be a list of numbers (for example [2, 3])"},
        Wrong{WITH_PORT "workers: {spin: perhaps}",
              "q.yaml:2:17: 'spin' must be true or false, not 'perhaps'"},
        Wrong{WITH_PORT "limits: {event_ring: 1000}",
              "q.yaml:2:22: 'event_ring' must be a power of two (for example 1024)"},
        Wrong{WITH_PORT "limits: {flows: 8192, sessions: 4097}",
              "q.yaml:2:33: 'sessions' must be at most half of 'flows' (4096 of 8192: a full table "
              "then finds something else to forget)"},
        Wrong{WITH_PORT "eve: {sql_text: some}",
              "q.yaml:2:17: 'sql_text': 'some' is not a way to show SQL (write full, redacted "
              "(literals as ?) or none)"},
        Wrong{WITH_PORT "eve: {flows: none}",
              "q.yaml:2:14: 'flows' must be sql or all, not 'none'"},
        Wrong{WITH_PORT "stream: {overlap: second}",
              "q.yaml:2:19: 'overlap' must be first or last, not 'second' (which of two copies of "
              "a byte counts)"},
        Wrong{WITH_PORT "overload: {shed: results}",
              "q.yaml:2:18: 'shed' must be true or false, not 'results'"},
        Wrong{WITH_PORT "verdict: {weights: {denied: heavy}}",
              "q.yaml:2:29: 'denied' must be a number from 0 to 1000, not 'heavy'"},
        Wrong{WITH_PORT "verdict: {weights: [1]}",
              "q.yaml:2:20: 'weights' must be a mapping of keys to values (write 'key: value' "
              "lines, indented below it)"},
        Wrong{WITH_PORT "metrics: {listen: 9464}",
              "q.yaml:2:19: '9464' is not an address to listen on (write 127.0.0.1:9464 or "
              "[::1]:9464)"},
        Wrong{WITH_PORT "variables: [HOME_NET]",
              "q.yaml:2:12: 'variables' must be a mapping of names to addresses (for example "
              "HOME_NET: [10.0.0.0/8, 192.168.0.0/16])"},
        Wrong{WITH_PORT "variables: {HOME_NET: []}",
              "q.yaml:2:23: 'HOME_NET' has no value (write any, an address, a network or a list of "
              "them)"},
        Wrong{WITH_PORT "signatures: [a]", "q.yaml:2:13: 'signatures' must be a text"},
        Wrong{"ports: [", "q.yaml:1:1: is not valid YAML: end of sequence flow not found"}));

TEST(Config, SessionsAreHalfOfASmallTableUnlessTheyAreGiven) {
    const auto of = [](const char* limits) {
        return parse(std::string(WITH_PORT) + limits, "q.yaml")->limits.sessions;
    };
    EXPECT_EQ(of("limits: {flows: 8192}"), 4096u);
    EXPECT_EQ(of("limits: {flows: 8192, sessions: 4096}"), 4096u);
    EXPECT_EQ(of("limits: {flows: 32768}"), Limits{}.sessions);
    EXPECT_EQ(of("limits: {flows: 65536}"), Limits{}.sessions);
}

TEST(Config, MissingFileSaysSo) {
    const auto config = load("/nonexistent/q.yaml");
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.error().file, "/nonexistent/q.yaml");
    EXPECT_EQ(config.error().message, "cannot be read");
}

TEST(Listen, AddressesOfBothFamilies) {
    EXPECT_EQ(parse_listen("[::1]:80")->address, "::1");
    EXPECT_EQ(parse_listen("0.0.0.0:65535")->port, 65535);
    for (const char* wrong : {"", ":1", "a:", "a:65536", "a:1x", "a:99999999999"}) {
        EXPECT_FALSE(parse_listen(wrong).ok()) << wrong;
    }
}

}  // namespace
}  // namespace querytap::config
