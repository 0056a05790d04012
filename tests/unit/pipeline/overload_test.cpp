// What an Inspector leaves out at each load, and what it says of it. The load comes from the test,
// as it comes from the dataplane.
#include <gtest/gtest.h>

#include "packet_test.h"

namespace querytap::pipeline {
namespace {

constexpr std::string_view kRules = R"(
alert tds any any -> any any (msg:"login"; tds.login.app; content:"Billing"; metadata:confidence low; sid:1; rev:1;)
alert tds any any -> any any (msg:"request"; tds.sql; content:"exec xp_cmdshell"; metadata:confidence medium; sid:2; rev:1;)
alert tds any any -> any any (msg:"result"; tds.result; content:"run calc"; metadata:confidence low; sid:3; rev:1;)
)";
constexpr std::string_view kPolicy = R"(
clients: {apps: {addresses: 10.1.2.3}}
servers: {db: {addresses: 10.9.8.7}}
rules: [{name: billing, clients: apps, servers: db}]
)";

class Overload : public PacketTest {
  protected:
    void make(std::string_view policy = {}) { PacketTest::make(kRules, policy); }
    Degraded of_flow() const { return events_.of(EventType::kFlow).back()->flow.degraded; }
    std::uint64_t bytes_shed(Shed what) const {
        return inspector_->stats().pipeline.shed_bytes[static_cast<std::size_t>(what)].read();
    }
};

struct LevelCase {
    const char* name;
    Load load;
    bool sanctioned;
    Sids sids;
    bool results;
    bool requests;
};

class AtLevel : public Overload, public testing::WithParamInterface<LevelCase> {};

TEST_P(AtLevel, TheLoginIsInspectedAndTheOrderIsKept) {
    make(GetParam().sanctioned ? kPolicy : std::string_view{});
    set_load(GetParam().load);
    connect();
    log_in();
    ask_and_answer();
    ask_and_answer();
    finish();
    Sids expected;
    expected.push_back(1);
    for (int i = 0; i < 2; ++i)
        expected.insert(expected.end(), GetParam().sids.begin(), GetParam().sids.end());
    EXPECT_EQ(sids(), expected);
    EXPECT_EQ(of_flow().has(Shed::kResults), GetParam().results);
    EXPECT_EQ(of_flow().has(Shed::kRequests), GetParam().requests);
    EXPECT_EQ(bytes_shed(Shed::kResults) != 0, GetParam().results);
    EXPECT_EQ(bytes_shed(Shed::kRequests) != 0, GetParam().requests);
    const auto& counters = inspector_->stats().pipeline;
    EXPECT_EQ(counters.sessions_degraded.read(), GetParam().results ? 1u : 0u);
    EXPECT_EQ(counters.load.read(), static_cast<std::uint64_t>(GetParam().load));
}

