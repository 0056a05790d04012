// Where SQL Server is: SSRP, ports that were announced, redirections. And what a handle stands for,
// in the record of its execution.
#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/tds_builder.h"
#include "../tds/wire.h"

namespace querytap::pipeline {
namespace {

using tds::test::Wire;

constexpr std::uint32_t kClient = 0x0a010203;
constexpr std::uint32_t kServer = 0x0a090807;

Timestamp at(std::int64_t seconds) {
    return from_ns(seconds * 1'000'000'000 + 1);
}

class DiscoveryTest : public testing::Test {
  protected:
    DiscoveryTest() { start(test::small_limits()); }

    void start(const Limits& limits) {
        Generation generation;
        generation.number = 1;
        generation.rules =
            signature::RuleSet::parse(
                R"(alert tds any any -> any any (msg:"p"; tds.param; content:"whoami"; )"
                R"(classtype:c2-channel; sid:3; rev:1;)
alert tds any any -> any any (msg:"s"; tds.sql; content:"exec"; classtype:c2-channel; sid:4; rev:1;)
alert udp any any -> any 1434 (msg:"MS-SQL Worm propagation attempt"; content:"|04|"; depth:1; content:"|81 F1 03 01 04 9B 81 F1 01|"; content:"sock"; content:"send"; priority:1; sid:2003; rev:8;)
alert udp any 1434 -> any any (msg:"an answer"; flow:to_client; content:"SECRETHOST"; sid:5;)
alert tcp any any -> any any (msg:"no datagram"; content:"sock"; sid:6;))",
                "test.rules")
                .value();
        inspector_ = Inspector::create(limits, generation, events_).value();
    }

    void inspect(const std::vector<std::uint8_t>& frame) {
        const packet::Frame frames[] = {{frame, at(now_), ++ordinal_}};
        inspector_->inspect(frames);
    }
    void ask(const Wire& datagram, std::uint16_t port = 1434, std::uint32_t client = kClient) {
        inspect(test::udp_frame({.source = client,
                                 .destination = kServer,
                                 .source_port = 50001,
                                 .destination_port = port},
                                datagram.bytes));
    }
    void answer(const Wire& datagram) {
        inspect(test::udp_frame({.source = kServer,
                                 .destination = kClient,
                                 .source_port = 1434,
                                 .destination_port = 50001},
                                datagram.bytes));
    }
    void announce(std::string_view list) { answer(Wire().u8(5).u16(list.size()).raw(list)); }

    /// A TLS handshake to a port; is it looked at?
    bool tls_is_inspected(std::uint16_t port, std::uint32_t client = kClient) {
        const Wire hello = Wire().raw(std::string_view("\x16\x03\x01\x00\x80\x01\x00\x00\x7c", 9));
        test::TcpFields fields{.source = client, .destination_port = port};
        fields.source_port = ++client_port_;
        fields.flags = packet::kSyn;
        inspect(test::tcp_frame(fields, {}));
        fields.flags = packet::kAck;
        fields.sequence = 1;
        const std::uint64_t before = inspector_->stats().pipeline.sessions_active.read();
        inspect(test::tcp_frame(fields, hello.bytes));
        return inspector_->stats().pipeline.sessions_active.read() > before;
    }

    std::vector<const Ssrp*> ssrp() const {
        std::vector<const Ssrp*> found;
        for (const Event* event : events_.of(EventType::kTds)) {
            if (event->tds.kind == TdsKind::kSsrp) found.push_back(&event->ssrp);
        }
        return found;
    }

    test::EventCollector events_;
    std::unique_ptr<Inspector> inspector_;
    std::int64_t now_ = 1'700'000'000;
    std::uint64_t ordinal_ = 0;
    std::uint16_t client_port_ = 40000;
};

TEST_F(DiscoveryTest, RequestsAndAnswersAreReported) {
    ask(Wire().u8(4).raw("SALES").u8(0));
    announce(
        "ServerName;DB1;InstanceName;SALES;IsClustered;Yes;Version;15.0.1;tcp;49172;;"
        "ServerName;DB1;InstanceName;TEST;IsClustered;No;Version;14.0.2;np;\\\\DB1\\pipe;;");
    ASSERT_EQ(ssrp().size(), 3u);
    EXPECT_EQ(ssrp()[0]->message, tds::SsrpMessage::kInstance);
    EXPECT_EQ(ssrp()[0]->instance.view(), "SALES");
    EXPECT_EQ(ssrp()[1]->server.view(), "DB1");
    EXPECT_EQ(ssrp()[1]->tcp_port, 49172);
    EXPECT_TRUE(ssrp()[1]->clustered);
    EXPECT_EQ(ssrp()[2]->version.view(), "14.0.2");
    EXPECT_EQ(ssrp()[2]->pipe.view(), "\\\\DB1\\pipe");
    for (const Event& event : events_.events()) {
        EXPECT_EQ(event.conversation.server.port, 1434);
        EXPECT_EQ(event.conversation.client.port, 50001);
    }
}

TEST_F(DiscoveryTest, AnnouncedPortsAreExpected) {
    EXPECT_FALSE(tls_is_inspected(49172));
    announce("ServerName;DB1;InstanceName;SALES;IsClustered;No;Version;15.0.1;tcp;49172;;");
    EXPECT_TRUE(tls_is_inspected(49172));
    EXPECT_FALSE(tls_is_inspected(49173));
    now_ += 25 * 3600;
    EXPECT_FALSE(tls_is_inspected(49172));  // of yesterday
    answer(Wire().u8(5).u16(6).u8(1).u16(1500));
    EXPECT_TRUE(tls_is_inspected(1500));
    EXPECT_TRUE(tls_is_inspected(1434));  // the default instance's DAC
}

TEST_F(DiscoveryTest, WhatAnotherWorkerInspectsIsLearntOnly) {
    const std::string_view list = "ServerName;DB1;InstanceName;SALES;tcp;49172;;";
    const auto bytes = test::udp_frame(
        {.source = kServer, .destination = kClient, .source_port = 1434, .destination_port = 50001},
        Wire().u8(5).u16(list.size()).raw(list).bytes);
    packet::PacketView view;
    ASSERT_EQ(packet::decode(bytes, view), packet::Decoded::kOk);
    EXPECT_TRUE(is_announcement(view));
    const packet::Frame frames[] = {
        {.bytes = bytes, .time = at(now_), .ordinal = 1, .elsewhere = true}};
    inspector_->inspect(frames);
    EXPECT_TRUE(events_.events().empty());
    EXPECT_EQ(inspector_->stats().pipeline.packets.read(), 0u);
    EXPECT_EQ(inspector_->stats().flow.created.read(), 0u);
    EXPECT_TRUE(tls_is_inspected(49172));
}

TEST_F(DiscoveryTest, TheTableOfPortsIsBounded) {
    for (int port = 1; port < 60000; ++port)
        answer(Wire().u8(5).u16(6).u8(1).u16(static_cast<std::uint16_t>(port)));
    EXPECT_TRUE(tls_is_inspected(59999));
    EXPECT_FALSE(tls_is_inspected(5));
}

TEST_F(DiscoveryTest, SlammerIsMaliciousOnceForAFlow) {
    for (int i = 0; i < 3; ++i)
        ask(Wire().u8(4).fill(96, 1).fill(279, 0x90));
    const auto verdicts = events_.of(EventType::kVerdict);
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0]->verdict.level, verdict::Level::kMalicious);
    EXPECT_EQ(verdicts[0]->verdict.reasons[0].id.view(), "ssrp-overflow");
    EXPECT_EQ(verdicts[0]->conversation.client.port, 50001);
    ASSERT_EQ(events_.tds(TdsKind::kAnomaly).size(), 1u);
    const auto overflow = static_cast<std::size_t>(tds::Anomaly::kSsrpOverflow);
    EXPECT_EQ(inspector_->stats().pipeline.anomalies[overflow].read(), 3u);
    inspector_->finish(at(now_ + 1));
    const auto flows = events_.of(EventType::kFlow);
    ASSERT_EQ(flows.size(), 1u);
    EXPECT_EQ(flows[0]->flow.level, verdict::Level::kMalicious);
}

