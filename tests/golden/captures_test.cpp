// Captures -> events. The project's own captures against their labels and against reviewed EVE
// lines (tests/golden/expected); captures made by others, where present, against what their README
// says.
//
// QUERYTAP_UPDATE_GOLDEN=1 writes the expected lines anew; review the difference.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/sinks/eve_json.h>

#include "capture_turns.h"
#include "event_collector.h"

namespace querytap {
namespace {

using pipeline::EventType;
using verdict::Level;

pipeline::Generation& generation() {
    static pipeline::Generation shared = [] {
        auto rules = signature::RuleSet::load(test::source_root() / "signatures");
        if (!rules.ok()) throw std::runtime_error(rules.error().to_string());
        return pipeline::Generation{.number = 1, .rules = std::move(rules).value(), .policy = {}};
    }();
    return shared;
}

/// A capture's events and what was counted on the way.
struct Inspected {
    test::EventCollector events;
    std::map<int, std::uint64_t> tds_messages;
    std::uint64_t logins = 0;
    std::set<std::string> threats;  ///< metadata `threat` of the signatures that fired
    std::set<std::uint32_t> sids;

    explicit Inspected(const std::filesystem::path& capture,
                       std::shared_ptr<const tls::KeyLog> key_log = nullptr) {
        pipeline::Limits limits = test::small_limits();
        limits.flows = 1 << 14;
        limits.tds.tls.key_log = std::move(key_log);
        auto made = pipeline::Inspector::create(limits, generation(), events);
        if (!made.ok()) throw std::runtime_error(made.error().to_string());
        pipeline::Inspector& inspector = **made;
        const auto frames = test::frames_of(capture);
        test::inspect_all(inspector, frames);
        inspector.finish(frames.empty() ? Timestamp{} : frames.back().time);

        const pipeline::Counters& counters = inspector.stats().pipeline;
        for (std::size_t type = 0; type < counters.tds_messages.size(); ++type) {
            const std::uint64_t count = counters.tds_messages[type].read();
            if (count > 0) tds_messages[static_cast<int>(type)] = count;
        }
        logins = counters.logins.read();
        for (const pipeline::Event* event : events.of(EventType::kAlert)) {
            const signature::Rule& rule = generation().rules->rules()[event->alert.rule];
            sids.insert(rule.sid);
            threats.insert(rule.threat);
        }
    }

    std::string eve() const {
        std::string lines;
        for (const pipeline::Event& event : events.events()) {
            const signature::Rule* rule = event.type == EventType::kAlert
                                              ? &generation().rules->rules()[event.alert.rule]
                                              : nullptr;
            lines += sinks::to_eve_line(event, rule);
        }
        return lines;
    }
};

class Own : public testing::TestWithParam<std::string> {
  protected:
    std::filesystem::path capture() const {
        return test::source_root() / "tests/data" / GetParam();
    }
    test::Label label() const { return test::labels().at(GetParam()); }
};

TEST_P(Own, VerdictAndCountsAreWhatTheLabelSays) {
    const Inspected found(capture());
    const test::Label expected = label();
    if (!expected.tds_messages.empty()) {
        EXPECT_EQ(found.tds_messages, expected.tds_messages);
    }
    EXPECT_EQ(found.logins, expected.logins);
    if (expected.expect == "none") {
        EXPECT_LT(found.events.worst(), Level::kSuspicious);
        EXPECT_THAT(found.sids, testing::IsEmpty());
    } else if (expected.needs == "signature") {
        EXPECT_EQ(found.events.worst(), Level::kMalicious);
        EXPECT_THAT(found.threats, testing::Contains(expected.threat));
    }
}

/// What is encrypted is no verdict; with the secrets it is the one that it would be in the clear.
TEST_P(Own, VerdictWithKeyLogIsWhatTheLabelSays) {
    const test::Label expected = label();
    if (expected.key_log.empty()) return;
    EXPECT_EQ(Inspected(capture()).events.worst(), Level::kUnknown);
    const Inspected found(capture(), test::key_log_of(GetParam()));
    EXPECT_EQ(found.logins, expected.flows);
    if (expected.expect == "none") {
        EXPECT_LT(found.events.worst(), Level::kSuspicious);
    } else {
        EXPECT_EQ(found.events.worst(), Level::kMalicious);
        EXPECT_THAT(found.threats, testing::Contains(expected.threat));
    }
    // What is in TLS contradicts nothing that was said about TLS.
    EXPECT_TRUE(found.events.tds(pipeline::TdsKind::kAnomaly).empty());
    EXPECT_EQ(found.events.tds(pipeline::TdsKind::kTls).size(), expected.flows);
}

TEST_P(Own, EventsAreTheReviewedOnes) {
    const auto file = test::source_root() / "tests/golden/expected" / (GetParam() + ".eve");
    const std::string found = Inspected(capture()).eve();
    if (std::getenv("QUERYTAP_UPDATE_GOLDEN") != nullptr && std::filesystem::exists(file)) {
        std::ofstream(file) << found;
    }
    if (!std::filesystem::exists(file))
        return;  // reviewed lines are kept for a part of the captures
    std::ifstream in(file);
    const std::string expected{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
    EXPECT_EQ(found, expected);
}

INSTANTIATE_TEST_SUITE_P(Captures, Own, testing::ValuesIn(test::labelled_captures()),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                             return name;
                         });

class Foreign : public testing::Test {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(test::foreign_captures())) {
            GTEST_SKIP() << "skipped: no captures in " << test::foreign_captures();
        }
    }
    static Inspected inspect(const char* name) {
        return Inspected(test::foreign_captures() / name);
    }
};

