// However a network cuts, reorders and repeats the segments of a conversation, the events are the
// same. The conversations are those of the captures in tests/data, put together again in other
// ways.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include <querytap/sinks/eve_json.h>

#include "capture_turns.h"
#include "event_collector.h"

namespace querytap {
namespace {

using test::Cutting;

struct Way {
    const char* name;
    Cutting cutting;
};

const Way kWays[] = {
    {"small segments", {.segment_max = 100}},
    {"random sizes", {.random_sizes = true}},
    {"tiny random sizes", {.segment_max = 9, .random_sizes = true}},
    {"reordered", {.segment_max = 300, .random_sizes = true, .reorder = 0.3}},
    {"repeated", {.segment_max = 300, .random_sizes = true, .duplicate = 0.3}},
    {"reordered and repeated",
     {.segment_max = 60, .random_sizes = true, .reorder = 0.2, .duplicate = 0.2}},
};

/// Alerts, verdicts and TDS records as EVE lines. Flow records count packets, which differ.
std::vector<std::string> events_of(const std::vector<test::OwnedFrame>& frames,
                                   const pipeline::Generation& generation,
                                   const std::shared_ptr<const tls::KeyLog>& key_log) {
    test::EventCollector events;
    pipeline::Limits limits = test::small_limits();
    limits.tds.tls.key_log = key_log;
    auto inspector = pipeline::Inspector::create(limits, generation, events);
    if (!inspector.ok()) throw std::runtime_error(inspector.error().to_string());
    test::inspect_all(**inspector, frames);
    (*inspector)->finish(frames.back().time);

    std::vector<std::string> lines;
    for (const pipeline::Event& event : events.events()) {
        if (event.type == pipeline::EventType::kFlow) continue;
        const signature::Rule* rule = event.type == pipeline::EventType::kAlert
                                          ? &generation.rules->rules()[event.alert.rule]
                                          : nullptr;
        lines.push_back(sinks::to_eve_line(event, rule));
    }
    return lines;
}

class Resegment : public testing::TestWithParam<std::string> {
  protected:
    static void SetUpTestSuite() {
        auto rules = signature::RuleSet::load(test::source_root() / "signatures");
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        generation_ = {.number = 1, .rules = std::move(rules).value(), .policy = {}};
    }
    static pipeline::Generation generation_;
};
pipeline::Generation Resegment::generation_;

TEST_P(Resegment, SameEvents) {
    const auto conversations = test::turns_of(test::source_root() / "tests/data" / GetParam());
    ASSERT_FALSE(conversations.empty());
    std::mt19937 random(11);
    const auto key_log = test::key_log_of(GetParam());
    for (const auto& turns : conversations) {
        const auto expected =
            events_of(test::conversation(turns, {}, random), generation_, key_log);
        EXPECT_FALSE(expected.empty());
        for (const Way& way : kWays) {
            const auto found =
                events_of(test::conversation(turns, way.cutting, random), generation_, key_log);
            ASSERT_EQ(found, expected) << way.name;
        }
    }
}

/// Signatures named by alert lines.
std::set<std::string> sids_in(const std::vector<std::string>& lines) {
    constexpr std::string_view kKey = "\"signature_id\":";
    std::set<std::string> sids;
    for (const std::string& line : lines) {
        const std::size_t at = line.find(kKey);
        if (at != std::string::npos) sids.insert(line.substr(at, line.find(',', at) - at));
    }
    return sids;
}

/// Loss may hide what was lost, move alerts to where the gap was noticed and add reports of it, but
/// it never brings a signature to fire that does not fire on the whole conversation.
TEST_P(Resegment, LossInventsNothing) {
    std::mt19937 random(13);
    const auto key_log = test::key_log_of(GetParam());
    for (const auto& turns : test::turns_of(test::source_root() / "tests/data" / GetParam())) {
        const auto expected =
            events_of(test::conversation(turns, {}, random), generation_, key_log);
        const auto found =
            events_of(test::conversation(turns, {.segment_max = 200, .lose = 0.05}, random),
                      generation_, key_log);
        const auto possible = sids_in(expected);
        for (const std::string& sid : sids_in(found))
            EXPECT_TRUE(possible.contains(sid)) << sid;
    }
}

/// Turns are put together in order of arrival, so only captures that arrive in order will do.
std::vector<std::string> orderly_captures() {
    std::vector<std::string> names = test::labelled_captures();
    std::erase_if(names, [](const std::string& name) { return name.starts_with("variant-"); });
    return names;
}

INSTANTIATE_TEST_SUITE_P(Captures, Resegment, testing::ValuesIn(orderly_captures()),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                             return name;
                         });

}  // namespace
}  // namespace querytap
