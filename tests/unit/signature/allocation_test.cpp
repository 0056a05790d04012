// Nothing is allocated after create(): malloc itself is counted, so Hyperscan's own allocations are
// seen too. Left out under the sanitizers, which own malloc.
#include <atomic>
#include <cstdlib>

#include "harness.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUERYTAP_COUNT_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUERYTAP_COUNT_MALLOC 0
#endif
#endif
#ifndef QUERYTAP_COUNT_MALLOC
#define QUERYTAP_COUNT_MALLOC 1
#endif

#if QUERYTAP_COUNT_MALLOC

namespace {
std::atomic<std::size_t> allocations{0};
}

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_memalign(alignment, size);
}
}

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;

struct Counting final : HitSink {
    void on_hit(const Hit& hit) override { bytes += hit.excerpt.size(); }
    std::size_t bytes = 0;
};

TEST(Allocation, NoneAfterCreate) {
    std::string text;
    for (std::uint32_t sid = 1; sid <= 50; ++sid) {
        text += rule("tds.sql; content:\"word" + std::to_string(sid) +
                         "\"; content:\"x\"; distance:1; within:9; tds.param; content:\"p\";",
                     sid);
    }
    text += rule("tds.sql; pcre:\"/wo+rd\\d+$/\";", 100) + rule("", 101);
    Bench bench(text, {64, 64});
    ASSERT_TRUE(bench);
    Scanner& scanner = bench.scanner();
    const std::string value = "word1 x word17.x word33-xx word5";
    Counting sink;

    const std::size_t before = allocations.load();
    for (int round = 0; round < 1000; ++round) {
        TransactionId open[80];  // more than there are
        for (TransactionId& id : open)
            id = scanner.open({});
        for (const TransactionId id : open) {
            scanner.stream(id, Buffer::kTdsSql, std::string_view(value).substr(0, 9), false);
            scanner.scan(id, Buffer::kTdsParam, "p");
        }
        for (const TransactionId id : open) {
            scanner.stream(id, Buffer::kTdsSql, std::string_view(value).substr(9), true);
        }
        for (std::size_t i = 0; i < 80; ++i) {
            if (i % 7 == 0) {
                scanner.discard(open[i]);
            } else {
                scanner.close(open[i], sink);
            }
        }
    }
    EXPECT_EQ(allocations.load() - before, 0u);
    EXPECT_GT(sink.bytes, 0u);
    EXPECT_GT(bench.counters().transactions_exhausted.read(), 0u);
}

}  // namespace
}  // namespace querytap::signature

#endif