const LevelCase kLevels[] = {
    {"normal", Load::kNormal, false, {2, 3}, false, false},
    {"streams", Load::kStreams, false, {2, 3}, false, false},
    {"results", Load::kResults, false, {2}, true, false},
    {"requests_of_others", Load::kRequests, false, {2}, true, false},
    {"sanctioned_results", Load::kResults, true, {2}, true, false},
    {"sanctioned_requests", Load::kRequests, true, {}, true, true},
};
INSTANTIATE_TEST_SUITE_P(Levels, AtLevel, testing::ValuesIn(kLevels),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(Overload, StreamsArePickedUpAgainWhenItIsOver) {
    make();
    connect();
    log_in();
    set_load(Load::kResults);
    ask_and_answer();
    // The last answer that is left out ends in the middle of a message.
    const ByteVector answer = test::rows({"please run calc"});
    say(false, {answer.begin(), answer.begin() + 9});
    set_load(Load::kNormal);
    say(false, {answer.begin() + 9, answer.end()});
    ask_and_answer();
    finish();
    EXPECT_EQ(sids(), (Sids{1, 2, 2, 3}));
    EXPECT_TRUE(of_flow().has(Shed::kResults));
    EXPECT_EQ(inspector_->stats().stream.gaps.read(), 0u);
    EXPECT_EQ(inspector_->stats().stream.blocks_in_use.read(), 0u);
}

TEST_F(Overload, AVerdictGivenBeforeIsToldAgainAsDegraded) {
    make();
    connect();
    log_in();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    ASSERT_EQ(events_.of(EventType::kVerdict).size(), 1u);
    EXPECT_FALSE(events_.of(EventType::kVerdict)[0]->verdict.degraded.any());
    set_load(Load::kResults);
    say(false, test::rows({"nothing"}));
    finish();
    ASSERT_EQ(events_.of(EventType::kVerdict).size(), 2u);
    EXPECT_TRUE(events_.of(EventType::kVerdict)[1]->verdict.degraded.has(Shed::kResults));
    EXPECT_EQ(events_.of(EventType::kVerdict)[1]->verdict.level, verdict::Level::kSuspicious);
}

TEST_F(Overload, HeldSegmentsGoBackToThePool) {
    make();
    connect();
    log_in();
    say(true, test::batch("select 1"));
    server_ += 10;  // a hole
    say(false, test::rows({"later"}));
    EXPECT_NE(inspector_->stats().stream.blocks_in_use.read(), 0u);
    set_load(Load::kResults);
    say(false, test::rows({"more"}));
    EXPECT_EQ(inspector_->stats().stream.blocks_in_use.read(), 0u);
    finish();
}

TEST_F(Overload, UnknownStreamsOffTheSqlPortsAreNotLookedInto) {
    make();
    port_ = 40'000;
    set_load(Load::kStreams);
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    EXPECT_NE(bytes_shed(Shed::kStreams), 0u);
    set_load(Load::kNormal);
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    finish();
    EXPECT_EQ(sids(), (Sids{2}));
    EXPECT_TRUE(of_flow().has(Shed::kStreams));
    EXPECT_TRUE(events_.of(EventType::kVerdict).at(0)->verdict.degraded.has(Shed::kStreams));
    EXPECT_EQ(inspector_->stats().pipeline.sessions_degraded.read(), 1u);
}

TEST_F(Overload, FlowsSayThatTheyWereNotLookedInto) {
    Limits limits = test::small_limits();
    limits.all_flows = true;
    PacketTest::make(kRules, {}, limits);
    port_ = 40'000;
    set_load(Load::kStreams);
    say(true, test::batch("select 1"));
    finish();
    EXPECT_TRUE(of_flow().has(Shed::kStreams));
    EXPECT_FALSE(of_flow().has(Shed::kResults));
}

struct LoginCase {
    const char* name;
    bool handshake;  ///< the tap saw it
    bool prelogin;
};

class AnyLogin : public Overload, public testing::WithParamInterface<LoginCase> {};

TEST_P(AnyLogin, IsInspectedOnAnyPort) {
    make();
    port_ = 40'000;
    set_load(Load::kRequests);
    if (GetParam().handshake) connect();
    if (GetParam().prelogin) {
        say(true, test::prelogin());
        say(false, test::prelogin_answer());
    }
    say(true, test::login7());
    say(false, test::login_answer());
    finish();
    EXPECT_EQ(sids(), (Sids{1}));
    EXPECT_EQ(bytes_shed(Shed::kStreams), 0u);
}

const LoginCase kLogins[] = {
    {"from_its_beginning", true, true},
    {"without_handshake", false, true},
    {"only_the_login", false, false},
};
INSTANTIATE_TEST_SUITE_P(Logins, AnyLogin, testing::ValuesIn(kLogins),
                         [](const auto& param) { return std::string(param.param.name); });

/// The ring is full when the verdict comes; what is counted is what was written.
TEST_F(Overload, AVerdictThatFindsNoRoomIsToldLater) {
    make();
    connect();
    log_in();
    events_.room = 0;
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    const Counters& counters = inspector_->stats().pipeline;
    const Counter& suspicious =
        counters.verdicts[static_cast<std::size_t>(verdict::Level::kSuspicious)];
    EXPECT_EQ(counters.events_dropped[static_cast<std::size_t>(EventType::kVerdict)].read(), 1u);
    EXPECT_EQ(suspicious.read(), 0u);
    EXPECT_EQ(counters.alerts.read(), 1u);  // of the login
    events_.room = SIZE_MAX;
    say(true, test::batch("select 1"));
    EXPECT_TRUE(events_.of(EventType::kVerdict).empty());
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    finish();
    ASSERT_EQ(events_.of(EventType::kVerdict).size(), 1u);
    const Verdict& told = events_.of(EventType::kVerdict)[0]->verdict;
    EXPECT_EQ(told.level, verdict::Level::kSuspicious);
    EXPECT_EQ(told.previous, verdict::Level::kUnknown);
    EXPECT_EQ(suspicious.read(), 1u);
}

TEST_F(Overload, AVerdictThatFindsNoRoomIsToldAtTheEnd) {
    make();
    connect();
    log_in();
    events_.room = events_.events().size();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    events_.room = SIZE_MAX;
    finish();
    EXPECT_EQ(events_.of(EventType::kVerdict).size(), 1u);
}

}  // namespace
}  // namespace querytap::pipeline
