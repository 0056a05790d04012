// What is spoken where: each finding of protocol identity, from frames to the verdict.
#include <functional>

#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/tds_builder.h"
#include "../packet/frame_builder.h"
#include "../tls/wire.h"

namespace querytap::pipeline {
namespace {

using verdict::Evidence;
using verdict::Level;

std::vector<std::uint8_t> text(std::string_view value) {
    return {value.begin(), value.end()};
}

std::vector<std::uint8_t> noise(std::size_t size) {
    std::mt19937 random(5);
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes)
        byte = static_cast<std::uint8_t>(random() & 0xff);
    bytes[0] = 0x99;  // of no protocol
    return bytes;
}

std::vector<std::uint8_t> client_hello(const std::vector<std::string>& alpn) {
    using namespace tls::test;
    return records(22, tls::test::client_hello({.versions = {0x0304},
                                                .ciphers = {0x1301},
                                                .extensions = {0, 16, 43},
                                                .alpn = alpn}))
        .bytes;
}
std::vector<std::uint8_t> server_hello() {
    using namespace tls::test;
    return records(22, tls::test::server_hello({.selected = 0x0304, .extensions = {43}})).bytes;
}

struct Line {
    bool to_server;
    std::vector<std::uint8_t> bytes;
};

struct Case {
    const char* name;
    std::uint16_t port;
    std::vector<Line> lines;
    const char* finding;  ///< id of the only reason; empty: nothing is found
    Level level;
    const char* app;
    const char* words;  ///< part of the reason's text
};

const Case kCases[] = {
    {"http",
     1433,
     {{true, text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}, {false, text("HTTP/1.1 200 OK\r\n\r\n")}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "http",
     "http instead of TDS on port 1433"},
    {"http_unanswered",
     1433,
     {{true, text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}},
     "non-tds-unanswered",
     Level::kUnknown,
     "http",
     "nobody answers"},
    {"http_elsewhere",
     8080,
     {{true, text("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}, {false, text("HTTP/1.1 200 OK\r\n\r\n")}},
     "",
     Level::kUnknown,
     "http",
     ""},
    {"ssh_where_the_server_begins",
     1434,
     {{false, text("SSH-2.0-OpenSSH_9.2p1\r\n")}, {true, text("SSH-2.0-PuTTY\r\n")}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "ssh",
     "ssh instead of TDS on port 1434"},
    {"socks",
     1433,
     {{true, {5, 1, 0}}, {false, {5, 0}}, {true, {5, 1, 0, 1, 10, 50, 3, 23, 0, 80}}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "socks",
     "socks instead"},
    {"shell_from_the_client",
     1433,
     {{true, text("Microsoft Windows [Version 10.0]\r\n(c) Microsoft\r\n\r\nC:\\>")},
      {false, text("whoami\r\n")}},
     "shell-on-sql-port",
     Level::kMalicious,
     "shell",
     "a shell in plain text on port 1433"},
    {"shell_from_the_server",
     1433,
     {{true, text("id\n")},
      {false, text("uid=0(root) gid=0(root)\n")},
      {true, text("uname -a\n")},
      {false, text("Linux db01 5.10.0\n")}},
     "shell-on-sql-port",
     Level::kMalicious,
     "shell",
     "shell"},
    {"noise",
     1433,
     {{true, noise(300)}, {false, noise(500)}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "high_entropy",
     "without structure"},
    {"unknown",
     1433,
     {{true, std::vector<std::uint8_t>(700, 0x99)}, {false, std::vector<std::uint8_t>(700, 0x98)}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "unknown",
     "an unknown protocol"},
    {"few_bytes",
     1433,
     {{true, {9}}, {false, {9}}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "unknown",
     "an unknown protocol"},
    {"sybase",
     4100,
     {{true,
       [] {
           std::vector<std::uint8_t> login{2, 0, 2, 0, 0, 0, 0, 0, 'd', 'e', 'v'};
           login.resize(512);
           return login;
       }()},
      {false, {4, 1, 0, 16, 0, 0, 0, 0, 0xe3, 5, 0, 1, 3, 'a', 'b', 'c'}}},
     "sybase-tds",
     Level::kUnknown,
     "tds5",
     "Sybase"},
    {"tls_of_https",
     1433,
     {{true, client_hello({"h2", "http/1.1"})}, {false, server_hello()}},
     "non-tds-on-sql-port",
     Level::kSuspicious,
     "tls",
     "TLS for h2,http/1.1 instead"},
    {"tls_of_nobody",
     1433,
     {{true, client_hello({})}, {false, server_hello()}},
     "tls-unwrapped",
     Level::kUnknown,
     "tls",
     "bare"},
    {"tds8",
     1433,
     {{true, client_hello({"tds/8.0"})}, {false, server_hello()}},
     "",
     Level::kUnknown,
     "tls",
     ""},
    {"tds",
     1433,
     {{true, test::prelogin()},
      {false, test::prelogin_answer()},
      {true, test::login7()},
      {false, test::login_answer()}},
     "",
     Level::kUnknown,
     "tds",
     ""},
    {"tds_redirected_by_azure",
     11007,
     {{true, test::prelogin()}, {false, test::prelogin_answer()}},
     "",
     Level::kUnknown,
     "tds",
     ""},
    {"tds_elsewhere",
     443,
     {{true, test::prelogin()}, {false, test::prelogin_answer()}, {true, test::login7()}},
     "tds-on-other-port",
     Level::kUnknown,
     "tds",
     "TDS on port 443"},
};

class Identity : public testing::TestWithParam<Case> {
  protected:
    Identity() {
        Generation generation;
        generation.number = 1;
        generation.rules = signature::RuleSet::parse("", "none").value();
        inspector_ = Inspector::create(test::small_limits(), generation, events_).value();
    }

    std::vector<test::OwnedFrame> frames(const test::Cutting& cutting) {
        std::vector<test::Turn> turns;
        std::int64_t seconds = 1'700'000'000;
        for (const Line& line : GetParam().lines)
            turns.push_back({line.to_server, line.bytes, from_ns(++seconds * 1'000'000'000)});
        auto frames = test::conversation(turns, cutting, random_);
        for (test::OwnedFrame& frame : frames) {
            constexpr std::size_t kPorts = 14 + 20;
            for (const std::size_t at : {kPorts, kPorts + 2}) {
                const bool server = frame.bytes[at] == 1433 >> 8 && frame.bytes[at + 1] == 0x99;
                if (!server) continue;
                frame.bytes[at] = static_cast<std::uint8_t>(GetParam().port >> 8);
                frame.bytes[at + 1] = static_cast<std::uint8_t>(GetParam().port & 0xff);
            }
        }
        return frames;
    }
    void play(const test::Cutting& cutting = {},
              const std::function<packet::test::Frame(const packet::test::Frame&)>& wrap = {}) {
        std::vector<test::OwnedFrame> sent = frames(cutting);
        for (test::OwnedFrame& frame : sent) {
            if (wrap) frame.bytes = wrap(frame.bytes);
        }
        test::inspect_all(*inspector_, sent);
        inspector_->finish(from_ns(1'800'000'000'000'000'000));
    }
    void expect_finding() {
        const Case& wanted = GetParam();
        ASSERT_EQ(events_.of(EventType::kFlow).size(), wanted.port == 8080 ? 0u : 1u);
        if (wanted.port != 8080) {
            const Event& flow = *events_.of(EventType::kFlow)[0];
            EXPECT_EQ(protocol::name(flow.conversation.app), wanted.app);
            EXPECT_EQ(flow.flow.level, wanted.level);
        }
        const auto verdicts = events_.of(EventType::kVerdict);
        if (*wanted.finding == '\0') {
            EXPECT_TRUE(verdicts.empty());
            return;
        }
        ASSERT_EQ(verdicts.size(), 1u);
        const Verdict& verdict = verdicts[0]->verdict;
        ASSERT_EQ(verdict.reason_count, 1);
        EXPECT_EQ(verdict.reasons[0].id.view(), wanted.finding);
        EXPECT_EQ(verdict.reasons[0].kind, verdict::Kind::kProtocol);
        EXPECT_NE(verdict.reasons[0].text.view().find(wanted.words), std::string_view::npos)
            << verdict.reasons[0].text.view();
        EXPECT_EQ(verdict.level, wanted.level);
        const auto which = static_cast<std::size_t>(*verdict::find_evidence(wanted.finding));
        EXPECT_EQ(inspector_->stats().pipeline.findings[which].read(), 1u);
    }

    std::mt19937 random_{1};
    test::EventCollector events_;
    std::unique_ptr<Inspector> inspector_;
};

TEST_P(Identity, IsFound) {
    play();
    expect_finding();
}

TEST_P(Identity, IsFoundHoweverTheBytesAreCut) {
    play({.segment_max = 1});
    expect_finding();
}

packet::test::Frame in_vlan(const packet::test::Frame& frame) {
    using packet::test::operator+;
    const packet::test::Frame addresses(frame.begin(), frame.begin() + 12);
    const packet::test::Frame rest(frame.begin() + 12, frame.end());
    return addresses + packet::test::Frame{0x81, 0x00, 0x00, 0x2a} + rest;
}

packet::test::Frame in_vxlan(const packet::test::Frame& frame) {
    using namespace packet::test;
    return ethernet(
        0x0800, ipv4({.protocol = 17, .network = 172}, udp_to(4789, packet::test::vxlan(frame))));
}

/// The same TCP between 2001:db8::1, who was 10.1.2.3, and 2001:db8::2.
packet::test::Frame over_ipv6(const packet::test::Frame& frame) {
    using namespace packet::test;
    const auto size = static_cast<std::ptrdiff_t>(frame[16] << 8 | frame[17]);
    Frame made = ethernet(0x86dd, ipv6(6, Frame(frame.begin() + 34, frame.begin() + 14 + size)));
    const bool from_client = frame[26 + 1] == 1;
    if (!from_client) std::swap(made[14 + 8 + 15], made[14 + 24 + 15]);
    return made;
}

TEST_P(Identity, IsFoundInsideVlan) {
    play({}, in_vlan);
    expect_finding();
}

TEST_P(Identity, IsFoundInsideVxlan) {
    play({}, [](const auto& frame) { return in_vxlan(in_vlan(frame)); });
    expect_finding();
}

TEST_P(Identity, IsFoundOverIpv6) {
    play({}, over_ipv6);
    expect_finding();
}

TEST_P(Identity, IsFoundOverIpv6InsideVxlan) {
    play({}, [](const auto& frame) { return in_vxlan(over_ipv6(frame)); });
    expect_finding();
}

TEST_P(Identity, IsNoMatterOfOrder) {
    play({.segment_max = 40, .reorder = 0.3, .duplicate = 0.3});
    expect_finding();
}

INSTANTIATE_TEST_SUITE_P(Findings, Identity, testing::ValuesIn(kCases),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace querytap::pipeline
