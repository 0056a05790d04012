// A bounded queue between exactly one producer thread and one consumer thread. Slots are built once
// and filled in place: nothing is allocated or copied after start. The producer's and the
// consumer's index live on cache lines of their own.
#pragma once

#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <memory>

namespace querytap {

template <typename T>
class SpscRing {
  public:
    /// `capacity` must be a power of two.
    explicit SpscRing(std::size_t capacity)
        : slots_(std::make_unique_for_overwrite<T[]>(capacity)), mask_(capacity - 1) {
        assert(std::has_single_bit(capacity));
    }

    // --- producer ---

    /// The next free slot, to be filled and then publish()ed; nullptr when the ring is full.
    T* reserve() noexcept {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_seen_ > mask_) {
            tail_seen_ = tail_.load(std::memory_order_acquire);
            if (head - tail_seen_ > mask_) return nullptr;
        }
        return &slots_[head & mask_];
    }
    void publish() noexcept {
        head_.store(head_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    // --- consumer ---

    /// The oldest unread slot, to be used and then release()d; nullptr when the ring is empty.
    T* front() noexcept {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_seen_) {
            head_seen_ = head_.load(std::memory_order_acquire);
            if (tail == head_seen_) return nullptr;
        }
        return &slots_[tail & mask_];
    }
    void release() noexcept {
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

    // --- anybody (metrics) ---

    std::size_t size() const noexcept {
        // Tail first: read the other way round, a consumer in between would make it negative.
        const std::size_t tail = tail_.load(std::memory_order_acquire);
        return head_.load(std::memory_order_acquire) - tail;
    }
    std::size_t capacity() const noexcept { return mask_ + 1; }

  private:
    static constexpr std::size_t kCacheLine = 64;

    std::unique_ptr<T[]> slots_;
    std::size_t mask_;
    alignas(kCacheLine) std::atomic<std::size_t> head_{0};
    std::size_t tail_seen_ = 0;  // producer's last look at tail_
    alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
    std::size_t head_seen_ = 0;  // consumer's last look at head_
};

}  // namespace querytap