TEST_F(DiscoveryTest, WhatCountsForNoVerdictIsToldOnceAndHasItsRecord) {
    Limits limits = test::small_limits();
    limits.weights[static_cast<std::size_t>(verdict::Evidence::kSsrpOverflow)] = 0;
    start(limits);
    for (int i = 0; i < 3; ++i)
        ask(Wire().u8(4).fill(96, 1).fill(279, 0x90));
    EXPECT_TRUE(events_.of(EventType::kVerdict).empty());
    EXPECT_EQ(events_.tds(TdsKind::kAnomaly).size(), 1u);
    inspector_->finish(at(now_ + 1));
    EXPECT_EQ(events_.of(EventType::kFlow).size(), 1u);
}

TEST_F(DiscoveryTest, AFloodOfOverflowsTakesNoSessionsPlace) {
    Limits limits = test::small_limits();
    limits.flows = 64;
    start(limits);
    for (std::uint32_t n = 0; n < 30; ++n)
        ASSERT_TRUE(tls_is_inspected(1433, kClient + n));
    const Wire overflow = Wire().u8(4).fill(96, 1).fill(279, 0x90);
    const Wire worm = Wire().u8(4).raw("....\x81\xF1\x03\x01\x04\x9B\x81\xF1\x01 sock..send..");
    for (std::uint32_t n = 0; n < 2000; ++n)
        ask(n % 2 == 0 ? overflow : worm, 1434, 0x0b000000 + n);
    EXPECT_EQ(inspector_->stats().flow.evicted_sql.read(), 0u);
    EXPECT_EQ(inspector_->stats().pipeline.sessions_active.read(), 30u);
    EXPECT_EQ(events_.of(EventType::kVerdict).size(), 2000u) << "each is told";
}

