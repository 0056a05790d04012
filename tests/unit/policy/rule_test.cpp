// Every demand of a rule: what fulfils it, what violates it, and what is not known yet.
#include <gtest/gtest.h>

#include <querytap/policy/policy.h>

namespace querytap::policy {
namespace {

// Demands of the one rule, a conversation as check --explain takes it, the findings.
struct Row {
    const char* name;
    const char* demands;
    const char* facts;
    const char* findings;
};

std::string ids(Findings findings) {
    std::string all;
    for (std::size_t i = 0; i < kFindingCount; ++i) {
        if (!findings.has(static_cast<Finding>(i))) continue;
        all += (all.empty() ? "" : " ") + std::string(id(static_cast<Finding>(i)));
    }
    return all;
}

std::shared_ptr<const Policy> parse(const std::string& yaml) {
    auto policy = Policy::parse(yaml, "p.yaml");
    if (!policy.ok()) ADD_FAILURE() << policy.error().to_string();
    return *policy;
}

Decision decide(const std::string& yaml, std::string_view conversation) {
    const auto facts = parse_facts(conversation);
    if (!facts.ok()) ADD_FAILURE() << facts.error().to_string();
    static std::shared_ptr<const Policy> keep;  // the decision names its rule
    keep = parse(yaml);
    return keep->check(*facts);
}

class Demands : public testing::TestWithParam<Row> {};

TEST_P(Demands, AreJudged) {
    const Row& row = GetParam();
    const std::string yaml =
        "clients: {gw: {addresses: [10.9.0.0/24, 2001:db8:9::/48]}}\nrules: [{" +
        std::string(row.demands) + "}]";
    for (const char* ends : {"10.1.2.3 -> 10.4.0.1:1433 ", "2001:db8::1 -> [2001:db8::2]:1433 "}) {
        const Decision decision = decide(yaml, std::string(ends) + row.facts);
        EXPECT_EQ(ids(decision.findings), row.findings) << ends;
        EXPECT_EQ(decision.rule, "rule 1");
    }
}

INSTANTIATE_TEST_SUITE_P(
    Policy, Demands,
    testing::Values(
        Row{"denied", "action: deny", "", "denied"}, Row{"nothing", "action: watch", "clear", ""},
        Row{"required", "encryption: required", "tls", ""},
        Row{"required_not", "encryption: required", "clear", "clear-text-where-encrypted-expected"},
        Row{"required_unknown", "encryption: required", "", ""},
        Row{"forbidden", "encryption: forbidden", "clear", ""},
        Row{"forbidden_not", "encryption: forbidden", "tls", "encrypted-where-clear-expected"},
        Row{"tls", "tls_min: \"1.2\"", "tls=1.3", ""},
        Row{"tls_not", "tls_min: \"1.2\"", "tls=1.0", "tls-version-too-old"},
        Row{"tds", "tds_versions: [\"7.4\", \"8.0\"]", "tds=8.0", ""},
        Row{"tds_not", "tds_versions: [\"7.4\"]", "tds=7.2", "tds-version-not-allowed"},
        Row{"login", "logins: [app, \"svc_*\"]", "login=SVC_7", ""},
        Row{"login_not", "logins: [app, \"svc_*\"]", "login=sa", "login-not-allowed"},
        Row{"app", "applications: \"Orders*\"", "app=orders-2", ""},
        Row{"app_not", "applications: \"Orders*\"", "app=PsProcess", "application-not-allowed"},
        Row{"host", "hosts: \"WEB??\"", "host=web01", ""},
        Row{"host_not", "hosts: \"WEB??\"", "host=kali", "host-not-allowed"},
        Row{"database", "databases: [orders]", "database=orders", ""},
        Row{"database_not", "databases: [orders]", "database=master", "database-not-allowed"},
        Row{"statements", "statements: [read, write]", "statements=write", ""},
        Row{"statements_not", "statements: [read]", "statements=read,admin",
            "statement-not-allowed"},
        Row{"hours", "hours: \"mon-fri 07:00-19:00\"", "time=2026-03-02T08:00:00Z", ""},
        Row{"hours_not", "hours: \"mon-fri 07:00-19:00\"", "time=2026-03-01T08:00:00Z",
            "outside-hours"},
        Row{"hours_over_midnight", "hours: \"22:00-06:00\"", "time=2026-03-02T05:59:59Z", ""},
        Row{"volume", "volume: {to_server_mb_a_day: 5, to_client_mb_a_day: 7}",
            "to_server_mb=5 to_client_mb=7", ""},
        Row{"volume_not", "volume: {to_server_mb_a_day: 5}", "to_server_mb=6 to_client_mb=900",
            "volume-above-limit"},
        Row{"volume_of_results_not", "volume: {to_client_mb_a_day: 7}", "to_client_mb=8",
            "volume-above-limit"},
        Row{"gateway_not", "gateways: gw", "", "not-through-gateway"}),
    [](const auto& tested) { return tested.param.name; });

TEST(Gateways, MayPass) {
    constexpr const char* kYaml =
        "clients: {gw: {addresses: [10.9.0.0/24]}}\nrules: [{gateways: gw}]";
    EXPECT_EQ(ids(decide(kYaml, "10.9.0.7 -> 20.1.1.1:1433").findings), "");
}

TEST(Certificates, SubjectIssuerAndSelfSigned) {
    const auto policy = parse(
        "rules: [{certificate: {subjects: \"*CN=db01*\", issuers: \"*Contoso*\", signed: true}}]");
    Facts facts{.server_port = 1433};
    EXPECT_EQ(ids(policy->check(facts).findings), "");  // TLS 1.3 shows none
    facts.certificate_seen = true;
    facts.certificate_subject = "C=US, CN=db01";
    facts.certificate_issuer = "CN=Contoso CA";
    EXPECT_EQ(ids(policy->check(facts).findings), "");
    facts.self_signed = true;
    EXPECT_EQ(ids(policy->check(facts).findings), "certificate-not-expected");
    facts.self_signed = false;
    facts.certificate_issuer = "CN=Evil CA";
    EXPECT_EQ(ids(policy->check(facts).findings), "certificate-not-expected");
}

constexpr const char* kCloud = R"(
clients: {apps: {addresses: [10.1.0.0/16]}}
servers:
  azure: {names: ["*.contoso.database.windows.net"], ports: [1433]}
  db: {addresses: [10.4.0.0/24, "10.4.0.99"], ports: [1433]}
rules:
- {name: cloud, clients: apps, servers: azure}
- {name: on-premise, clients: apps, servers: db}
default: {external_server: deny, internal_to_internal: allow}
)";

TEST(Names, DecideWhenKnown) {
    EXPECT_TRUE(decide(kCloud, "10.1.0.1 -> 52.1.2.3:1433 tls").pending);
    const Decision named =
        decide(kCloud, "10.1.0.1 -> 52.1.2.3:1433 tls sni=a.contoso.database.windows.net");
    EXPECT_EQ(named.rule, "cloud");
    EXPECT_FALSE(named.findings.any());
    const Decision other = decide(kCloud, "10.1.0.1 -> 52.1.2.3:1433 tls sni=evil.example");
    EXPECT_EQ(other.rule, "default");
    EXPECT_EQ(ids(other.findings), "denied external-server-not-allowed");
}

TEST(Ports, OfAzureFollowTheName) {
    EXPECT_EQ(
        decide(kCloud, "10.1.0.1 -> 52.1.2.3:11020 tls sni=a.contoso.database.windows.net").rule,
        "cloud");
    EXPECT_EQ(
        decide(kCloud, "10.1.0.1 -> 52.1.2.3:12020 tls sni=a.contoso.database.windows.net").rule,
        "default");
}

TEST(Ports, ThatAreAnnouncedNeedNotBeListed) {
    const auto policy = parse(kCloud);
    Facts facts = parse_facts("10.1.0.1 -> 10.4.0.1:49200 sni=x").value();
    EXPECT_EQ(policy->check(facts).rule, "default");
    facts.port_announced = true;
    EXPECT_EQ(policy->check(facts).rule, "on-premise");
}

struct DefaultRow {
    const char* conversation;
    const char* findings;
    Action action;
};

TEST(Default, ByWhereBothEndsAre) {
    for (const DefaultRow& row : {
             DefaultRow{"10.2.0.1 -> 10.4.0.1:1433 sni=x", "", Action::kAllow},
             DefaultRow{"10.2.0.1 -> 10.5.0.1:1433 sni=x", "server-not-allowed", Action::kWatch},
             DefaultRow{"9.9.9.9 -> 10.4.0.1:1433 sni=x", "client-not-allowed", Action::kWatch},
             DefaultRow{"10.2.0.1 -> 9.9.9.9:1433 sni=x", "denied external-server-not-allowed",
                        Action::kDeny},
         }) {
        const Decision decision = decide(kCloud, row.conversation);
        EXPECT_EQ(ids(decision.findings), row.findings) << row.conversation;
        EXPECT_EQ(decision.action, row.action) << row.conversation;
    }
}

TEST(Prefixes, NestAndEveryGroupThatHoldsTheAddressCounts) {
    constexpr const char* kYaml = R"(
clients: {all: {addresses: [0.0.0.0/0, "::/0"]}, ten: {addresses: 10.0.0.0/8},
          one: {addresses: [10.1.1.1, 255.255.255.255]}}
rules: [{name: one, clients: one}, {name: ten, clients: ten}, {name: all, clients: all}]
)";
    for (const auto& [client, rule] :
         {std::pair{"10.1.1.1", "one"}, std::pair{"10.1.1.0", "ten"}, std::pair{"10.1.1.2", "ten"},
          std::pair{"9.255.255.255", "all"}, std::pair{"11.0.0.0", "all"},
          std::pair{"255.255.255.255", "one"}, std::pair{"ffff::1", "all"}}) {
        EXPECT_EQ(decide(kYaml, std::string(client) + " -> 10.4.0.1:1433").rule, rule) << client;
    }
}

TEST(Explain, ShowsTheOrderAndWhy) {
    const auto policy = parse(kCloud);
    const auto facts = parse_facts("10.1.2.3 -> 52.1.2.3:1433 tls sni=x");
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(policy->explain(*facts),
              "   1  allow  cloud: no: the server is in none of its groups\n"
              "   2  allow  on-premise: no: the server is in none of its groups\n"
              "decision: deny by default\n"
              "finding: denied\n"
              "finding: external-server-not-allowed\n");
}

TEST(Conversations, ThatAreNotUnderstoodSayWhat) {
    for (const char* text :
         {"", "x -> 10.4.0.1:1433", "10.1.1.1 10.4.0.1:1433", "10.1.1.1 -> 10.4.0.1",
          "10.1.1.1 -> 10.4.0.1:1433 colour=red", "10.1.1.1 -> 10.4.0.1:1433 tls=9",
          "10.1.1.1 -> 10.4.0.1:99999", "10.1.1.1 -> 10.4.0.1:1433 time=now"}) {
        EXPECT_FALSE(parse_facts(text).ok()) << text;
    }
}

}  // namespace
}  // namespace querytap::policy
