#include <algorithm>
#include <bit>
#include <cstring>

#include <querytap/signature/rate_table.h>

namespace querytap::signature {
namespace {

/// Peers choose addresses: without the secret they would choose a bucket.
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

RateTable::RateTable(std::size_t entries, std::uint64_t secret, Counter& evicted)
    : entries_(std::bit_ceil(std::max(entries, kWays))), secret_(secret), evicted_(evicted) {}

RateTable::Entry& RateTable::window(const Key& key, std::uint32_t seconds, Timestamp now) noexcept {
    const std::int64_t now_ns = to_ns(now);
    std::uint64_t hash = mix(secret_, std::uint64_t{key.gid} << 32 | key.sid);
    hash = mix(mix(hash, key.source), key.destination);
    const std::size_t first = hash & (entries_.size() - 1) & ~(kWays - 1);
    Entry* chosen = &entries_[first];
    for (std::size_t i = 0; i < kWays; ++i) {
        Entry& entry = entries_[first + i];
        if (entry.end_ns != 0 && entry.key == key) {
            chosen = &entry;
            break;
        }
        if (entry.end_ns < chosen->end_ns) chosen = &entry;  // free, over, or over first
    }
    const bool known = chosen->end_ns != 0 && chosen->key == key;
    if (!known || now_ns > chosen->end_ns) {
        if (!known && chosen->end_ns > now_ns) evicted_.add();
        *chosen = {key, to_ns(later_by(now, std::chrono::seconds(seconds))), 0};
    }
    return *chosen;
}

bool RateTable::tell(const Rule& rule, const IpAddress& source, const IpAddress& destination,
                     Timestamp now) noexcept {
    const Rate& rate = *rule.rate;
    Key key{rule.gid, rule.sid, {}, {}};
    if (rate.track == Track::kBySource || rate.track == Track::kByBoth) key.source = source;
    if (rate.track == Track::kByDestination || rate.track == Track::kByBoth) {
        key.destination = destination;
    }
    Entry& entry = window(key, rate.seconds, now);
    if (entry.count < UINT32_MAX) ++entry.count;
    switch (rate.type) {
        case RateType::kLimit:
            return entry.count <= rate.count;
        case RateType::kThreshold:
            if (entry.count < rate.count) return false;
            entry.end_ns = 0;  // counts anew from here
            return true;
        case RateType::kBoth:
            return entry.count == rate.count;
        case RateType::kDetectionFilter:
            return entry.count > rate.count;
    }
    return true;
}

}  // namespace querytap::signature
