#include "wheel.h"

#include <algorithm>

namespace querytap::flow {

Wheel::Wheel(std::size_t flows) : links_(flows), heads_(kTicks, kNone) {}

void Wheel::arm(std::uint32_t slot, Tick deadline) noexcept {
    const Tick tick = std::clamp(deadline, now_ + 1, now_ + kTicks - 1);
    const std::uint32_t position = position_of(tick);
    std::uint32_t& head = heads_[position];
    links_[slot] = {.next = head, .previous = kFirst | position};
    if (head != kNone) links_[head].previous = slot;
    head = slot;
}

void Wheel::disarm(std::uint32_t slot) noexcept {
    const Link& link = links_[slot];
    if ((link.previous & kFirst) != 0) {
        heads_[link.previous & ~kFirst] = link.next;
    } else {
        links_[link.previous].next = link.next;
    }
    if (link.next != kNone) links_[link.next].previous = link.previous;
}

std::span<std::uint32_t> Wheel::take(Tick tick, std::span<std::uint32_t> into) noexcept {
    const std::uint32_t position = position_of(tick);
    std::uint32_t& head = heads_[position];
    std::size_t taken = 0;
    while (head != kNone && taken < into.size()) {
        into[taken++] = head;
        head = links_[head].next;
    }
    if (head != kNone) links_[head].previous = kFirst | position;
    return into.first(taken);
}

}  // namespace querytap::flow
