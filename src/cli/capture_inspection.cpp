#include "capture_inspection.h"

#include <array>

#include <querytap/dataplane/capture_file.h>

namespace querytap::cli {
namespace {

/// For captures of a laboratory, not for a tap.
pipeline::Limits small_limits(signature::ScanObserver* observer, bool tds_events) {
    pipeline::Limits limits;
    limits.sessions = 1u << 10;
    limits.scanner.transactions = 1u << 11;
    limits.scanner.streams = 1u << 11;
    limits.scanner.observer = observer;
    limits.tds_events = tds_events;
    return limits;
}

}  // namespace

Status inspect_capture(const std::filesystem::path& file,
                       const std::shared_ptr<const signature::RuleSet>& rules,
                       pipeline::EventSink& events, signature::ScanObserver* observer,
                       bool tds_events) {
    auto capture = dataplane::CaptureFile::open(file);
    if (!capture) return capture.error();
    const pipeline::Generation generation{.number = 1, .rules = rules, .policy = nullptr};
    auto inspector =
        pipeline::Inspector::create(small_limits(observer, tds_events), generation, events);
    if (!inspector) return inspector.error();
    Timestamp last{};
    std::uint64_t ordinal = 0;
    while (true) {
        auto record = (*capture)->next();
        if (!record) return record.error();
        if (!record.value()) break;
        last = std::max(last, record.value()->time);
        const std::array<packet::Frame, 1> burst{
            packet::Frame{.bytes = record.value()->frame, .time = last, .ordinal = ++ordinal}};
        (*inspector)->inspect(burst);
    }
    (*inspector)->finish(last);
    return success();
}

}  // namespace querytap::cli
