// Keeps what an Inspector says, for tests.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include <querytap/pipeline/inspector.h>

#include "tcp_builder.h"

namespace querytap::test {

class EventCollector final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override {
        if (events_.size() >= room) return nullptr;
        return &pending_;
    }
    void publish() noexcept override { events_.push_back(pending_); }

    const std::deque<pipeline::Event>& events() const noexcept { return events_; }
    std::vector<const pipeline::Event*> of(pipeline::EventType type) const {
        std::vector<const pipeline::Event*> found;
        for (const pipeline::Event& event : events_) {
            if (event.type == type) found.push_back(&event);
        }
        return found;
    }
    std::vector<const pipeline::Tds*> tds(pipeline::TdsKind kind) const {
        std::vector<const pipeline::Tds*> found;
        for (const pipeline::Event* event : of(pipeline::EventType::kTds)) {
            if (event->tds.kind == kind) found.push_back(&event->tds);
        }
        return found;
    }
    verdict::Level worst() const {
        verdict::Level level = verdict::Level::kUnknown;
        for (const pipeline::Event* event : of(pipeline::EventType::kVerdict)) {
            level = std::max(level, event->verdict.level);
        }
        return level;
    }

    std::size_t room = SIZE_MAX;

  private:
    pipeline::Event pending_;
    std::deque<pipeline::Event> events_;
};

/// Small pools: a test makes many inspectors.
inline pipeline::Limits small_limits() {
    pipeline::Limits limits;
    limits.flows = 256;
    limits.sessions = 64;
    limits.fragments.datagrams = 16;
    limits.stream.pool_blocks = 512;
    limits.tds.buffers = 128;
    limits.scanner.transactions = 128;
    limits.scanner.streams = 128;
    return limits;
}

inline void inspect_all(pipeline::Inspector& inspector, const std::vector<OwnedFrame>& frames) {
    for (std::size_t i = 0; i < frames.size(); i += pipeline::kBurstMax) {
        std::vector<packet::Frame> burst;
        for (std::size_t j = i; j < std::min(frames.size(), i + pipeline::kBurstMax); ++j) {
            burst.push_back(frames[j].frame());
        }
        inspector.inspect(burst);
    }
}

}  // namespace querytap::test
