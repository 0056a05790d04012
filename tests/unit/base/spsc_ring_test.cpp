#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include <querytap/base/spsc_ring.h>

namespace querytap {
namespace {

TEST(SpscRing, FirstInFirstOutUntilFull) {
    SpscRing<int> ring(4);
    EXPECT_EQ(ring.front(), nullptr);
    for (int i = 0; i < 4; ++i) {
        int* const slot = ring.reserve();
        ASSERT_NE(slot, nullptr);
        *slot = i;
        ring.publish();
    }
    EXPECT_EQ(ring.reserve(), nullptr);
    EXPECT_EQ(ring.size(), 4u);
    for (int i = 0; i < 4; ++i) {
        ASSERT_NE(ring.front(), nullptr);
        EXPECT_EQ(*ring.front(), i);
        ring.release();
    }
    EXPECT_EQ(ring.front(), nullptr);
    EXPECT_NE(ring.reserve(), nullptr);
}

TEST(SpscRing, WhatIsReservedButNotPublishedIsNotSeen) {
    SpscRing<int> ring(2);
    *ring.reserve() = 1;
    EXPECT_EQ(ring.front(), nullptr);
    ring.publish();
    EXPECT_EQ(*ring.front(), 1);
}

TEST(SpscRing, TwoThreadsSeeOneOrder) {
    constexpr std::uint64_t kItems = 200'000;
    SpscRing<std::uint64_t> ring(64);
    std::thread producer([&ring] {
        for (std::uint64_t i = 0; i < kItems;) {
            std::uint64_t* const slot = ring.reserve();
            if (slot == nullptr) {
                std::this_thread::yield();
                continue;
            }
            *slot = i++;
            ring.publish();
        }
    });
    for (std::uint64_t expected = 0; expected < kItems;) {
        const std::uint64_t* const slot = ring.front();
        if (slot == nullptr) {
            std::this_thread::yield();
            continue;
        }
        ASSERT_EQ(*slot, expected);
        ++expected;
        ring.release();
    }
    producer.join();
    EXPECT_EQ(ring.size(), 0u);
}

}  // namespace
}  // namespace querytap
