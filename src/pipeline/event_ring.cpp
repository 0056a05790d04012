#include <sched.h>

#include <querytap/pipeline/event_ring.h>

namespace querytap::pipeline {

Event* EventRing::reserve() noexcept {
    Event* slot = ring_.reserve();
    while (slot == nullptr && when_full_ == WhenFull::kWait) {
        sched_yield();
        slot = ring_.reserve();
    }
    if (slot == nullptr) dropped_.add();
    return slot;
}

}  // namespace querytap::pipeline
