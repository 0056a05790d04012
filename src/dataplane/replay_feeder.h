// Captures -> a net_pcap port. A thread reads the files and writes their frames into a pipe, as one
// endless pcap file; the port reads the other end, so that replayed packets come through an ethdev
// as live ones do. net_pcap keeps microseconds only, so each frame carries its exact time before
// its first byte; the receiver takes it off (see Receiver).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/dataplane/runtime.h>

namespace querytap::dataplane {

class ReplayFeeder {
  public:
    static constexpr std::size_t kTimePrefix = 8;  ///< nanoseconds since the epoch, native order
    /// net_pcap counts the bytes of a frame in 16 bits.
    static constexpr std::size_t kFrameMax = 65535 - kTimePrefix;

    static Result<std::unique_ptr<ReplayFeeder>> create(const Replay& replay);
    ~ReplayFeeder();
    ReplayFeeder(const ReplayFeeder&) = delete;
    ReplayFeeder& operator=(const ReplayFeeder&) = delete;

    /// What net_pcap opens.
    std::string path() const;

    void start();
    void stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
    /// Waits for the thread; the first error of a file.
    Status join();

    /// All frames are in the pipe. Read before fed().
    bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
    std::uint64_t fed() const noexcept { return fed_.load(std::memory_order_relaxed); }
    Timestamp last_time() const noexcept {
        return from_ns(last_ns_.load(std::memory_order_relaxed));
    }
    Progress progress() const noexcept;
    bool paced() const noexcept { return replay_.speed > 0; }

  private:
    ReplayFeeder(Replay replay, int read_end, int write_end);

    void run();
    Status feed_file(const std::filesystem::path& file);
    bool feed_frame(Bytes frame, Timestamp time);
    bool wait_until_due(Timestamp time);
    bool write_all(Bytes bytes);
    bool flush();

    Replay replay_;
    int read_end_;
    int write_end_;
    std::thread thread_;
    Status status_ = success();
    std::vector<std::uint8_t> buffer_;  ///< records on their way into the pipe

    std::atomic<bool> stop_{false};
    std::atomic<bool> finished_{false};
    std::atomic<std::uint64_t> fed_{0};
    std::atomic<std::int64_t> first_ns_{0};
    std::atomic<std::int64_t> last_ns_{0};
    std::atomic<std::uint64_t> bytes_before_{0};  ///< of finished files
    std::atomic<std::uint64_t> bytes_here_{0};    ///< of the file being read
    std::uint64_t bytes_total_ = 0;
    std::chrono::steady_clock::time_point started_{};
};

}  // namespace querytap::dataplane
