#include <cstdint>

#include <gtest/gtest.h>

#include <querytap/base/counter.h>
#include <querytap/base/mapped_array.h>
#include <querytap/base/object_pool.h>

namespace querytap {
namespace {

struct Counted {
    explicit Counted(int& alive_, int value_ = 0) : alive(alive_), value(value_) { ++alive; }
    ~Counted() { --alive; }
    int& alive;
    int value;
};

TEST(ObjectPool, GivesEachPlaceOnceAndRefusesWhenFull) {
    int alive = 0;
    ObjectPool<Counted> pool(2);
    Counted* const first = pool.acquire(alive, 1);
    Counted* const second = pool.acquire(alive, 2);
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    EXPECT_NE(first, second);
    EXPECT_EQ(pool.acquire(alive), nullptr);
    EXPECT_EQ(alive, 2);
    EXPECT_EQ(&pool[pool.index_of(second)], second);
    EXPECT_EQ(pool[pool.index_of(first)].value, 1);
    pool.release(first);
    EXPECT_EQ(alive, 1);
    Counted* const again = pool.acquire(alive, 3);
    EXPECT_EQ(again, first);
    EXPECT_EQ(again->value, 3);
    pool.release(again);
    pool.release(second);
    EXPECT_EQ(pool.in_use(), 0u);
    EXPECT_EQ(alive, 0);
}

TEST(MappedArray, IsZeroAndWritableToItsLastElement) {
    MappedArray<std::uint64_t> array(100'000);
    ASSERT_EQ(array.size(), 100'000u);
    EXPECT_EQ(array[0], 0u);
    EXPECT_EQ(array[99'999], 0u);
    array[99'999] = 7;
    EXPECT_EQ(array[99'999], 7u);
}

TEST(MappedArray, UntouchedElementsCostNoMemory) {
    MappedArray<std::uint8_t> array(std::size_t{1} << 36);  // 64 GiB, more than the machine has
    array[0] = 1;
    array[array.size() - 1] = 2;
    EXPECT_EQ(array[0] + array[array.size() - 1], 3);
}

TEST(MappedArray, MayBeEmpty) {
    MappedArray<int> array(0);
    EXPECT_EQ(array.size(), 0u);
}

TEST(Counter, AddsSubtractsAndSets) {
    Counter counter;
    counter.add();
    counter.add(5);
    counter.sub(2);
    EXPECT_EQ(counter.read(), 4u);
    counter.set(9);
    EXPECT_EQ(counter.read(), 9u);
}

}  // namespace
}  // namespace querytap
