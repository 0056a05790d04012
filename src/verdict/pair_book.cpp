#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <querytap/verdict/pair_book.h>

namespace querytap::verdict {
namespace {

/// What weighs less has faded away.
constexpr double kNothing = 0.5;

Level level_of(double score) {
    return score >= kMaliciousFrom    ? Level::kMalicious
           : score >= kSuspiciousFrom ? Level::kSuspicious
                                      : Level::kUnknown;
}

}  // namespace

double PairBook::faded(const Evidence& evidence, Timestamp now) const {
    const double age =
        std::chrono::duration<double>(std::max(now - evidence.seen, Duration{})).count();
    const double half_life = std::chrono::duration<double>(options_.half_life).count();
    return evidence.reason.weight * std::exp2(-age / half_life);
}

double PairBook::score(const Entry& entry, Timestamp now) const {
    double sum = 0;
    for (std::size_t i = 0; i < entry.size; ++i)
        sum += faded(entry.evidence[i], now);
    return sum;
}

/// The same evidence of many flows counts once, and is fresh again. When all places are taken the
/// one that weighs least by now gives way to a heavier one. True when it is new here.
bool PairBook::note(Entry& entry, const Reason& reason, std::uint64_t flow, Timestamp now) const {
    const auto end = entry.evidence.begin() + entry.size;
    auto place = std::find_if(entry.evidence.begin(), end, [&](const Evidence& known) {
        return known.reason.kind == reason.kind && known.reason.id.view() == reason.id.view();
    });
    if (place != end) {
        if (place->flow != flow) ++place->reason.count;
        place->reason.weight = std::max(place->reason.weight, reason.weight);
        place->reason.text = reason.text;
        place->flow = flow;
        place->seen = std::max(place->seen, now);
        return false;
    }
    if (entry.size < entry.evidence.size()) {
        ++entry.size;
    } else {
        place = std::min_element(entry.evidence.begin(), end, [&](const auto& a, const auto& b) {
            return faded(a, now) < faded(b, now);
        });
        if (faded(*place, now) >= reason.weight) return false;
    }
    *place = {reason, flow, now};
    place->reason.count = 1;  // flows, not times
    return true;
}

PairVerdict PairBook::verdict(Entry& entry, Level level, Timestamp now) const {
    PairVerdict made{.level = level,
                     .previous = entry.level,
                     .score = static_cast<std::uint32_t>(std::lround(score(entry, now))),
                     .flows = entry.flows,
                     .folded = std::exchange(entry.folded, 0),
                     .left_out = entry.left_out,
                     .reason_count = 0,
                     .reasons = {}};
    entry.level = level;
    for (std::size_t i = 0; i < entry.size; ++i) {
        Reason reason = entry.evidence[i].reason;
        reason.weight = static_cast<std::uint16_t>(std::lround(faded(entry.evidence[i], now)));
        if (reason.weight > 0) made.reasons[made.reason_count++] = reason;
    }
    std::stable_sort(made.reasons.begin(), made.reasons.begin() + made.reason_count,
                     [](const Reason& a, const Reason& b) { return a.weight > b.weight; });
    return made;
}

PairBook::Outcome PairBook::add(const Pair& pair, std::uint64_t flow, Level level,
                                std::span<const Reason> reasons, std::uint8_t left_out,
                                Timestamp now) {
    if (reasons.empty() && level <= Level::kBenign) return {};
    if (pairs_.size() >= options_.pairs && !pairs_.contains(pair)) {
        ++left_out_;
        return {};
    }
    Entry& entry = pairs_[pair];
    bool news = level > entry.level || (left_out & ~entry.left_out) != 0;
    entry.left_out |= left_out;
    for (const Reason& reason : reasons)
        news = note(entry, reason, flow, now) || news;
    if (entry.last_flow != flow || entry.flows == 0) ++entry.flows;
    entry.last_flow = flow;

    Outcome outcome{.write_flow = news || entry.written < options_.records_a_minute, .pair = {}};
    ++(outcome.write_flow ? entry.written : entry.folded);
    // A flow's verdict never falls, so neither does the pair's on account of a flow that is worse.
    const Level by_now =
        std::max(level_of(score(entry, now)), level <= Level::kBenign ? Level::kUnknown : level);
    if (by_now > entry.level) outcome.pair = verdict(entry, by_now, now);
    return outcome;
}

std::optional<PairVerdict> PairBook::look(const Pair& pair, Timestamp now) {
    const auto found = pairs_.find(pair);
    if (found == pairs_.end()) return std::nullopt;
    return verdict(found->second, found->second.level, now);
}

void PairBook::advance(Timestamp now, const Tell& tell) {
    if (now < next_minute_) return;
    next_minute_ = now + std::chrono::minutes(1);
    for (auto at = pairs_.begin(); at != pairs_.end();) {
        Entry& entry = at->second;
        const double by_now = score(entry, now);
        const Level level = std::min(entry.level, level_of(by_now));
        entry.written = 0;
        if (level < entry.level || entry.folded > 0) tell(at->first, verdict(entry, level, now));
        at = by_now < kNothing ? pairs_.erase(at) : std::next(at);
    }
}

void PairBook::finish(Timestamp now, const Tell& tell) {
    for (auto& [pair, entry] : pairs_) {
        if (entry.folded > 0) tell(pair, verdict(entry, entry.level, now));
    }
}

}  // namespace querytap::verdict
