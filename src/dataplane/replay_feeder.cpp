#include "replay_feeder.h"

#include <algorithm>
#include <cstring>

#include <rte_mempool.h>
#include <rte_ring.h>

#include <querytap/dataplane/capture_file.h>

#include "mbuf.h"

namespace querytap::dataplane {
namespace {

constexpr int kStopCheckMs = 50;  // how soon a stop is seen while a frame is not due

/// For a full ring: at 10 Mpps it would be empty after twice as long.
constexpr std::chrono::microseconds kWait{50};

}  // namespace

unsigned ReplayFeeder::mbufs_needed(unsigned lcores, unsigned mbuf_size) noexcept {
    // A cache grows to one and a half times its size before it gives mbufs back to the others.
    const unsigned kept = lcores * Port::kPoolCache * 3 / 2;
    return 2 * (kRingSize + 2 * kBatch + kFrameMax / mbuf_size + kept);
}

Result<std::unique_ptr<ReplayFeeder>> ReplayFeeder::create(const Replay& replay) {
    for (const auto& file : replay.files) {
        auto opened = CaptureFile::open(file);  // a wrong name is told before anything is set up
        if (!opened) return opened.error();
    }
    return std::unique_ptr<ReplayFeeder>(new ReplayFeeder(replay));
}

ReplayFeeder::ReplayFeeder(Replay replay) : replay_(std::move(replay)) {
    for (const auto& file : replay_.files) {
        std::error_code ignored;
        const auto size = std::filesystem::file_size(file, ignored);
        if (!ignored) bytes_total_ += size;
    }
}

ReplayFeeder::~ReplayFeeder() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void ReplayFeeder::start(const Port& port) {
    ring_ = port.ring();
    pool_ = port.pool();
    thread_ = std::thread([this] { run(); });
}

Status ReplayFeeder::join() {
    if (thread_.joinable()) thread_.join();
    return status_;
}

bool ReplayFeeder::drained() const noexcept {
    // In this order: after the last frame none is added, so an empty ring stays empty.
    return finished_.load(std::memory_order_acquire) && rte_ring_empty(ring_) != 0;
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
    hand_over();
    rte_mempool_put_bulk(pool_, reinterpret_cast<void* const*>(spare_.data()), spares_);
    finished_.store(true, std::memory_order_release);
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
    const std::uint64_t before = frames_.load(std::memory_order_relaxed);
    // Captures of several interfaces step back in time now and then; inspected time never does.
    const std::int64_t ns =
        before == 0 ? to_ns(time) : std::max(to_ns(time), last_ns_.load(std::memory_order_relaxed));
    if (before == 0) first_ns_.store(ns, std::memory_order_relaxed);
    if (!wait_until_due(ns)) return false;
    rte_mbuf* const mbuf = frame_of(frame);
    if (mbuf == nullptr) return false;
    last_ns_.store(ns, std::memory_order_relaxed);
    frames_.store(before + 1, std::memory_order_relaxed);
    bytes_.store(bytes_.load(std::memory_order_relaxed) + frame.size(), std::memory_order_relaxed);
    StampField::of(mbuf) = {ns, before + 1};
    filled_[fills_++] = mbuf;
    return (paced() || fills_ == kBatch) ? hand_over() : true;
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

/// A chain where one mbuf is too small (segmentation offload on a loopback interface makes long
/// frames). Null after a stop.
rte_mbuf* ReplayFeeder::frame_of(Bytes bytes) {
    rte_mbuf* const head = take_mbuf();
    rte_mbuf* last = head;
    while (last != nullptr) {
        const std::size_t size = std::min<std::size_t>(bytes.size(), rte_pktmbuf_tailroom(last));
        if (size > 0) std::memcpy(rte_pktmbuf_mtod(last, void*), bytes.data(), size);
        last->data_len = static_cast<std::uint16_t>(size);
        head->pkt_len += static_cast<std::uint32_t>(size);
        bytes = bytes.subspan(size);
        if (bytes.empty()) return head;
        last->next = take_mbuf();
        if (last->next != nullptr) ++head->nb_segs;
        last = last->next;
    }
    rte_pktmbuf_free(head);
    return nullptr;
}

/// Waits until the pool has some. Null after a stop.
rte_mbuf* ReplayFeeder::take_mbuf() {
    while (spares_ == 0) {
        if (rte_mempool_get_bulk(pool_, reinterpret_cast<void**>(spare_.data()), kBatch) == 0) {
            spares_ = kBatch;
        } else if (!wait()) {
            return nullptr;
        }
    }
    rte_mbuf* const mbuf = spare_[--spares_];
    mark_taken(mbuf);
    rte_pktmbuf_reset(mbuf);
    return mbuf;
}

/// Waits until all that are filled found their place. False after a stop.
bool ReplayFeeder::hand_over() {
    for (unsigned i = 0; i < fills_; ++i)
        mark_given(filled_[i]);
    unsigned done = 0;
    bool going_on = true;
    while (done < fills_) {
        const unsigned n = rte_ring_sp_enqueue_burst(
            ring_, reinterpret_cast<void* const*>(&filled_[done]), fills_ - done, nullptr);
        done += n;
        if (n == 0) going_on = wait();  // the worker goes on taking: what was read is inspected
    }
    fills_ = 0;
    return going_on;
}

/// False after a stop.
bool ReplayFeeder::wait() {
    std::this_thread::sleep_for(kWait);
    return !stop_.load(std::memory_order_relaxed);
}

}  // namespace querytap::dataplane
