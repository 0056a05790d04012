#include <algorithm>
#include <map>

#include <querytap/control/loop.h>

#include "pairs.h"
#include "redaction.h"
#include "redirects.h"

namespace querytap::control {
namespace {

/// Events handed on by one call of drain().
constexpr std::size_t kDrainMax = 4096;

}  // namespace

struct Loop::Impl {
    std::vector<pipeline::EventRing*> rings;
    std::vector<sinks::Sink*> sinks;
    Ordering ordering;
    std::map<std::uint32_t, std::shared_ptr<const signature::RuleSet>> generations;
    std::size_t next_ring = 0;  // of kArrival
    Timestamp last_time{};
    Redirects redirects;
    Redaction redaction;
    Pairs pairs;

    explicit Impl(const LoopOptions& options)
        : ordering(options.ordering),
          redaction(options.shown),
          pairs(options.verdict, [this](const pipeline::Event& event) { write(event, nullptr); }) {}
    pipeline::EventRing* next();
    pipeline::EventRing* earliest();
    pipeline::EventRing* by_turns();
    void hand_on(pipeline::Event& event);
    void write(const pipeline::Event& event, const signature::Rule* rule);
};

Loop::Loop(std::vector<pipeline::EventRing*> rings, std::vector<sinks::Sink*> sinks,
           const LoopOptions& options)
    : impl_(std::make_unique<Impl>(options)) {
    impl_->rings = std::move(rings);
    impl_->sinks = std::move(sinks);
}

Loop::~Loop() = default;

void Loop::add_generation(const pipeline::Generation& generation) {
    impl_->generations[generation.number] = generation.rules;
}

void Loop::retire_before(std::uint32_t oldest) {
    impl_->generations.erase(impl_->generations.begin(), impl_->generations.lower_bound(oldest));
}

std::size_t Loop::drain() {
    std::size_t count = 0;
    while (count < kDrainMax) {
        pipeline::EventRing* ring = impl_->next();
        if (ring == nullptr) break;
        impl_->hand_on(*ring->front());
        ring->release();
        ++count;
    }
    return count;
}

bool Loop::finished() const {
    return std::all_of(impl_->rings.begin(), impl_->rings.end(), [](pipeline::EventRing* ring) {
        // In this order: after the end of time nothing is published.
        return ring->finished() && ring->front() == nullptr;
    });
}

void Loop::finish() {
    impl_->pairs.finish();
}

const sinks::PairStats& Loop::pair_stats() const noexcept {
    return impl_->pairs.stats();
}

Timestamp Loop::last_time() const noexcept {
    return impl_->last_time;
}

pipeline::EventRing* Loop::Impl::next() {
    return ordering == Ordering::kTime ? earliest() : by_turns();
}

/// The ring with the earliest event, if no other ring can still bring an earlier one.
pipeline::EventRing* Loop::Impl::earliest() {
    pipeline::EventRing* best = nullptr;
    for (pipeline::EventRing* ring : rings) {
        const pipeline::Event* event = ring->front();
        if (event == nullptr) continue;
        if (best == nullptr || event->order < best->front()->order) best = ring;
    }
    if (best == nullptr) return nullptr;
    const pipeline::Order& order = best->front()->order;
    for (pipeline::EventRing* ring : rings) {
        if (ring == best) continue;
        // The watermark before the ring: what is past cannot be published in between.
        const bool past = ring->is_past(order);
        const pipeline::Event* event = ring->front();
        if (event == nullptr ? !past : event->order < order) return nullptr;
    }
    return best;
}

pipeline::EventRing* Loop::Impl::by_turns() {
    for (std::size_t i = 0; i < rings.size(); ++i) {
        pipeline::EventRing* ring = rings[next_ring];
        next_ring = (next_ring + 1) % rings.size();
        if (ring->front() != nullptr) return ring;
    }
    return nullptr;
}

void Loop::Impl::hand_on(pipeline::Event& event) {
    redirects.apply(event);
    redaction.apply(event);
    const signature::Rule* rule = nullptr;
    if (event.type == pipeline::EventType::kAlert) {
        rule = &generations.at(event.alert.generation)->rules()[event.alert.rule];
    }
    last_time = std::max(last_time, event.order.time);
    if (pairs.before(event)) write(event, rule);
    pairs.after();
}

void Loop::Impl::write(const pipeline::Event& event, const signature::Rule* rule) {
    for (sinks::Sink* sink : sinks)
        sink->write(event, rule);
}

}  // namespace querytap::control
