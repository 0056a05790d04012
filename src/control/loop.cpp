#include <algorithm>
#include <map>
#include <optional>

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
    /// Generations that no worker uses any more, while events of them may stand in the rings.
    struct Retiring {
        std::uint32_t before = 0;
        std::vector<std::uint64_t> last;  ///< by ring: the event handed on last, counted from one
    };

    std::vector<pipeline::EventRing*> rings;
    std::vector<std::uint64_t> handed_on;  ///< events, by ring
    std::vector<sinks::Sink*> sinks;
    Ordering ordering;
    std::map<std::uint32_t, std::shared_ptr<const signature::RuleSet>> generations;
    std::optional<Retiring> retiring;
    std::size_t next_ring = 0;  // of kArrival
    Redirects redirects;
    Redaction redaction;
    Pairs pairs;

    explicit Impl(const LoopOptions& options)
        : ordering(options.ordering),
          redaction(options.shown),
          pairs(options.verdict, [this](const pipeline::Event& event) { write(event, nullptr); }) {}
    static constexpr std::size_t kNoRing = SIZE_MAX;
    std::size_t next();
    std::size_t earliest();
    std::size_t by_turns();
    bool has_passed(const Retiring& old) const;
    void hand_on(pipeline::Event& event);
    void write(const pipeline::Event& event, const signature::Rule* rule);
};

Loop::Loop(std::vector<pipeline::EventRing*> rings, std::vector<sinks::Sink*> sinks,
           const LoopOptions& options)
    : impl_(std::make_unique<Impl>(options)) {
    impl_->rings = std::move(rings);
    impl_->handed_on.resize(impl_->rings.size());
    impl_->sinks = std::move(sinks);
}

Loop::~Loop() = default;

void Loop::add_generation(const pipeline::Generation& generation) {
    impl_->generations[generation.number] = generation.rules;
}

void Loop::retire_before(std::uint32_t oldest) {
    auto& generations = impl_->generations;
    auto& retiring = impl_->retiring;
    if (retiring && impl_->has_passed(*retiring)) {
        generations.erase(generations.begin(), generations.lower_bound(retiring->before));
        retiring.reset();
    }
    if (retiring || generations.empty() || generations.begin()->first >= oldest) return;
    // Whoever says that a generation is left has published all of it: what the rings hold now is
    // the most that can come.
    retiring.emplace(Impl::Retiring{.before = oldest, .last = impl_->handed_on});
    for (std::size_t i = 0; i < impl_->rings.size(); ++i)
        retiring->last[i] += impl_->rings[i]->size();
}

std::size_t Loop::drain() {
    std::size_t count = 0;
    while (count < kDrainMax) {
        const std::size_t i = impl_->next();
        if (i == Impl::kNoRing) break;
        pipeline::EventRing& ring = *impl_->rings[i];
        impl_->hand_on(*ring.front());
        ring.release();
        ++impl_->handed_on[i];
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

bool Loop::Impl::has_passed(const Retiring& old) const {
    for (std::size_t i = 0; i < rings.size(); ++i) {
        if (handed_on[i] < old.last[i]) return false;
    }
    return true;
}

std::size_t Loop::Impl::next() {
    return ordering == Ordering::kTime ? earliest() : by_turns();
}

/// The ring with the earliest event, if no other ring can still bring an earlier one.
std::size_t Loop::Impl::earliest() {
    std::size_t best = kNoRing;
    for (std::size_t i = 0; i < rings.size(); ++i) {
        const pipeline::Event* event = rings[i]->front();
        if (event == nullptr) continue;
        if (best == kNoRing || event->order < rings[best]->front()->order) best = i;
    }
    if (best == kNoRing) return kNoRing;
    const pipeline::Order& order = rings[best]->front()->order;
    for (std::size_t i = 0; i < rings.size(); ++i) {
        if (i == best) continue;
        // The watermark before the ring: what is past cannot be published in between.
        const bool past = rings[i]->is_past(order);
        const pipeline::Event* event = rings[i]->front();
        if (event == nullptr ? !past : event->order < order) return kNoRing;
    }
    return best;
}

std::size_t Loop::Impl::by_turns() {
    for (std::size_t looked_at = 0; looked_at < rings.size(); ++looked_at) {
        const std::size_t i = next_ring;
        next_ring = (next_ring + 1) % rings.size();
        if (rings[i]->front() != nullptr) return i;
    }
    return kNoRing;
}

void Loop::Impl::hand_on(pipeline::Event& event) {
    redirects.apply(event);
    redaction.apply(event);
    const signature::Rule* rule = nullptr;
    if (event.type == pipeline::EventType::kAlert) {
        rule = &generations.at(event.alert.generation)->rules()[event.alert.rule];
    }
    if (pairs.before(event)) write(event, rule);
    pairs.after();
}

void Loop::Impl::write(const pipeline::Event& event, const signature::Rule* rule) {
    for (sinks::Sink* sink : sinks)
        sink->write(event, rule);
}

}  // namespace querytap::control
