#include "inspected.h"

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "capture_turns.h"
#include "event_collector.h"

namespace querytap::test {
namespace {

const pipeline::Generation& generation() {
    static const pipeline::Generation shared = [] {
        auto rules = signature::RuleSet::load(source_root() / "signatures");
        if (!rules.ok()) throw std::runtime_error(rules.error().to_string());
        return pipeline::Generation{.number = 1, .rules = std::move(rules).value(), .policy = {}};
    }();
    return shared;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Inspected& found) {
    out << "verdict " << verdict::name(found.level) << ", sids";
    for (const std::uint32_t sid : found.sids)
        out << ' ' << sid;
    out << ", anomalies";
    for (const std::string& anomaly : found.anomalies)
        out << ' ' << anomaly;
    return out;
}

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
    out << variant.id << " (" << variant.threat << "): ";
    for (const std::string& sql : variant.speech.sql) {
        // What is not printable would break the XML of test reports.
        for (const char c : sql.substr(0, 500))
            out << (c >= ' ' && c <= '~' ? c : '?');
    }
    for (const RpcRequest& call : variant.speech.calls) {
        if (const auto* name = std::get_if<std::string>(&call.procedure)) out << "RPC " << *name;
    }
    return out;
}

Inspected inspect(const Variant& variant) {
    EventCollector events;
    auto made = pipeline::Inspector::create(small_limits(), generation(), events);
    if (!made.ok()) throw std::runtime_error(made.error().to_string());
    std::mt19937 random(17);
    const Delivered delivered =
        deliver(variant.speech, variant.way, from_ns(1'700'000'000'000'000'000));
    const auto frames = conversation(delivered.turns, delivered.cutting, random);
    inspect_all(**made, frames);
    (*made)->finish(frames.back().time);

    Inspected found;
    for (const pipeline::Event* event : events.of(pipeline::EventType::kAlert)) {
        const signature::Rule& rule = generation().rules->rules()[event->alert.rule];
        found.sids.insert(rule.sid);
        found.threats.insert(rule.threat);
    }
    found.level = events.worst();
    found.queries = events.tds(pipeline::TdsKind::kQuery).size();
    const auto& anomalies = (*made)->stats().pipeline.anomalies;
    for (std::size_t i = 0; i < anomalies.size(); ++i) {
        if (anomalies[i].read() > 0) {
            found.anomalies.emplace(tds::name(static_cast<tds::Anomaly>(i)));
        }
    }
    return found;
}

bool detected(const Variant& variant, const Inspected& found) {
    if (variant.sids.empty()) return found.level == verdict::Level::kMalicious;
    return std::any_of(variant.sids.begin(), variant.sids.end(),
                       [&](std::uint32_t sid) { return found.sids.contains(sid); });
}

}  // namespace querytap::test
