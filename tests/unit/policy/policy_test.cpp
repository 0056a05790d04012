#include <cstdlib>

#include <gtest/gtest.h>

#include <querytap/policy/policy.h>

namespace querytap::policy {
namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

std::shared_ptr<const Policy> example() {
    auto policy =
        Policy::load(std::string(std::getenv("QUERYTAP_SOURCE")) + "/deploy/policy.example.yaml");
    if (!policy.ok()) ADD_FAILURE() << policy.error().to_string();
    return *policy;
}

/// The findings' ids with blanks between.
std::string ids(Findings findings) {
    std::string all;
    for (std::size_t i = 0; i < kFindingCount; ++i) {
        if (!findings.has(static_cast<Finding>(i))) continue;
        all += (all.empty() ? "" : " ") + std::string(id(static_cast<Finding>(i)));
    }
    return all;
}

struct Case {
    const char* name;
    const char* client;
    const char* server;
    std::uint16_t port;
    Transport transport;
    const char* user;
    const char* application;
    Action action;
    const char* rule;
    const char* finding;
};

class Example : public testing::TestWithParam<Case> {};

TEST_P(Example, FirstMatchDecides) {
    const Case& wanted = GetParam();
    const auto policy = example();
    const Decision decision = policy->check({.client = ip(wanted.client),
                                             .server = ip(wanted.server),
                                             .server_port = wanted.port,
                                             .transport = wanted.transport,
                                             .name_known = true,
                                             .user = wanted.user,
                                             .application = wanted.application});
    EXPECT_EQ(decision.action, wanted.action);
    EXPECT_EQ(decision.rule, wanted.rule);
    EXPECT_EQ(ids(decision.findings), wanted.finding);
}

constexpr auto kAllow = Action::kAllow;
constexpr auto kClear = Transport::kClear;
constexpr auto kUnknown = Transport::kUnknown;

INSTANTIATE_TEST_SUITE_P(
    Policy, Example,
    testing::Values(Case{"allowed", "10.20.1.7", "10.40.1.10", 1433, kClear, "BILLING", "Billing 2",
                         kAllow, "billing", ""},
                    Case{"single_address", "10.20.2.15", "10.40.1.10", 1433, kClear, "svc_x",
                         "odbc", kAllow, "billing", ""},
                    Case{"ipv6_server", "10.20.1.7", "2001:db8:40::10", 1433, kClear, "", "",
                         kAllow, "billing", ""},
                    Case{"unknown_login_is_not_judged", "10.20.1.7", "10.40.1.10", 1433, kUnknown,
                         "", "", kAllow, "billing", ""},
                    Case{"wrong_login", "10.20.1.7", "10.40.1.10", 1433, kClear, "sa", "", kAllow,
                         "billing", "login-not-allowed"},
                    Case{"wrong_application", "10.20.1.7", "10.40.1.10", 1433, kClear, "billing",
                         "PsProcess", kAllow, "billing", "application-not-allowed"},
                    Case{"wrong_port", "10.20.1.7", "10.40.1.10", 1434, kClear, "billing", "",
                         Action::kWatch, "default", "server-not-allowed"},
                    Case{"outside_prefix", "10.20.3.1", "10.40.1.10", 1433, kClear, "billing", "",
                         Action::kWatch, "default", "client-not-allowed"},
                    Case{"clear_where_encrypted", "10.30.5.15", "203.0.113.9", 11500, kClear, "",
                         "", kAllow, "administrators", "clear-text-where-encrypted-expected"},
                    Case{"encryption_not_known_yet", "10.30.5.15", "203.0.113.9", 11500, kUnknown,
                         "", "", kAllow, "administrators", ""},
                    Case{"denied", "10.99.0.1", "203.0.113.9", 1433, Transport::kEncrypted, "", "",
                         Action::kDeny, "no workstation speaks to the cloud database", "denied"}),
    [](const auto& tested) { return tested.param.name; });

struct Wrong {
    const char* yaml;
    const char* error;
};

class Errors : public testing::TestWithParam<Wrong> {};

TEST_P(Errors, SayWhereAndWhatInstead) {
    const auto policy = Policy::parse(GetParam().yaml, "p.yaml");
    ASSERT_FALSE(policy.ok());
    EXPECT_EQ(policy.error().to_string(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Policy, Errors,
    testing::Values(
        Wrong{"rule: []", "p.yaml:1:1: unknown key 'rule' in the policy (did you mean 'rules'?)"},
        Wrong{"clients: {a: {addresses: [10.0.0.0/33]}}",
              "p.yaml:1:27: '10.0.0.0/33' is not an address prefix (write 10.0.0.0/8, "
              "2001:db8::/32 or an address)"},
        Wrong{"clients: {a: {addresses: [x]}}",
              "p.yaml:1:27: 'x' is not an IP address (write 10.1.2.3 or 2001:db8::1)"},
        Wrong{"clients: {a: {}}",
              "p.yaml:1:14: 'a' has no addresses (for example 'addresses: [10.1.0.0/16]')"},
        Wrong{"servers: {a: {addresses: 10.0.0.1, ports: [1433-1]}}",
              "p.yaml:1:43: '1433-1' is not a port or a range (write 1433 or 11000-11999)"},
        Wrong{"clients: {apps: {addresses: 10.0.0.1}}\nrules: [{clients: app}]",
              "p.yaml:2:19: there is no 'app' among the clients (did you mean 'apps'?)"},
        Wrong{"rules: [{action: permit}]",
              "p.yaml:1:18: 'action' must be one of allow, watch, deny, not 'permit'"},
        Wrong{"default: maybe",
              "p.yaml:1:10: 'default' must be one of allow, watch, deny, not 'maybe'"},
        Wrong{"servers: {a: {ports: 1433}}",
              "p.yaml:1:14: 'a' has no addresses (for example 'addresses: [10.1.0.0/16]', or in a "
              "cloud 'names: [\"*.database.windows.net\"]')"},
        Wrong{"clients: {any: {addresses: 10.0.0.1}}",
              "p.yaml:1:11: 'any' stands for all: it cannot be a name"},
        Wrong{"rules:\n- hours: [mon 7-9]",
              "p.yaml:2:10: 'mon 7-9' is not a time of the week (write mon-fri 07:00-19:00, "
              "sat,sun 08:00-12:00, or 22:00-06:00)"},
        Wrong{"rules: [{statements: [reads]}]",
              "p.yaml:1:22: 'statements' must be one of read, write, ddl, admin, execution, not "
              "'reads'"},
        Wrong{"rules: [{tls_min: 1.5}]",
              "p.yaml:1:19: 'tls_min' must be one of 1.0, 1.1, 1.2, 1.3, not '1.5'"},
        Wrong{"rules: [{gateways: x}]", "p.yaml:1:20: there is no 'x' among the clients"},
        Wrong{"utc_offset: 1",
              "p.yaml:1:13: '1' is not an offset from UTC (write \"+01:00\" or "
              "\"-05:00\")"},
        Wrong{"default: {external: deny}", "p.yaml:1:11: unknown key 'external' in 'default'"},
        Wrong{"rules: {}", "p.yaml:1:8: 'rules' must be a list"}));

}  // namespace
}  // namespace querytap::policy
