// What was seen before: pairs of hosts, logins, applications, shapes of queries and results. A
// fixed number of places, shared by all workers without locks: looking up is a load of one cache
// line, and only what is new is written. When a line is full, what was not seen for longest gives
// way.
//
// Time is the packets'. Kept across restarts by state_file.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>

namespace querytap::novelty {

/// What a server may be asked for the first time.
enum class Thing : std::uint8_t { kPair, kLogin, kApplication, kQueryShape, kResultShape };

enum class Seen : std::uint8_t {
    kBefore,
    kNow,       ///< for the first time, while it is learnt what is usual
    kFirstTime  ///< and that is something to tell
};

struct MemoryOptions {
    std::size_t entries = 1u << 20;  ///< rounded up to a power of two; eight bytes each
    Duration learning{};             ///< from the first thing seen on
};

class Memory {
  public:
    explicit Memory(const MemoryOptions& options);

    /// Was this seen on that server? From here on it was. Any thread.
    Seen look(Thing thing, const IpAddress& server, const IpAddress& client,
              Timestamp now) noexcept;
    Seen look(Thing thing, const IpAddress& server, std::string_view what, Timestamp now) noexcept;
    Seen look(Thing thing, const IpAddress& server, std::uint64_t what, Timestamp now) noexcept;

    std::uint64_t entries() const noexcept { return slots_.size(); }
    std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
    /// Things that gave way to newer ones.
    std::uint64_t evicted() const noexcept { return evicted_.load(std::memory_order_relaxed); }
    /// Rises with each thing that was written.
    std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_relaxed); }

  private:
    friend class StateFile;
    static constexpr std::size_t kWays = 8;  // a cache line
    static constexpr int kDayBits = 16;

    using Slot =
        std::atomic<std::uint64_t>;  // 48 bits that name the thing, 16 for the day; 0: free
    Seen look(std::uint64_t hash, Timestamp now) noexcept;
    bool remember(std::uint64_t name, std::uint64_t day) noexcept;
    std::span<Slot> line_of(std::uint64_t name) noexcept;

    std::vector<Slot> slots_;
    std::uint64_t secret_;  ///< kept with the state: peers choose names, and must not choose a line
    Duration learning_;
    std::atomic<std::int64_t> began_ns_{0};
    std::atomic<std::uint64_t> used_{0};
    std::atomic<std::uint64_t> evicted_{0};
    std::atomic<std::uint64_t> changes_{0};
};

}  // namespace querytap::novelty
