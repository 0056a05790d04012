// However a network cuts, reorders and repeats the segments of a conversation, and however its ends
// cut messages into packets and interleave sessions, the events are the same. The conversations are
// those of the captures in tests/data, put together again in other ways.
//
// QUERYTAP_EVERY_SPLIT=1 tries each two-way split; otherwise some are left out.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

#include <querytap/sinks/eve_json.h>

#include "capture_turns.h"
#include "event_collector.h"
#include "tds_recutter.h"

namespace querytap {
namespace {

using test::Conversation;
using test::Cutting;
using test::Turn;
using Lines = std::vector<std::string>;

struct Way {
    const char* name;
    Cutting cutting;
};

const Way kWays[] = {
    {"small segments", {.segment_max = 100}},
    {"byte by byte", {.segment_max = 1}},
    {"random sizes", {.random_sizes = true}},
    {"tiny random sizes", {.segment_max = 9, .random_sizes = true}},
    {"reordered", {.segment_max = 300, .random_sizes = true, .reorder = 0.3}},
    {"repeated", {.segment_max = 300, .random_sizes = true, .duplicate = 0.3}},
    {"all repeated, byte by byte", {.segment_max = 1, .duplicate = 1}},
    {"reordered and repeated",
     {.segment_max = 60, .random_sizes = true, .reorder = 0.2, .duplicate = 0.2}},
    {"in any order", {.segment_max = 120, .random_sizes = true, .shuffle = 12}},
    {"overlapping", {.segment_max = 100, .random_sizes = true, .overlap = 60}},
    {"overlapping and repeated, in any order",
     {.segment_max = 40, .random_sizes = true, .shuffle = 9, .overlap = 90, .duplicate = 0.3}},
};

/// Alerts, verdicts and TDS records as EVE lines. Flow records count packets, which differ.
Lines events_of(const std::vector<test::OwnedFrame>& frames, const pipeline::Generation& generation,
                const std::shared_ptr<const tls::KeyLog>& key_log) {
    test::EventCollector events;
    pipeline::Limits limits = test::small_limits();
    limits.tds.tls.key_log = key_log;
    auto inspector = pipeline::Inspector::create(limits, generation, events);
    if (!inspector.ok()) throw std::runtime_error(inspector.error().to_string());
    test::inspect_all(**inspector, frames);
    (*inspector)->finish(frames.back().time);

    Lines lines;
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

    void SetUp() override {
        conversations_ = test::conversations_of(test::source_root() / "tests/data" / GetParam());
        ASSERT_FALSE(conversations_.empty());
        key_log_ = test::key_log_of(GetParam());
    }

    Lines events(const Conversation& conversation, Cutting cutting = {}) {
        cutting.handshake = conversation.handshake;
        return events_of(test::conversation(conversation.turns, cutting, random_), generation_,
                         key_log_);
    }

    static pipeline::Generation generation_;
    std::vector<Conversation> conversations_;
    std::shared_ptr<const tls::KeyLog> key_log_;
    std::mt19937 random_{11};
};
pipeline::Generation Resegment::generation_;

TEST_P(Resegment, SameEvents) {
    for (const Conversation& conversation : conversations_) {
        const Lines expected = events(conversation);
        EXPECT_FALSE(expected.empty());
        for (const Way& way : kWays)
            ASSERT_EQ(events(conversation, way.cutting), expected) << way.name;
    }
}

std::size_t longest_turn(const Conversation& conversation) {
    std::size_t longest = 0;
    for (const Turn& turn : conversation.turns)
        longest = std::max(longest, turn.bytes.size());
    return longest;
}

/// All turns at once are cut in two at the same distance from their beginning, so that as many runs
/// as the longest has bytes try every border of every message.
TEST_P(Resegment, EveryTwoWaySplit) {
    const bool all = std::getenv("QUERYTAP_EVERY_SPLIT") != nullptr;
    for (const Conversation& conversation : conversations_) {
        const Lines expected = events(conversation);
        const std::size_t longest = longest_turn(conversation);
        std::size_t step = 1;
        for (std::size_t at = 1; at < longest; at += step) {
            const Cutting cutting{.segment_max = longest, .first_max = at};
            ASSERT_EQ(events(conversation, cutting), expected) << "at " << at;
            // Headers stand in front. Behind them a prime, so that no structure is in step with it.
            if (!all && at >= 48) step = 61;
        }
    }
}

/// Within packets of which a part is missing nobody knows where the next begins.
bool is_whole(const Conversation& conversation) {
    return std::all_of(conversation.turns.begin(), conversation.turns.end(),
                       [](const Turn& turn) { return turn.lost == 0; });
}

TEST_P(Resegment, SmallerPackets) {
    for (const Conversation& conversation : conversations_) {
        if (!is_whole(conversation)) continue;
        const Lines expected = events(conversation);
        for (const std::size_t packet_size : {512U, 64U, 9U}) {
            // Mid-stream TDS is known by a packet of a size that drivers use.
            const bool keep_first = !conversation.handshake && packet_size < 512;
            const Conversation smaller{
                test::in_smaller_packets(conversation.turns, packet_size, keep_first),
                conversation.handshake};
            ASSERT_EQ(events(smaller), expected) << packet_size;
            ASSERT_EQ(events(smaller, {.segment_max = 200, .random_sizes = true}), expected)
                << packet_size;
        }
    }
}

/// Signatures named by alert lines.
std::set<std::string> sids_in(const Lines& lines) {
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
    for (const Conversation& conversation : conversations_) {
        const auto possible = sids_in(events(conversation));
        for (const std::string& sid :
             sids_in(events(conversation, {.segment_max = 200, .lose = 0.05})))
            EXPECT_TRUE(possible.contains(sid)) << sid;
    }
}

std::vector<Turn> without(const std::vector<Turn>& turns, std::size_t hit, std::size_t from,
                          std::size_t size) {
    std::vector<Turn> rest(turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(hit));
    const std::vector<std::uint8_t>& bytes = turns[hit].bytes;
    const auto place = [&](std::size_t at) {
        return bytes.begin() + static_cast<std::ptrdiff_t>(at);
    };
    auto lost = static_cast<std::uint32_t>(size);
    if (from > 0) {
        rest.push_back(turns[hit]);
        rest.back().bytes.assign(bytes.begin(), place(from));
    } else {
        lost += turns[hit].lost;
    }
    if (from + size < bytes.size()) {
        rest.push_back(turns[hit]);
        rest.back().bytes.assign(place(from + size), bytes.end());
        rest.back().lost = std::exchange(lost, 0);
    }
    for (std::size_t i = hit + 1; i < turns.size(); ++i) {
        rest.push_back(turns[i]);
        if (turns[i].to_server == turns[hit].to_server) rest.back().lost += std::exchange(lost, 0);
    }
    return rest;
}

/// Whoever loses less sees no less. With one segment lost every signature fires that fires with
/// the whole turn lost; and with that lost, every one that had fired before.
TEST_P(Resegment, LosingLessShowsNoLess) {
    constexpr std::size_t kTurnsTried = 12;
    constexpr int kTriesEach = 4;
    for (const Conversation& conversation : conversations_) {
        const std::vector<Turn>& turns = conversation.turns;
        const auto sids = [&](std::vector<Turn> rest) {
            return sids_in(events({std::move(rest), conversation.handshake}));
        };
        // Mid-stream, the first turn of either side is where inspection begins.
        const std::size_t first =
            conversation.handshake ? 0 : std::min<std::size_t>(2, turns.size());
        const std::size_t step = std::max<std::size_t>(1, turns.size() / kTurnsTried);
        for (std::size_t hit = first; hit < turns.size(); hit += step) {
            const std::size_t all = turns[hit].bytes.size();
            const auto all_lost = sids(without(turns, hit, 0, all));
            const auto before =
                sids({turns.begin(), turns.begin() + static_cast<std::ptrdiff_t>(hit)});
            EXPECT_TRUE(std::ranges::includes(all_lost, before)) << "turn " << hit;
            for (int i = 0; i < kTriesEach; ++i) {
                const std::size_t from = random_() % all;
                const std::size_t size = std::min<std::size_t>(1 + random_() % 200, all - from);
                const auto one_lost = sids(without(turns, hit, from, size));
                EXPECT_TRUE(std::ranges::includes(one_lost, all_lost))
                    << testing::PrintToString(one_lost) << " of "
                    << testing::PrintToString(all_lost) << ": turn " << hit << " without " << size
                    << " of " << all << " from " << from;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Captures, Resegment, testing::ValuesIn(test::labelled_captures()),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                             return name;
                         });

/// What was said, whenever: the order of sessions and the times go with the packets.
Lines without_times(Lines lines) {
    for (std::string& line : lines) {
        const std::size_t begin = line.find(",\"flow_id\"");
        line.erase(0, begin);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

using Interleaving = Resegment;

TEST_P(Interleaving, SameEventsOfMarsSessions) {
    int interleaved = 0;
    for (const Conversation& conversation : conversations_) {
        const Lines expected = without_times(events(conversation));
        for (int order = 0; order < 20; ++order) {
            for (const std::size_t packet_size : {32768U, 512U, 40U}) {
                const Conversation other{
                    test::sessions_interleaved(
                        test::in_smaller_packets(conversation.turns, packet_size), random_),
                    conversation.handshake};
                if (other.turns.empty()) continue;
                ++interleaved;
                ASSERT_EQ(without_times(events(other)), expected) << packet_size;
                ASSERT_EQ(without_times(events(other, {.segment_max = 50, .random_sizes = true})),
                          expected)
                    << packet_size;
            }
        }
    }
    EXPECT_GT(interleaved, 0);
}

INSTANTIATE_TEST_SUITE_P(Mars, Interleaving,
                         testing::Values("driver-pytds-mars.pcap", "orm-app.pcap", "demo.pcap"));

}  // namespace
}  // namespace querytap
