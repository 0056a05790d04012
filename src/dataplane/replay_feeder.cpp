#include "replay_feeder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <querytap/dataplane/capture_file.h>

namespace querytap::dataplane {
namespace {

constexpr int kPipeSize = 1 << 20;            // what an unprivileged user may ask for
constexpr std::size_t kBufferSize = 1 << 18;  // one write for many records
constexpr int kStopCheckMs = 50;              // how soon a stop is seen while waiting

template <typename T>
void append(std::vector<std::uint8_t>& out, T value) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
    out.insert(out.end(), bytes, bytes + sizeof(value));
}

/// The header of a classic pcap file, native order, microseconds, Ethernet.
void append_file_header(std::vector<std::uint8_t>& out) {
    append<std::uint32_t>(out, 0xa1b2c3d4);
    append<std::uint16_t>(out, 2);
    append<std::uint16_t>(out, 4);
    append<std::uint64_t>(out, 0);
    append<std::uint32_t>(out, 65535);
    append<std::uint32_t>(out, 1);
}

}  // namespace

Result<std::unique_ptr<ReplayFeeder>> ReplayFeeder::create(const Replay& replay) {
    for (const auto& file : replay.files) {
        auto opened = CaptureFile::open(file);  // a wrong name is told before anything is set up
        if (!opened) return opened.error();
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return Error{.message = std::string("cannot make a pipe: ") + std::strerror(errno)};
    }
    fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);  // slower without, but no less right
    fcntl(ends[1], F_SETFL, O_NONBLOCK);      // a stop must get through while the pipe is full
    return std::unique_ptr<ReplayFeeder>(new ReplayFeeder(replay, ends[0], ends[1]));
}

ReplayFeeder::ReplayFeeder(Replay replay, int read_end, int write_end)
    : replay_(std::move(replay)), read_end_(read_end), write_end_(write_end) {
    buffer_.reserve(kBufferSize + kRecordMax + 64);
    append_file_header(buffer_);
    flush();  // net_pcap reads the header when it opens the file
    for (const auto& file : replay_.files) {
        std::error_code ignored;
        const auto size = std::filesystem::file_size(file, ignored);
        if (!ignored) bytes_total_ += size;
    }
}

ReplayFeeder::~ReplayFeeder() {
    stop();
    if (thread_.joinable()) thread_.join();
    if (write_end_ >= 0) close(write_end_);
    close(read_end_);
}

std::string ReplayFeeder::path() const {
    return "/proc/self/fd/" + std::to_string(read_end_);
}

void ReplayFeeder::start() {
    thread_ = std::thread([this] { run(); });
}

Status ReplayFeeder::join() {
    if (thread_.joinable()) thread_.join();
    return status_;
}

Progress ReplayFeeder::progress() const noexcept {
    return {.bytes_read = bytes_before_.load(std::memory_order_relaxed) +
                          bytes_here_.load(std::memory_order_relaxed),
            .bytes_total = bytes_total_,
            .packets = frames_.load(std::memory_order_relaxed),
            .first = from_ns(first_ns_.load(std::memory_order_relaxed)),
            .last = from_ns(last_ns_.load(std::memory_order_relaxed))};
}

void ReplayFeeder::run() {
    for (const auto& file : replay_.files) {
        if (stop_.load(std::memory_order_relaxed)) break;
        Status status = feed_file(file);
        if (!status.ok()) {
            status_ = std::move(status);
            break;
        }
    }
    flush();
    finished_.store(true, std::memory_order_release);
    close(write_end_);  // the port sees the end of its file
    write_end_ = -1;
}

Status ReplayFeeder::feed_file(const std::filesystem::path& path) {
    auto file = CaptureFile::open(path);
    if (!file) return file.error();
    pace_begins_ = true;  // files may have been captured days apart: nobody waits for that
    for (;;) {
        auto record = (*file)->next();
        if (!record) return record.error();
        bytes_here_.store((*file)->bytes_read(), std::memory_order_relaxed);
        if (!record->has_value()) break;
        if (!feed_frame((*record)->frame, (*record)->time)) break;
    }
    bytes_before_.fetch_add((*file)->bytes_read(), std::memory_order_relaxed);
    bytes_here_.store(0, std::memory_order_relaxed);
    return success();
}

bool ReplayFeeder::feed_frame(Bytes frame, Timestamp time) {
    const bool first = frames_.load(std::memory_order_relaxed) == 0;
    // Captures of several interfaces step back in time now and then; inspected time never does.
    const std::int64_t ns =
        first ? to_ns(time) : std::max(to_ns(time), last_ns_.load(std::memory_order_relaxed));
    if (first) first_ns_.store(ns, std::memory_order_relaxed);
    if (!wait_until_due(ns)) return false;
    last_ns_.store(ns, std::memory_order_relaxed);
    frames_.fetch_add(1, std::memory_order_relaxed);
    append_records(frame, ns);
    return (paced() || buffer_.size() >= kBufferSize) ? flush() : true;
}

void ReplayFeeder::append_records(Bytes frame, std::int64_t time_ns) {
    do {
        const Bytes part = frame.first(std::min(frame.size(), kRecordMax - sizeof(Prefix)));
        frame = frame.subspan(part.size());
        const auto size = static_cast<std::uint32_t>(sizeof(Prefix) + part.size());
        append<std::uint64_t>(buffer_, 0);  // the record's own time is not used
        append<std::uint32_t>(buffer_, size);
        append<std::uint32_t>(buffer_, size);
        append(buffer_, Prefix{.time_ns = time_ns, .follows = frame.size()});
        buffer_.insert(buffer_.end(), part.begin(), part.end());
        records_.fetch_add(1, std::memory_order_relaxed);
    } while (!frame.empty());
}

/// False after a stop.
bool ReplayFeeder::wait_until_due(std::int64_t time_ns) {
    using Clock = std::chrono::steady_clock;
    if (!paced()) return !stop_.load(std::memory_order_relaxed);
    if (pace_begins_) {
        pace_begins_ = false;
        pace_from_ns_ = time_ns;
        pace_from_ = Clock::now();
    }
    // As floating point, and bounded: a capture may claim any time.
    constexpr double kLongestNs = 1e18;
    const double wait_ns =
        (static_cast<double>(time_ns) - static_cast<double>(pace_from_ns_)) / replay_.speed;
    const Clock::time_point due =
        pace_from_ + Duration(static_cast<std::int64_t>(std::min(wait_ns, kLongestNs)));
    while (!stop_.load(std::memory_order_relaxed)) {
        const auto now = Clock::now();
        if (now >= due) return true;
        std::this_thread::sleep_for(
            std::min<Duration>(due - now, std::chrono::milliseconds(kStopCheckMs)));
    }
    return false;
}

bool ReplayFeeder::flush() {
    const bool written = write_all(buffer_);
    buffer_.clear();
    return written;
}

bool ReplayFeeder::write_all(Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t n = write(write_end_, bytes.data(), bytes.size());
        if (n > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(n));
            continue;
        }
        if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
        // After a stop the receiver still works off what it was promised, so the pipe keeps moving.
        pollfd writable{.fd = write_end_, .events = POLLOUT, .revents = 0};
        poll(&writable, 1, kStopCheckMs);
    }
    return true;
}

}  // namespace querytap::dataplane
