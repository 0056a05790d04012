// Key -> place of its flow. Buckets of ten on one cache line each; a key may stand in two of them,
// so a look-up touches at most two lines and never more.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include <querytap/base/mapped_array.h>

namespace querytap::flow {

/// A function that does nothing but prefetch has no effect that GCC knows of, and with link-time
/// optimisation its calls are dropped: the empty statement is one.
inline void fetch(const void* line) noexcept {
    __builtin_prefetch(line);
    asm volatile("" : : "r"(line));
}

class Index {
  public:
    static constexpr std::size_t kBucketSize = 10;

    /// A quarter more places than flows: with two choices, few buckets fill up, and one of the
    /// twenty then finds room in its other place, unless an attacker knows the secret.
    /// flows: a power of two.
    explicit Index(std::size_t flows)
        : buckets_(flows / kFlowsPerBucket < 2 ? 2 : flows / kFlowsPerBucket),
          mask_(static_cast<std::uint32_t>(buckets_.size() - 1)) {}

    void prefetch(std::uint64_t hash) const noexcept {
        const auto [first, second] = candidates(hash);
        fetch(&buckets_[first]);
        fetch(&buckets_[second]);
    }

    /// Calls `is_it(slot)` for the entries with the hash's tag until it says yes; that slot.
    template <typename IsIt>
    std::optional<std::uint32_t> find(std::uint64_t hash, IsIt&& is_it) const noexcept {
        const std::uint16_t tag = tag_of(hash);
        for (const std::uint32_t bucket : candidates(hash)) {
            const Bucket& entries = buckets_[bucket];
            for (Matches found(entries, tag); found.any();) {
                const std::uint32_t slot = entries.slots[found.take()];
                if (is_it(slot)) return slot;
            }
        }
        return std::nullopt;
    }

    /// One of the hash's two buckets has a free place.
    bool has_room(std::uint64_t hash) const noexcept;

    /// Into the emptier of the two buckets. Only if has_room().
    void insert(std::uint64_t hash, std::uint32_t slot) noexcept;

    /// From the bucket where it stands to its other one, if that has room.
    bool move(std::uint64_t hash, std::uint32_t slot) noexcept;

    /// The entry must be there.
    void erase(std::uint64_t hash, std::uint32_t slot) noexcept;

    /// The first slot that find() would look at, and nearly always the only one.
    std::optional<std::uint32_t> first_candidate(std::uint64_t hash) const noexcept {
        return find(hash, [](std::uint32_t) { return true; });
    }

    /// Calls `visit(slot)` for every entry that competes with the hash for a place.
    template <typename Visit>
    void for_each_neighbour(std::uint64_t hash, Visit&& visit) const noexcept {
        for (const std::uint32_t bucket : candidates(hash)) {
            const Bucket& entries = buckets_[bucket];
            for (std::size_t i = 0; i < kBucketSize; ++i) {
                if (entries.tags[i] != kEmpty) visit(entries.slots[i]);
            }
        }
    }

  private:
    static constexpr std::uint16_t kEmpty = 0;
    static constexpr std::size_t kFlowsPerBucket = 8;
    static constexpr std::size_t kTagWords = 3;

    struct alignas(64) Bucket {
        std::array<std::uint16_t, kTagWords * 4> tags;  // those behind the tenth stay empty
        std::array<std::uint32_t, kBucketSize> slots;
    };
    static_assert(sizeof(Bucket) == 64);

    /// Where a bucket has a tag, as bits to be taken one by one: all comparisons in a few
    /// operations on three words.
    class Matches {
      public:
        Matches(const Bucket& bucket, std::uint16_t tag) noexcept {
            const std::uint64_t wanted = tag * kOneEach;
            std::array<std::uint64_t, kTagWords> words;
            static_assert(sizeof(words) == sizeof(bucket.tags));
            std::memcpy(words.data(), bucket.tags.data(), sizeof(words));
            left_ = zeros(words[0] ^ wanted) >> 15 | zeros(words[1] ^ wanted) >> 14 |
                    zeros(words[2] ^ wanted) >> 13;
        }
        bool any() const noexcept { return left_ != 0; }
        /// Only if any().
        std::size_t take() noexcept {
            const auto bit = static_cast<std::size_t>(std::countr_zero(left_));
            left_ &= left_ - 1;
            return bit / 16 + bit % 16 * 4;
        }

      private:
        static constexpr std::uint64_t kOneEach = 0x0001'0001'0001'0001;
        /// The highest bit of each 16 that are all zero.
        static std::uint64_t zeros(std::uint64_t lanes) noexcept {
            constexpr std::uint64_t kLow = 0x7fff * kOneEach;
            return ~(((lanes & kLow) + kLow) | lanes | kLow);
        }
        std::uint64_t left_;
    };

    static std::uint16_t tag_of(std::uint64_t hash) noexcept {
        const auto tag = static_cast<std::uint16_t>(hash >> 48);
        return tag == kEmpty ? std::uint16_t{1} : tag;
    }
    /// Always two different buckets.
    std::array<std::uint32_t, 2> candidates(std::uint64_t hash) const noexcept {
        const std::uint32_t first = static_cast<std::uint32_t>(hash) & mask_;
        const std::uint32_t second = static_cast<std::uint32_t>(hash >> 32) & mask_;
        return {first, second == first ? first ^ 1u : second};
    }
    static std::size_t used_places(const Bucket& bucket) noexcept;
    static bool put(Bucket& bucket, std::uint16_t tag, std::uint32_t slot) noexcept;
    static bool remove(Bucket& bucket, std::uint16_t tag, std::uint32_t slot) noexcept;

    MappedArray<Bucket> buckets_;
    std::uint32_t mask_;
};

}  // namespace querytap::flow