TEST_F(Foreign, WholeClearSessionOfSqlServer2000) {
    const Inspected found = inspect("arkime-tds7.pcap");
    // PRELOGIN, its answer, LOGIN7, its answer, one batch, its result.
    EXPECT_EQ(found.tds_messages, (std::map<int, std::uint64_t>{{1, 1}, {4, 3}, {16, 1}, {18, 1}}));
    ASSERT_EQ(found.events.tds(pipeline::TdsKind::kLogin).size(), 1u);
    EXPECT_EQ(found.events.tds(pipeline::TdsKind::kLogin)[0]->user.view(), "testuser");
    EXPECT_THAT(std::string(found.events.tds(pipeline::TdsKind::kQuery).at(0)->text.view()),
                testing::HasSubstr("syscharsets"));
    EXPECT_TRUE(found.sids.empty());
    EXPECT_EQ(found.events.worst(), Level::kUnknown);
}

TEST_F(Foreign, TwelveFlowsPickedUpMidstream) {
    const Inspected found = inspect("ndpi-mssql_tds.pcap");
    // Seventeen RPC packets; frames 26 to 32 carry one message of two packets.
    EXPECT_EQ(found.tds_messages, (std::map<int, std::uint64_t>{{1, 3}, {3, 16}, {4, 10}}));
    EXPECT_TRUE(found.sids.empty());
    EXPECT_EQ(found.events.worst(), Level::kUnknown);
}

TEST_F(Foreign, RandomPacketsAreNotTds) {
    const Inspected found = inspect("mrp-tds-random.pcap");
    EXPECT_TRUE(found.sids.empty());
    EXPECT_LT(found.events.worst(), Level::kSuspicious);
}

TEST_F(Foreign, SybaseIsToldFromTds7) {
    const Inspected found = inspect("arkime-tds5.pcap");
    EXPECT_TRUE(found.tds_messages.empty());
    EXPECT_TRUE(found.sids.empty());
}

TEST_F(Foreign, NtlmLoginOverIpv6) {
    const Inspected found = inspect("arkime-ntlm_synthetic.pcap");
    EXPECT_GE(found.logins, 1u);
    EXPECT_TRUE(found.sids.empty());
    std::vector<std::string> who;
    for (const pipeline::Event* event : found.events.of(pipeline::EventType::kTds)) {
        const pipeline::Tds& tds = event->tds;
        if (tds.kind != pipeline::TdsKind::kNtlm) continue;
        who.push_back(std::string(tds.domain.view()) + "\\" + std::string(tds.user.view()) +
                      " at " + std::string(tds.host.view()));
    }
    EXPECT_THAT(who, testing::ElementsAre("TDSDOM\\mona at TDSHOST"));
}

TEST_F(Foreign, BackgroundTrafficHasNoCommandChannel) {
    const Inspected found = inspect("background/mixed-60k.pcap");
    EXPECT_LT(found.events.worst(), Level::kMalicious);
    EXPECT_THAT(found.sids, testing::IsEmpty());
}

}  // namespace
}  // namespace querytap
