#include "index.h"

#include <algorithm>

namespace querytap::flow {

std::size_t Index::used_places(const Bucket& bucket) noexcept {
    return bucket.tags.size() -
           static_cast<std::size_t>(std::count(bucket.tags.begin(), bucket.tags.end(), kEmpty));
}

bool Index::put(Bucket& bucket, std::uint16_t tag, std::uint32_t slot) noexcept {
    for (std::size_t i = 0; i < kBucketSize; ++i) {
        if (bucket.tags[i] != kEmpty) continue;
        bucket.tags[i] = tag;
        bucket.slots[i] = slot;
        return true;
    }
    return false;
}

bool Index::remove(Bucket& bucket, std::uint16_t tag, std::uint32_t slot) noexcept {
    for (std::size_t i = 0; i < kBucketSize; ++i) {
        if (bucket.tags[i] != tag || bucket.slots[i] != slot) continue;
        bucket.tags[i] = kEmpty;
        return true;
    }
    return false;
}

bool Index::has_room(std::uint64_t hash) const noexcept {
    const auto [first, second] = candidates(hash);
    return used_places(buckets_[first]) < kBucketSize ||
           used_places(buckets_[second]) < kBucketSize;
}

void Index::insert(std::uint64_t hash, std::uint32_t slot) noexcept {
    const auto [first, second] = candidates(hash);
    const bool second_is_emptier = used_places(buckets_[second]) < used_places(buckets_[first]);
    put(buckets_[second_is_emptier ? second : first], tag_of(hash), slot);
}

bool Index::move(std::uint64_t hash, std::uint32_t slot) noexcept {
    const auto [first, second] = candidates(hash);
    const std::uint16_t tag = tag_of(hash);
    for (const auto& [from, to] : {std::pair(first, second), std::pair(second, first)}) {
        if (used_places(buckets_[to]) == kBucketSize) continue;
        if (remove(buckets_[from], tag, slot)) return put(buckets_[to], tag, slot);
    }
    return false;
}

void Index::erase(std::uint64_t hash, std::uint32_t slot) noexcept {
    for (const std::uint32_t bucket : candidates(hash)) {
        if (remove(buckets_[bucket], tag_of(hash), slot)) return;
    }
}

}  // namespace querytap::flow
