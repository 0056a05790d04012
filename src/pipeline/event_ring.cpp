#include <sched.h>

#include <querytap/pipeline/event_ring.h>

namespace querytap::pipeline {

Event* EventRing::reserve(EventType type) noexcept {
    const bool finding = type == EventType::kAlert || type == EventType::kVerdict;
    const bool kept_for_findings = when_full_ == WhenFull::kDrop && !finding &&
                                   ring_.size() >= ring_.capacity() - ring_.capacity() / 4;
    Event* slot = kept_for_findings ? nullptr : ring_.reserve();
    while (slot == nullptr && when_full_ == WhenFull::kWait) {
        sched_yield();
        slot = ring_.reserve();
    }
    if (slot == nullptr) dropped_.add();
    return slot;
}

}  // namespace querytap::pipeline
