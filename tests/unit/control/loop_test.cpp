#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include <querytap/control/loop.h>

namespace querytap::control {
namespace {

using pipeline::Event;
using pipeline::EventRing;
using pipeline::EventType;
using pipeline::Order;
using pipeline::WhenFull;

class Recorder final : public sinks::Sink {
  public:
    void write(const Event& event, const signature::Rule* rule) override {
        orders.push_back(event.order);
        if (event.type == EventType::kVerdict) verdicts.push_back(event.verdict);
        if (rule != nullptr) sids.push_back(rule->sid);
    }
    std::vector<Order> orders;
    std::vector<pipeline::Verdict> verdicts;
    std::vector<std::uint32_t> sids;
};

void put(EventRing& ring, const Order& order) {
    Event* event = ring.reserve(EventType::kAlert);
    ASSERT_NE(event, nullptr);
    event->order = order;
    event->type = EventType::kFlow;
    std::construct_at(&event->flow);
    ring.publish();
}

Order at(std::int64_t ns, std::uint64_t ordinal, std::uint64_t flow = 1) {
    return {from_ns(ns), ordinal, flow, 0};
}

TEST(Loop, WaitsForARingThatMayStillBringSomethingEarlier) {
    EventRing a(64, WhenFull::kDrop);
    EventRing b(64, WhenFull::kDrop);
    Recorder recorder;
    Loop loop({&a, &b}, {&recorder}, {.ordering = Ordering::kTime});
    put(a, at(100, 5));
    EXPECT_EQ(loop.drain(), 0u);
    b.set_watermark(from_ns(100), 4);
    EXPECT_EQ(loop.drain(), 0u);  // packet 5 itself could be b's next
    b.set_watermark(from_ns(100), 5);
    EXPECT_EQ(loop.drain(), 1u);
    EXPECT_FALSE(loop.finished());
    a.set_finished();
    b.set_finished();
    EXPECT_TRUE(loop.finished());
}

TEST(Loop, ManyPacketsOfOneTimeDoNotBlockIt) {
    EventRing a(64, WhenFull::kDrop);
    EventRing b(64, WhenFull::kDrop);
    Recorder recorder;
    Loop loop({&a, &b}, {&recorder}, {.ordering = Ordering::kTime});
    for (std::uint64_t i = 1; i <= 60; ++i)
        put(a, at(0, i));
    b.set_watermark(from_ns(0), 60);
    EXPECT_EQ(loop.drain(), 60u);
}

TEST(Loop, OneOrderHoweverEventsAreSpread) {
    std::mt19937 random(3);
    std::vector<Order> all;
    for (std::uint64_t i = 1; i <= 500; ++i) {
        all.push_back(at(static_cast<std::int64_t>(i / 3), i, i % 7));
    }
    for (std::size_t rings = 1; rings <= 4; ++rings) {
        std::vector<std::unique_ptr<EventRing>> owned;
        std::vector<EventRing*> pointers;
        for (std::size_t i = 0; i < rings; ++i) {
            owned.push_back(std::make_unique<EventRing>(1024, WhenFull::kDrop));
            pointers.push_back(owned.back().get());
        }
        Recorder recorder;
        Loop loop(pointers, {&recorder}, {.ordering = Ordering::kTime});
        for (const Order& order : all) {
            const std::size_t ring = random() % rings;
            put(*owned[ring], order);
            if (random() % 5 == 0) loop.drain();
            for (auto& other : owned)
                other->set_watermark(order.time, order.ordinal);
        }
        for (auto& ring : owned)
            ring->set_finished();
        while (!loop.finished())
            loop.drain();
        EXPECT_EQ(recorder.orders, all) << rings << " rings";
    }
}

class Generations : public testing::TestWithParam<Ordering> {
  protected:
    /// Its one rule is 100 + number.
    void add(Loop& loop, std::uint32_t number) {
        const std::string text =
            "alert tds any any -> any any (msg:\"m\"; tds.sql; content:\"abc\"; "
            "classtype:execution; sid:" +
            std::to_string(100 + number) + "; rev:1;)";
        auto rules = signature::RuleSet::parse(text, "t");
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        rules_[number] = *rules;
        loop.add_generation({.number = number, .rules = std::move(rules).value(), .policy = {}});
    }
    bool is_kept(std::uint32_t number) const { return !rules_.at(number).expired(); }
    void alert(EventRing& ring, std::uint32_t generation, const Order& order) {
        Event* event = ring.reserve(EventType::kAlert);
        event->type = EventType::kAlert;
        event->order = order;
        std::construct_at(&event->alert);
        event->alert.generation = generation;
        ring.publish();
    }

