#include <algorithm>
#include <bit>
#include <cstring>

#include <querytap/signature/expiring_table.h>

namespace querytap::signature {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
    hash ^= word;
    hash *= 0x9fb21c651e98df25ull;
    return hash ^ hash >> 29;
}

std::uint64_t mix(std::uint64_t hash, const IpAddress& address) noexcept {
    std::uint64_t words[2];
    std::memcpy(words, address.bytes().data(), sizeof words);
    return mix(mix(hash, words[0]), words[1]);
}

}  // namespace

ExpiringTable::ExpiringTable(std::size_t entries, std::uint64_t secret, Counter& evicted)
    : entries_(std::bit_ceil(std::max(entries, kWays))), secret_(secret), evicted_(evicted) {}

ExpiringTable::Entry* ExpiringTable::bucket(const Key& key) noexcept {
    const std::uint64_t hash = mix(mix(mix(secret_, key.what), key.source), key.destination);
    return &entries_[hash & (entries_.size() - 1) & ~(kWays - 1)];
}

ExpiringTable::Entry* ExpiringTable::find(const Key& key, Timestamp now) noexcept {
    Entry* const first = bucket(key);
    Entry* const found = std::find_if(first, first + kWays, [&](const Entry& entry) {
        return entry.end_ns != 0 && entry.key == key;
    });
    return found == first + kWays || to_ns(now) > found->end_ns ? nullptr : found;
}

ExpiringTable::Entry& ExpiringTable::take(const Key& key, std::uint32_t seconds,
                                          Timestamp now) noexcept {
    if (Entry* const known = find(key, now)) return *known;
    Entry* const first = bucket(key);
    // The same key, ended; else a free one, one that has ended, or the one that ends first.
    Entry* chosen = std::find_if(first, first + kWays, [&](const Entry& entry) {
        return entry.end_ns != 0 && entry.key == key;
    });
    if (chosen == first + kWays) {
        chosen = std::min_element(first, first + kWays, [](const Entry& a, const Entry& b) {
            return a.end_ns < b.end_ns;
        });
        if (chosen->end_ns > to_ns(now)) evicted_.add();
    }
    *chosen = {key, to_ns(later_by(now, std::chrono::seconds(seconds))), 0};
    return *chosen;
}

}  // namespace querytap::signature
