// After start no packet takes memory, whatever it holds: all captures of tests/data, as they are
// and in small pieces, through an Inspector with all signatures, a policy and a memory of what was
// seen. Counted is malloc itself and whatever else gives memory, so Hyperscan's and everybody
// else's calls count, too. tests/system/test_memory.py counts the same of whole lcores.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <querytap/novelty/memory.h>
#include <querytap/policy/policy.h>

#include "capture_turns.h"
#include "event_collector.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUERYTAP_MALLOC_IS_TAKEN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUERYTAP_MALLOC_IS_TAKEN 1
#endif
#endif

namespace {
std::size_t allocations = 0;
}

#ifndef QUERYTAP_MALLOC_IS_TAKEN
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT: glibc's own name
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
    ++allocations;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    ++allocations;
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    ++allocations;
    return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    ++allocations;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    ++allocations;
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void* mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) {
    ++allocations;
    // NOLINTNEXTLINE: as the kernel gives it
    return reinterpret_cast<void*>(
        syscall(SYS_mmap, address, size, protection, flags, file, offset));
}
}
#endif

namespace querytap {
namespace {

class Uncollected final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return event_.get(); }
    void publish() noexcept override { ++count; }

    std::uint64_t count = 0;

  private:
    std::unique_ptr<pipeline::Event> event_ = std::make_unique<pipeline::Event>();
};

constexpr const char* kPolicy =
    "internal: [10.0.0.0/8]\n"
    "servers: {sql: {addresses: 10.0.0.0/8, ports: [1433]}}\n"
    "clients: {apps: {addresses: [10.0.0.0/9]}}\n"
    "rules: [{name: apps, clients: apps, servers: sql, volume: {to_server_mb_a_day: 1}}]\n";

class Allocations : public testing::TestWithParam<std::string> {
  protected:
    static void SetUpTestSuite() {
        auto rules = signature::RuleSet::load(test::source_root() / "signatures");
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        auto policy = policy::Policy::parse(kPolicy, "policy.yaml");
        ASSERT_TRUE(policy.ok()) << policy.error().to_string();
        generation_ = {1, std::move(rules).value(), std::move(policy).value()};
    }
    static void TearDownTestSuite() { generation_ = {}; }

    void inspect(const std::vector<test::OwnedFrame>& frames) {
        Uncollected events;
        novelty::Memory memory({.entries = 4096});
        pipeline::Limits limits = test::small_limits();
        limits.memory = &memory;
        auto inspector = pipeline::Inspector::create(limits, generation_, events);
        ASSERT_TRUE(inspector.ok()) << inspector.error().to_string();
        std::vector<packet::Frame> all;
        for (const test::OwnedFrame& frame : frames)
            all.push_back(frame.frame());
        const std::size_t before = allocations;
        for (std::span<const packet::Frame> rest = all; !rest.empty();) {
            const std::size_t size = std::min(rest.size(), pipeline::kBurstMax);
            (*inspector)->inspect(rest.first(size));
            rest = rest.subspan(size);
        }
        (*inspector)->finish(frames.back().time + std::chrono::hours(1));
        EXPECT_EQ(allocations - before, 0U);
        EXPECT_GT(events.count, 0U);
    }

    static pipeline::Generation generation_;
};
pipeline::Generation Allocations::generation_;

TEST_P(Allocations, NoneForAnyPacket) {
#ifdef QUERYTAP_MALLOC_IS_TAKEN
    GTEST_SKIP() << "the sanitizer has a malloc of its own";
#endif
    const auto capture = test::source_root() / "tests/data" / GetParam();
    inspect(test::frames_of(capture));
    std::mt19937 random(5);
    for (const test::Conversation& conversation : test::conversations_of(capture)) {
        inspect(test::conversation(conversation.turns,
                                   {.segment_max = 60,
                                    .random_sizes = true,
                                    .shuffle = 9,
                                    .overlap = 40,
                                    .duplicate = 0.2,
                                    .lose = 0.01,
                                    .handshake = conversation.handshake},
                                   random));
    }
}

TEST(Counting, SeesAllocations) {
#ifdef QUERYTAP_MALLOC_IS_TAKEN
    GTEST_SKIP() << "the sanitizer has a malloc of its own";
#endif
    const std::size_t before = allocations;
    const auto memory = std::make_unique<std::string>(100, 'x');
    EXPECT_GE(allocations - before, 2U) << *memory;
}

struct alignas(64) Line {
    char bytes[64];
};

TEST(Counting, SeesOtherWaysToTakeMemory) {
#ifdef QUERYTAP_MALLOC_IS_TAKEN
    GTEST_SKIP() << "the sanitizer has a malloc of its own";
#endif
    std::size_t before = allocations;
    const auto line = std::make_unique<Line>();
    EXPECT_GE(allocations - before, 1U) << static_cast<const void*>(line.get());
    before = allocations;
    void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_EQ(allocations - before, 1U);
    ASSERT_NE(page, MAP_FAILED);
    munmap(page, 4096);
    before = allocations;
    ASSERT_EQ(posix_memalign(&page, 64, 64), 0);
    EXPECT_EQ(allocations - before, 1U);
    std::free(page);
}

INSTANTIATE_TEST_SUITE_P(Captures, Allocations, testing::ValuesIn(test::labelled_captures()),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
                             return name;
                         });

}  // namespace
}  // namespace querytap