    std::map<std::uint32_t, std::weak_ptr<const signature::RuleSet>> rules_;
    EventRing first_{64, WhenFull::kDrop};
    EventRing second_{64, WhenFull::kDrop};
    Recorder recorder_;
};

TEST_P(Generations, AlertsCarryTheRuleOfTheirs) {
    Loop loop({&first_}, {&recorder_}, {.ordering = GetParam()});
    for (const std::uint32_t number : {1u, 2u}) {
        add(loop, number);
        alert(first_, number, at(number, number));
    }
    EXPECT_EQ(loop.drain(), 2u);
    EXPECT_EQ(recorder_.sids, (std::vector<std::uint32_t>{101, 102}));
}

/// As the control thread does it: it drains, then looks what workers still use. The worker speaks
/// in between.
TEST_P(Generations, AreKeptForAnAlertThatComesBetweenDrainAndRetire) {
    Loop loop({&first_}, {&recorder_}, {.ordering = GetParam()});
    add(loop, 1);
    add(loop, 2);
    EXPECT_EQ(loop.drain(), 0u);
    alert(first_, 1, at(1, 1));
    loop.retire_before(2);
    loop.retire_before(2);
    EXPECT_EQ(loop.drain(), 1u);
    EXPECT_EQ(recorder_.sids, (std::vector<std::uint32_t>{101}));
    EXPECT_TRUE(is_kept(1));
    loop.retire_before(2);
    EXPECT_FALSE(is_kept(1));
    EXPECT_TRUE(is_kept(2));
}

/// In order of time an event waits in its ring for what another ring may still bring.
TEST_P(Generations, WaitForEventsThatWait) {
    Loop loop({&first_, &second_}, {&recorder_}, {.ordering = GetParam()});
    for (const std::uint32_t number : {1u, 2u, 3u})
        add(loop, number);
    alert(first_, 1, at(100, 5));
    second_.set_watermark(from_ns(100), 4);
    loop.drain();
    for (int turn = 0; turn < 3; ++turn)
        loop.retire_before(2);
    EXPECT_EQ(is_kept(1), GetParam() == Ordering::kTime);
    alert(second_, 2, at(100, 6));
    for (EventRing* ring : {&first_, &second_})
        ring->set_watermark(from_ns(101), 6);
    loop.retire_before(3);
    loop.drain();
    EXPECT_EQ(recorder_.sids, (std::vector<std::uint32_t>{101, 102}));
    for (int turn = 0; turn < 3; ++turn)
        loop.retire_before(3);
    EXPECT_FALSE(is_kept(1));
    EXPECT_FALSE(is_kept(2));
    EXPECT_TRUE(is_kept(3));
}

INSTANTIATE_TEST_SUITE_P(Orders, Generations, testing::Values(Ordering::kArrival, Ordering::kTime),
                         [](const auto& tested) {
                             return tested.param == Ordering::kTime ? "Time" : "Arrival";
                         });

TEST(EventRing, LastQuarterIsForFindings) {
    EventRing live(4, WhenFull::kDrop);
    EventRing replay(4, WhenFull::kWait);
    for (EventRing* ring : {&live, &replay}) {
        for (int i = 1; i <= 3; ++i)
            put(*ring, at(i, 1));
    }
    EXPECT_EQ(live.reserve(EventType::kTds), nullptr);
    EXPECT_EQ(live.reserve(EventType::kFlow), nullptr) << "of a flood of SYNs, for example";
    EXPECT_EQ(live.dropped().read(), 2u);
    EXPECT_NE(live.reserve(EventType::kVerdict), nullptr);
    EXPECT_NE(live.reserve(EventType::kAlert), nullptr);
    EXPECT_NE(replay.reserve(EventType::kTds), nullptr);
    EXPECT_NE(replay.reserve(EventType::kFlow), nullptr);
}

TEST(EventRing, FullRingDropsAndCounts) {
    EventRing ring(2, WhenFull::kDrop);
    put(ring, at(1, 1));
    put(ring, at(2, 2));
    EXPECT_EQ(ring.reserve(EventType::kAlert), nullptr);
    EXPECT_EQ(ring.dropped().read(), 1u);
    ring.release();
    EXPECT_NE(ring.reserve(EventType::kAlert), nullptr);
}

TEST(Loop, VerdictsOnPairsSayWhatWasLeftOutOfTheirFlows) {
    EventRing ring(4, WhenFull::kDrop);
    Recorder recorder;
    Loop loop({&ring}, {&recorder}, {.ordering = Ordering::kArrival});
    Event* event = ring.reserve(EventType::kVerdict);
    event->type = EventType::kVerdict;
    event->order = at(1, 1);
    std::construct_at(&event->verdict);
    event->verdict.level = verdict::Level::kSuspicious;
    event->verdict.degraded.add(pipeline::Shed::kResults);
    ring.publish();
    EXPECT_EQ(loop.drain(), 1u);
    ASSERT_EQ(recorder.verdicts.size(), 2u);
    EXPECT_TRUE(recorder.verdicts[1].of_pair);
    EXPECT_TRUE(recorder.verdicts[1].degraded.has(pipeline::Shed::kResults));
    EXPECT_FALSE(recorder.verdicts[1].degraded.has(pipeline::Shed::kRequests));
}

/// Two workers, small rings that make them wait, one control thread: nothing is lost or out of
/// order.
TEST(Loop, TwoProducersUnderBackPressure) {
    constexpr std::uint64_t kPackets = 20000;
    EventRing rings[2] = {{16, WhenFull::kWait}, {16, WhenFull::kWait}};
    Recorder recorder;
    Loop loop({&rings[0], &rings[1]}, {&recorder}, {.ordering = Ordering::kTime});
    const auto work = [&](unsigned self) {
        for (std::uint64_t i = 1; i <= kPackets; ++i) {
            if (i % 2 == self) put(rings[self], at(static_cast<std::int64_t>(i / 10), i));
            rings[self].set_watermark(from_ns(static_cast<std::int64_t>(i / 10)), i);
        }
        rings[self].set_finished();
    };
    std::thread first(work, 0);
    std::thread second(work, 1);
    while (!loop.finished())
        loop.drain();
    first.join();
    second.join();
    EXPECT_EQ(recorder.orders.size(), kPackets);
    EXPECT_TRUE(std::is_sorted(recorder.orders.begin(), recorder.orders.end()));
}

}  // namespace
}  // namespace querytap::control
