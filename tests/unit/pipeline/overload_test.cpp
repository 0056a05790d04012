// What an Inspector leaves out at each load, and what it says of it. The load comes from the test,
// as it comes from the dataplane.
#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/tds_builder.h"

namespace querytap::pipeline {
namespace {

using test::ByteVector;
using test::OwnedFrame;

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

using Sids = std::vector<std::uint32_t>;

class Overload : public testing::Test {
  protected:
    void make(std::string_view policy = {}) {
        auto rules = signature::RuleSet::parse(kRules, "test.rules");
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        generation_ = {1, std::move(rules).value(), nullptr};
        if (!policy.empty()) {
            auto parsed = policy::Policy::parse(policy, "policy.yaml");
            ASSERT_TRUE(parsed.ok()) << parsed.error().to_string();
            generation_.policy = std::move(parsed).value();
        }
        auto made = Inspector::create(test::small_limits(), generation_, events_);
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        inspector_ = std::move(made).value();
    }

    void segment(bool to_server, std::uint8_t flags, const ByteVector& payload) {
        std::uint32_t& from = to_server ? client_ : server_;
        std::uint32_t& back = to_server ? server_ : client_;
        test::TcpFields fields{.sequence = from, .acknowledgement = back, .flags = flags};
        fields.destination_port = port_;
        if (!to_server) {
            std::swap(fields.source, fields.destination);
            std::swap(fields.source_port, fields.destination_port);
        }
        const OwnedFrame frame{test::tcp_frame(fields, payload), from_ns(++time_ns_), ++ordinal_};
        inspector_->inspect(std::array{frame.frame()});
        from += static_cast<std::uint32_t>(payload.size()) + ((flags & packet::kSyn) != 0 ? 1 : 0);
    }
    void say(bool to_server, const ByteVector& payload) {
        segment(to_server, packet::kAck | packet::kPsh, payload);
    }
    void connect() {
        segment(true, packet::kSyn, {});
        segment(false, packet::kSyn | packet::kAck, {});
        segment(true, packet::kAck, {});
    }
    void log_in() {
        say(true, test::prelogin());
        say(false, test::prelogin_answer());
        say(true, test::login7());
        say(false, test::login_answer());
    }
    void ask_and_answer() {
        say(true, test::batch("exec xp_cmdshell 'dir'"));
        say(false, test::rows({"please run calc"}));
    }
    void set_load(Load load) { inspector_->set_load(load); }
    void finish() { inspector_->finish(from_ns(++time_ns_)); }

    Sids sids() const {
        Sids found;
        for (const Event* event : events_.of(EventType::kAlert))
            found.push_back(generation_.rules->rules()[event->alert.rule].sid);
        return found;
    }
    Degraded of_flow() const { return events_.of(EventType::kFlow).back()->flow.degraded; }
    std::uint64_t bytes_shed(Shed what) const {
        return inspector_->stats().pipeline.shed_bytes[static_cast<std::size_t>(what)].read();
    }

    test::EventCollector events_;
    Generation generation_;
    std::unique_ptr<Inspector> inspector_;
    std::uint16_t port_ = 1433;
    std::uint32_t client_ = 1000;
    std::uint32_t server_ = 77'000;
    std::int64_t time_ns_ = 1'700'000'000'000'000'000;
    std::uint64_t ordinal_ = 0;
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
}

TEST_F(Overload, ALoginOnAnyPortIsInspected) {
    make();
    port_ = 40'000;
    set_load(Load::kRequests);
    connect();
    log_in();
    finish();
    EXPECT_EQ(sids(), (Sids{1}));
}

}  // namespace
}  // namespace querytap::pipeline