TEST_F(DiscoveryTest, OtherDatagramsAreNobodysBusiness) {
    ask(Wire().u8(4).fill(300, 1), 1435);
    ask(Wire().u8(9).fill(300, 1));
    ask(Wire().u8(4).u8(7).u8(0x81).u8(0x80).zeros(8).fill(300, 1), 1434);  // DNS, id 0407
    ask(Wire());
    EXPECT_TRUE(events_.of(EventType::kVerdict).empty());
    EXPECT_TRUE(events_.tds(TdsKind::kAnomaly).empty());
}

/// ENVCHANGE 20: routing.
Wire routing(std::string_view server, std::uint16_t port) {
    Wire data;
    data.u8(0).u16(port).us_varchar(server);
    Wire body;
    body.u8(20).u16(data.bytes.size()).add(data).u16(0);
    return tds::test::packets(4, Wire().u8(0xe3).u16(body.bytes.size()).add(body).done());
}

class DialogueTest : public DiscoveryTest {
  protected:
    void say(bool to_server, std::vector<std::uint8_t> bytes) {
        turns_.push_back({to_server, std::move(bytes), at(++now_)});
    }
    void say(bool to_server, const Wire& wire) { say(to_server, wire.bytes); }
    void play() {
        std::mt19937 random(1);
        test::inspect_all(*inspector_, test::conversation(turns_, {}, random));
    }
    std::vector<test::Turn> turns_;
};

TEST_F(DialogueTest, RedirectionsAreReportedAndTheirPortsExpected) {
    EXPECT_FALSE(tls_is_inspected(11007));
    say(true, test::prelogin());
    say(false, test::prelogin_answer());
    say(true, test::login7());
    say(false, routing("db7.contoso.com", 11007));
    play();
    const auto redirects = events_.tds(TdsKind::kRedirect);
    ASSERT_EQ(redirects.size(), 1u);
    EXPECT_EQ(redirects[0]->server.view(), "db7.contoso.com");
    EXPECT_EQ(redirects[0]->redirect_port, 11007);
    EXPECT_TRUE(tls_is_inspected(11007));
    EXPECT_FALSE(tls_is_inspected(11007, kClient + 1));  // nobody sent this client there
}

TEST_F(DialogueTest, WhatTheServerAcknowledgesStandsWithTheLogin) {
    Wire spn;
    spn.u8(0xee).u32(4 + 9 + 4).u32(1).u8(2).u32(4).u32(13).wide("db");
    Wire ack;
    ack.u8(1).u32(0x04000074).b_varchar("S").u32(0);
    Wire answer;
    answer.u8(0xad).u16(ack.bytes.size()).add(ack);
    answer.u8(0xae).u8(10).u32(1).u8(1).u8(0xff).done();
    say(true, test::prelogin());
    say(false, test::prelogin_answer());
    say(true, test::login7());
    say(false, tds::test::packets(4, spn));
    say(false, tds::test::packets(4, answer));
    play();
    const auto federations = events_.tds(TdsKind::kFederation);
    ASSERT_EQ(federations.size(), 1u);
    EXPECT_EQ(federations[0]->server.view(), "db");
    const auto acknowledgements = events_.tds(TdsKind::kLoginAck);
    ASSERT_EQ(acknowledgements.size(), 1u);
    EXPECT_EQ(acknowledgements[0]->tds_version, 0x74000004u);
    EXPECT_EQ(acknowledgements[0]->text.view(), "S");
    EXPECT_EQ(acknowledgements[0]->features, 1u << 10);
    const auto results = events_.tds(TdsKind::kResult);
    ASSERT_EQ(results.size(), 2u);
    EXPECT_TRUE(results[1]->text.empty());
}

Wire text(std::string_view name, std::string_view value) {
    return Wire().b_varchar(name).u8(0).nvarchar_type().nvarchar(value);
}
Wire integer(std::uint32_t value) {
    return Wire().u8(0).u8(0).u8(0x26).u8(4).u8(4).u32(value);
}
Wire rpc(std::uint16_t id, const Wire& parameters) {
    return tds::test::packets(3, Wire().headers().u16(0xffff).u16(id).u16(0).add(parameters));
}
Wire handle_answer(std::uint32_t handle) {
    return tds::test::packets(4, Wire()
                                     .u8(0xac)
                                     .u16(0)
                                     .b_varchar("")
                                     .u8(1)
                                     .u32(0)
                                     .u16(0)
                                     .u8(0x26)
                                     .u8(4)
                                     .u8(4)
                                     .u32(handle)
                                     .done(0, 0, 0xfe));
}

