#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/rpc_builder.h"

namespace querytap::pipeline {
namespace {

using test::ByteVector;
using test::Cutting;
using test::Turn;

constexpr std::string_view kRules = R"(
alert tds any any -> any any (msg:"xp_cmdshell runs"; flow:to_server; tds.sql; content:"exec xp_cmdshell"; classtype:execution; metadata:confidence high, mitre_technique_id T1505.001; sid:1; rev:1;)
alert tds any any -> any any (msg:"odd application"; tds.login.app; content:"Rat"; classtype:c2-channel; metadata:confidence medium; sid:2; rev:1;)
alert tds any any -> any any (msg:"order in a parameter"; tds.param; content:"whoami"; classtype:c2-channel; metadata:confidence medium; sid:3; rev:1;)
alert tds any any -> any any (msg:"order in a result"; flow:to_client; tds.result; content:"run calc"; classtype:c2-channel; metadata:confidence medium; sid:4; rev:1;)
alert tds any any -> any any (msg:"procedure"; tds.proc; content:"sp_executesql"; classtype:c2-channel; metadata:confidence low; sid:5; rev:1;)
)";

Timestamp at(std::int64_t seconds) {
    return from_ns(seconds * 1'000'000'000 + 1);
}

class InspectorTest : public testing::Test {
  protected:
    void make(const Limits& limits = test::small_limits(), std::string_view rules = kRules,
              std::string_view policy = {}) {
        auto set = signature::RuleSet::parse(rules, "test.rules");
        ASSERT_TRUE(set.ok()) << set.error().to_string();
        generation_.number = 1;
        generation_.rules = std::move(set).value();
        if (!policy.empty()) {
            auto parsed = policy::Policy::parse(policy, "policy.yaml");
            ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
            generation_.policy = std::move(parsed).value();
        }
        auto made = Inspector::create(limits, generation_, events_);
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        inspector_ = std::move(made).value();
    }

    void say(bool to_server, ByteVector bytes) {
        turns_.push_back({to_server, std::move(bytes), at(++seconds_)});
    }
    void log_in(const test::LoginFields& fields = {}) {
        say(true, test::prelogin());
        say(false, test::prelogin_answer());
        say(true, test::login7(fields));
        say(false, test::login_answer());
    }
    void play(const Cutting& cutting = {}) {
        test::inspect_all(*inspector_, test::conversation(turns_, cutting, random_));
        inspector_->finish(at(seconds_ + 1));
    }
    std::vector<std::uint32_t> sids() const {
        std::vector<std::uint32_t> found;
        for (const Event* event : events_.of(EventType::kAlert)) {
            found.push_back(generation_.rules->rules()[event->alert.rule].sid);
        }
        return found;
    }

    std::mt19937 random_{7};
    test::EventCollector events_;
    Generation generation_;
    std::unique_ptr<Inspector> inspector_;
    std::vector<Turn> turns_;
    std::int64_t seconds_ = 1'700'000'000;
};

TEST_F(InspectorTest, LoginIsReportedWithoutVerdict) {
    make();
    log_in();
    play();
    const auto logins = events_.tds(TdsKind::kLogin);
    ASSERT_EQ(logins.size(), 1u);
    EXPECT_EQ(logins[0]->user.view(), "app");
    EXPECT_EQ(logins[0]->host.view(), "WS01");
    EXPECT_EQ(logins[0]->application.view(), "Billing");
    EXPECT_EQ(logins[0]->database.view(), "billing");
    EXPECT_EQ(logins[0]->tds_version, 0x74000004u);
    EXPECT_TRUE(events_.of(EventType::kVerdict).empty());
    ASSERT_EQ(events_.of(EventType::kFlow).size(), 1u);
    const Event& flow = *events_.of(EventType::kFlow)[0];
    EXPECT_EQ(flow.flow.user.view(), "app");
    EXPECT_EQ(flow.conversation.server.port, 1433);
    EXPECT_EQ(flow.flow.tds_messages_to_server, 2u);
    EXPECT_EQ(flow.flow.tds_messages_to_client, 2u);
}

TEST_F(InspectorTest, AnAnswerWithoutItsEndStillAcknowledgesTheLogin) {
    make();
    say(true, test::prelogin());
    say(false, test::prelogin_answer());
    say(true, test::login7({}));
    ByteVector answer = test::login_answer();
    answer.erase(answer.end() - 4, answer.end());  // DONE is cut
    say(false, answer);
    play();
    EXPECT_EQ(events_.tds(TdsKind::kLoginAck).size(), 1u);
}

TEST_F(InspectorTest, ThePasswordAppearsNowhere) {
    make();
    log_in();
    play();
    for (const Event& event : events_.events()) {
        const std::string_view bytes(reinterpret_cast<const char*>(&event), sizeof(event));
        EXPECT_EQ(bytes.find("secret"), std::string_view::npos);
    }
}

struct SqlCase {
    const char* name;
    const char* sql;
    bool all_headers;
    bool hit;
};

class SqlTest : public InspectorTest, public testing::WithParamInterface<SqlCase> {};

TEST_P(SqlTest, VerdictFollowsTheMeaning) {
    make();
    test::LoginFields fields;
    if (!GetParam().all_headers) fields.tds_version = 0x71000001;
    log_in(fields);
    say(true, test::batch(GetParam().sql, GetParam().all_headers));
    say(false, test::done());
    play();
    EXPECT_EQ(sids(),
              GetParam().hit ? std::vector<std::uint32_t>{1} : std::vector<std::uint32_t>{});
    EXPECT_EQ(events_.worst(),
              GetParam().hit ? verdict::Level::kMalicious : verdict::Level::kUnknown);
    ASSERT_EQ(events_.tds(TdsKind::kQuery).size(), 1u);
    EXPECT_EQ(events_.tds(TdsKind::kQuery)[0]->text.view(), GetParam().sql);
}

INSTANTIATE_TEST_SUITE_P(
    Statements, SqlTest,
    testing::Values(SqlCase{"plain", "EXEC xp_cmdshell 'dir'", true, true},
                    SqlCase{"tds71", "EXEC xp_cmdshell 'dir'", false, true},
                    SqlCase{"comment", "exec/**/[xp_cmdshell] 'dir'", true, true},
                    SqlCase{"literal", "insert t values ('exec xp_cmdshell')", true, false},
                    SqlCase{"ordinary", "select name from customers where id = 7", true, false}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(InspectorTest, OneShapeOneQueryHash) {
    make();
    log_in();
    say(true, test::batch("SELECT name FROM customers WHERE id IN (1, 2, 3)"));
    say(true, test::batch("select [name] from customers -- x\nwhere id in ('a')"));
    say(true, test::execute_sql("select name from Customers where id in (@p)", "7"));
    say(true, test::batch("select name from customers where id = 7"));
    say(true, test::rpc({{"dbo.[Get Customer];1", {{"", 7}}}}));
    say(true, test::rpc({{"DBO.[get customer]", {{"", "x"}}}}));
    play();
    const auto queries = events_.tds(TdsKind::kQuery);
    ASSERT_EQ(queries.size(), 6u);
    EXPECT_NE(queries[0]->query_hash, 0u);
    EXPECT_EQ(queries[1]->query_hash, queries[0]->query_hash);
    EXPECT_EQ(queries[2]->query_hash, queries[0]->query_hash);
    EXPECT_NE(queries[3]->query_hash, queries[0]->query_hash);
    EXPECT_NE(queries[4]->query_hash, 0u);
    EXPECT_EQ(queries[5]->query_hash, queries[4]->query_hash);
}

TEST_F(InspectorTest, BoundsOfTheNormaliserAreCounted) {
    make();
    log_in();
    say(true, test::batch("exec('" + std::string(5000, 'x') + "')"));
    play();
    EXPECT_GT(inspector_->stats().pipeline.sql_limits.read(), 0u);
}

TEST_F(InspectorTest, MessageAcrossManySegmentsAndPacketsIsOneMessage) {
    make();
    log_in();
    const std::string sql = std::string(9000, ' ') + "exec xp_cmdshell 'dir'";
    say(true, test::batch(sql, true, 512));
    Cutting cutting;
    cutting.segment_max = 100;
    cutting.random_sizes = true;
    play(cutting);
    EXPECT_EQ(sids(), std::vector<std::uint32_t>{1});
    EXPECT_EQ(events_.tds(TdsKind::kQuery).size(), 1u);
}

TEST_F(InspectorTest, ByteByByteFromTheFirstOn) {
    make();
    log_in({.application = "Rat"});
    say(true, test::execute_sql("exec xp_cmdshell @p", "whoami"));
    say(false, test::rows({"nothing", "run calc"}));
    Cutting cutting;
    cutting.segment_max = 1;
    play(cutting);
    EXPECT_EQ(sids(), (std::vector<std::uint32_t>{2, 1, 3, 5, 4}));
    EXPECT_EQ(events_.tds(TdsKind::kQuery).at(0)->procedure.view(), "sp_executesql");
}

// MS-TDS knows no base64: values are text like any other until somebody decodes them.
constexpr std::string_view kWhoami =
    "d2hvYW1pIC9hbGwgJiBpcGNvbmZpZyAvYWxs";  // whoami /all & ipconfig /all
constexpr std::string_view kDecodedRules = R"(
alert tds any any -> any any (msg:"decoded"; tds.decoded; pcre:"/^whoami .*all$/m"; sid:6; rev:1;)
alert tds any any -> any any (msg:"as it is"; tds.result; content:"whoami"; sid:7; rev:1;)
)";

class Base64Values : public InspectorTest,
                     public testing::WithParamInterface<std::tuple<std::size_t, bool>> {};

TEST_P(Base64Values, AreDecodedHoweverTheyAreCut) {
    const auto [segment_max, in_result] = GetParam();
    make(test::small_limits(), kDecodedRules);
    log_in();
    say(true, test::execute_sql("select @p", in_result ? "short" : kWhoami));
    if (in_result) say(false, test::rows({"a", kWhoami, "whoami all, but not encoded"}));
    Cutting cutting;
    cutting.segment_max = segment_max;
    play(cutting);
    std::vector<std::uint32_t> expected{6};
    if (in_result) expected.push_back(7);
    EXPECT_THAT(sids(), testing::UnorderedElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(Segments, Base64Values,
                         testing::Combine(testing::Values(1, 7, 31, 1448), testing::Bool()));

TEST_F(InspectorTest, PickedUpMidstreamOnAnyPort) {
    make();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    say(false, test::rows({"file"}));
    Cutting cutting;
    cutting.handshake = false;
    play(cutting);
    EXPECT_EQ(sids(), std::vector<std::uint32_t>{1});
    EXPECT_EQ(events_.of(EventType::kFlow).at(0)->conversation.server.port, 1433);
}

TEST_F(InspectorTest, EvidenceAddsUpToMalicious) {
    make();
    log_in({.application = "Rat"});
    EXPECT_TRUE(inspector_ != nullptr);
    say(true, test::execute_sql("select @p", "whoami"));
    play();
    const auto verdicts = events_.of(EventType::kVerdict);
    ASSERT_GE(verdicts.size(), 2u);
    EXPECT_EQ(verdicts[0]->verdict.level, verdict::Level::kSuspicious);
    EXPECT_EQ(verdicts[1]->verdict.level, verdict::Level::kMalicious);
    EXPECT_EQ(verdicts[1]->verdict.previous, verdict::Level::kSuspicious);
    EXPECT_EQ(verdicts[1]->verdict.reasons[0].id.view(), "sid:2");
    EXPECT_EQ(verdicts[1]->conversation.client.port, 50000);
}

TEST_F(InspectorTest, RepeatedAlertsOfAFlowAreBounded) {
    make();
    log_in();
    for (int i = 0; i < 50; ++i)
        say(true, test::batch("exec xp_cmdshell 'dir'"));
    play();
    EXPECT_EQ(sids().size(), 10u);
    EXPECT_EQ(inspector_->stats().pipeline.alerts_suppressed.read(), 40u);
}

TEST_F(InspectorTest, FullPoolsAreCountedAndNothingBreaks) {
    Limits limits = test::small_limits();
    limits.sessions = 1;
    make(limits);
    log_in();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    auto frames = test::conversation(turns_, {.close = false}, random_);
    test::inspect_all(*inspector_, frames);
    for (auto& frame : frames)
        frame.bytes[12 + 2 + 20 + 1] ^= 1;  // another client port
    test::inspect_all(*inspector_, frames);
    EXPECT_GT(inspector_->stats().pipeline.sessions_exhausted.read(), 0u);
    EXPECT_EQ(sids(), std::vector<std::uint32_t>{1});
}

TEST_F(InspectorTest, LostEventsAreCounted) {
    make();
    events_.room = 1;
    log_in();
    play();
    EXPECT_EQ(events_.events().size(), 1u);
    std::uint64_t dropped = 0;
    for (const auto& counter : inspector_->stats().pipeline.events_dropped)
        dropped += counter.read();
    EXPECT_GT(dropped, 0u);
}

TEST_F(InspectorTest, MessageUnderWayFinishesOnItsOwnRules) {
    make();
    log_in();
    say(true, test::batch(std::string(4000, ' ') + "exec xp_cmdshell 'a'"));
    const auto frames = test::conversation(turns_, {.segment_max = 1000, .close = false}, random_);
    const std::size_t half = frames.size() - 3;
    test::inspect_all(*inspector_, {frames.begin(), frames.begin() + static_cast<long>(half)});

    Generation next{
        .number = 2, .rules = signature::RuleSet::parse("", "none").value(), .policy = {}};
    auto prepared = inspector_->prepare(next);
    ASSERT_TRUE(prepared.ok());
    EXPECT_EQ(inspector_->adopt(std::move(prepared).value()), nullptr);
    EXPECT_EQ(inspector_->oldest_generation(), 1u);

    test::inspect_all(*inspector_, {frames.begin() + static_cast<long>(half), frames.end()});
    EXPECT_EQ(sids(), std::vector<std::uint32_t>{1});
    EXPECT_NE(inspector_->adopt(nullptr), nullptr);
    EXPECT_EQ(inspector_->oldest_generation(), 2u);
}

}  // namespace
}  // namespace querytap::pipeline
