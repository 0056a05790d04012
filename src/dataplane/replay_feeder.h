// Captures -> a net_pcap port. A thread reads the files and writes their frames into a pipe, as one
// endless pcap file; the port reads the other end, so that replayed packets come through an ethdev
// as live ones do. net_pcap keeps microseconds only and counts the bytes of a frame in 16 bits, so
// each record carries a prefix with the exact time, and longer frames (segmentation offload on a
// loopback interface makes them) go as several records; the receiver undoes both (see Receiver).
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
    /// Before the first byte of each record, in native order.
    struct Prefix {
        std::int64_t time_ns = 0;   ///< since the epoch
        std::uint64_t follows = 0;  ///< bytes of the same frame in the records after this one
    };
    static constexpr std::size_t kRecordMax = 65535;

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

    /// All records are in the pipe. To be read before records().
    bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
    std::uint64_t records() const noexcept { return records_.load(std::memory_order_relaxed); }
    Progress progress() const noexcept;
    bool paced() const noexcept { return replay_.speed > 0; }

  private:
    ReplayFeeder(Replay replay, int read_end, int write_end);

    void run();
    Status feed_file(const std::filesystem::path& path);
    bool feed_frame(Bytes frame, Timestamp time);
    void append_records(Bytes frame, std::int64_t time_ns);
    bool wait_until_due(std::int64_t time_ns);
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
    std::atomic<std::uint64_t> frames_{0};
    std::atomic<std::uint64_t> records_{0};
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