TEST_F(DialogueTest, AnExecutionShowsItsSqlAndIsNotMatchedAgain) {
    say(true, test::prelogin());
    say(false, test::prelogin_answer());
    say(true, test::login7());
    say(false, test::login_answer());
    say(true, rpc(11, Wire(integer(0))
                          .add(text("", "@p nvarchar(99)"))
                          .add(text("", "exec p @p"))
                          .add(integer(1))));
    say(false, handle_answer(4));
    for (int i = 0; i < 3; ++i) {
        say(true,
            rpc(12,
                Wire(integer(4))
                    .add(text("@p", "it's whoami"))
                    .add(Wire().b_varchar("@b").u8(0).u8(0xa5).u16(9).u16(2).u8(0xca).u8(0xfe))));
        say(false, test::done());
    }
    play();
    const auto queries = events_.tds(TdsKind::kQuery);
    ASSERT_EQ(queries.size(), 4u);
    EXPECT_FALSE(queries[0]->prepared);
    EXPECT_EQ(queries[0]->text.view(), "exec p @p");
    EXPECT_EQ(queries[0]->parameters.view(), "'@p nvarchar(99)', 1");
    EXPECT_TRUE(queries[3]->prepared);
    EXPECT_EQ(queries[3]->procedure.view(), "sp_execute");
    EXPECT_EQ(queries[3]->text.view(), "exec p @p");
    EXPECT_EQ(queries[3]->parameters.view(), "@p='it''s whoami', @b=0xcafe");
    // The rule on the SQL fires where it was prepared, that on parameters at each execution.
    EXPECT_EQ(events_.of(EventType::kAlert).size(), 1u + 3u);
}

TEST_F(DialogueTest, WhatAPreparedStatementExecutesIsSql) {
    // Also when it is longer than what is kept of it.
    for (const std::string& tail : {std::string(), " -- " + std::string(3000, '-')}) {
        turns_.clear();
        say(true, test::prelogin());
        say(false, test::prelogin_answer());
        say(true, test::login7());
        say(false, test::login_answer());
        say(true, rpc(11, Wire(integer(0))
                              .add(text("", "@p nvarchar(99)"))
                              .add(text("", "EXEC(@p)" + tail))));
        say(false, handle_answer(4));
        say(true, rpc(12, Wire(integer(4)).add(text("@p", "select 1"))));
        say(false, test::done());
        say(true, rpc(12, Wire(integer(4)).add(text("@p", "exec evil"))));
        say(false, test::done());
        const std::size_t before = events_.of(EventType::kAlert).size();
        play();
        // "exec" stands in what was prepared, and in one of the two texts that it executed.
        EXPECT_EQ(events_.of(EventType::kAlert).size() - before, 2u) << tail.size();
    }
}

TEST_F(DialogueTest, LongParametersAreCut) {
    say(true, test::execute_sql("select @p", std::string(5000, 'x')));
    play();
    const auto queries = events_.tds(TdsKind::kQuery);
    ASSERT_EQ(queries.size(), 1u);
    EXPECT_TRUE(queries[0]->parameters.truncated());
    EXPECT_NE(queries[0]->parameters.view().find("xxxx"), std::string_view::npos);
}

TEST_F(DiscoveryTest, RulesForDatagrams) {
    const Wire worm = Wire().u8(4).raw("....\x81\xF1\x03\x01\x04\x9B\x81\xF1\x01 sock..send..");
    ask(worm, 1433);  // not the Browser's port
    EXPECT_TRUE(events_.of(EventType::kAlert).empty());
    for (int i = 0; i < 20; ++i)
        ask(worm);
    const auto alerts = events_.of(EventType::kAlert);
    ASSERT_EQ(alerts.size(), 10u) << "more of them in a minute tell nothing new";
    EXPECT_EQ(inspector_->stats().pipeline.alerts_below_threshold.read(), 10u);
    EXPECT_TRUE(alerts[0]->alert.to_server);
    EXPECT_EQ(alerts[0]->conversation.server.port, 1434);
    const auto verdicts = events_.of(EventType::kVerdict);
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_EQ(verdicts[0]->verdict.reasons[0].id.view(), "sid:2003");
    announce("ServerName;SECRETHOST;InstanceName;I;IsClustered;No;Version;16.0;tcp;1433;;");
    EXPECT_EQ(events_.of(EventType::kAlert).size(), 11u);
}

}  // namespace
}  // namespace querytap::pipeline
