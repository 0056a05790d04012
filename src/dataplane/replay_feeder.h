// Captures -> a net_ring port. A thread reads the files, copies their frames into mbufs, stamps
// them with the time of the capture, and puts them on the ring that the port receives from, so that
// replayed packets come through an ethdev as live ones do. Where mbufs or places on the ring are
// short it waits: nothing is lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>

#include <rte_mbuf.h>

#include <querytap/base/result.h>
#include <querytap/dataplane/runtime.h>

#include "port.h"

namespace querytap::dataplane {

class ReplayFeeder {
  public:
    /// Frames that may stand on the port's ring: few enough to be still in the cache when their
    /// turn comes.
    static constexpr unsigned kRingSize = 1024;
    /// Fewer mbufs than this and a replay could wait for ever. lcores: that may keep some.
    static unsigned mbufs_needed(unsigned lcores, unsigned mbuf_size) noexcept;

    static Result<std::unique_ptr<ReplayFeeder>> create(const Replay& replay);
    ~ReplayFeeder();
    ReplayFeeder(const ReplayFeeder&) = delete;
    ReplayFeeder& operator=(const ReplayFeeder&) = delete;

    /// port: made with Wish::ring, started; it must outlive the thread.
    void start(const Port& port);
    void stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
    /// Waits for the thread; the first error of a file.
    Status join();

    /// All frames were put on the ring, and taken from it. For who takes them.
    bool drained() const noexcept;
    Progress progress() const noexcept;
    /// Of all frames so far.
    std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

  private:
    static constexpr unsigned kBatch = 32;
    /// What libpcap reads at most, 256 KiB, in the smallest mbufs.
    static constexpr unsigned kFrameMax = 1u << 18;

    explicit ReplayFeeder(Replay replay);

    bool paced() const noexcept { return replay_.speed > 0; }
    void run();
    Status feed_file(const std::filesystem::path& path);
    bool feed_frame(Bytes frame, Timestamp time);
    bool wait_until_due(std::int64_t time_ns);
    rte_mbuf* frame_of(Bytes bytes);
    rte_mbuf* take_mbuf();
    bool hand_over();
    bool wait();

    Replay replay_;
    rte_ring* ring_ = nullptr;
    rte_mempool* pool_ = nullptr;
    std::thread thread_;
    Status status_ = success();

    std::array<rte_mbuf*, kBatch> spare_;  ///< from the pool, not filled yet
    unsigned spares_ = 0;
    std::array<rte_mbuf*, kBatch> filled_;  ///< on their way to the ring
    unsigned fills_ = 0;

    std::atomic<bool> stop_{false};
    std::atomic<bool> finished_{false};
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::int64_t> first_ns_{0};
    std::atomic<std::int64_t> last_ns_{0};
    std::atomic<std::uint64_t> bytes_before_{0};  ///< of finished files
    std::atomic<std::uint64_t> bytes_here_{0};    ///< of the file being read
    std::uint64_t bytes_total_ = 0;

    // Of a paced replay: the first frame of the file being read, by its own time and by ours.
    std::int64_t pace_from_ns_ = 0;
    std::chrono::steady_clock::time_point pace_from_{};
    bool pace_begins_ = true;
};

}  // namespace querytap::dataplane
