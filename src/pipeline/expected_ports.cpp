#include "expected_ports.h"

#include <algorithm>

namespace querytap::pipeline {

std::size_t ExpectedPorts::set_of(const Entry& entry) noexcept {
    std::uint32_t hash = entry.port * 2U + (entry.of_server ? 1U : 0U);
    for (const std::uint8_t byte : entry.address.bytes())
        hash = hash * 31 + byte;
    return (hash ^ hash >> 16) % kSets;
}

void ExpectedPorts::learn(const Entry& entry) noexcept {
    if (entry.port == 0) return;
    learnt_ = true;
    Set& set = sets_[set_of(entry)];
    auto place =
        std::find_if(set.begin(), set.end(), [&](const Entry& at) { return at.same(entry); });
    if (place == set.end()) {
        place = std::min_element(set.begin(), set.end(), [](const Entry& a, const Entry& b) {
            return a.learnt < b.learnt;
        });
    }
    *place = entry;
}

bool ExpectedPorts::find(const Entry& wanted, Timestamp now) const noexcept {
    const Set& set = sets_[set_of(wanted)];
    return std::any_of(set.begin(), set.end(), [&](const Entry& at) {
        return at.same(wanted) && now - at.learnt <= kLifetime;
    });
}

}  // namespace querytap::pipeline
