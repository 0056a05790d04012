#include "worker.h"

#include <algorithm>
#include <array>
#include <sched.h>

#include <rte_cycles.h>
#include <rte_pause.h>
#include <rte_prefetch.h>

namespace querytap::dataplane {
namespace {

/// Idle polls before a worker that may yield gives its core away.
constexpr std::uint64_t kYieldAfter = 64;

}  // namespace

Worker::Worker(const Options& options, std::unique_ptr<Input> input,
               std::unique_ptr<pipeline::Inspector> inspector, pipeline::EventRing& events)
    : options_(options),
      input_(std::move(input)),
      inspector_(std::move(inspector)),
      events_(events),
      joined_(options.frame_max) {}

Worker::~Worker() {
    collect();
    while (auto** offered = offered_.front()) {
        delete *offered;
        offered_.release();
    }
}

void Worker::run() noexcept {
    while (poll()) {
    }
    inspector_->finish(std::max(time_, input_->end()));
    events_.set_finished();
    finished_.store(true, std::memory_order_release);
}

bool Worker::poll() noexcept {
    const std::uint64_t begin = rte_rdtsc();
    const Position position = input_->position();
    Burst burst;
    input_->receive(burst);
    exchange_generations();
    if (burst.empty()) {
        const bool more = idle(position);
        idle_cycles_.add(rte_rdtsc() - begin);
        return more;
    }
    inspect(burst);
    busy_cycles_.add(rte_rdtsc() - begin);
    return true;
}

void Worker::inspect(Burst& burst) noexcept {
    idle_polls_ = 0;
    std::array<packet::Frame, Burst::kSizeMax> frames;
    std::size_t n = 0;
    std::size_t joined = 0;
    for (rte_mbuf* mbuf : burst.packets())
        rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
    Stamp stamp;
    for (rte_mbuf* mbuf : burst.packets()) {
        stamp = StampField::of(mbuf);
        time_ = std::max(time_, from_ns(stamp.time_ns));
        const Bytes bytes = bytes_of(mbuf, joined);
        if (!bytes.empty()) frames[n++] = {bytes, time_, stamp.ordinal};
    }
    inspector_->inspect({frames.data(), n});
    events_.set_watermark(time_, stamp.ordinal);
}

/// Most frames are one mbuf and are read where they are.
Bytes Worker::bytes_of(rte_mbuf* mbuf, std::size_t& used) noexcept {
    const std::size_t size = rte_pktmbuf_pkt_len(mbuf);
    if (rte_pktmbuf_is_contiguous(mbuf)) {
        return {rte_pktmbuf_mtod(mbuf, const std::uint8_t*), size};
    }
    if (size > joined_.size() - used) {
        oversized_.add();
        return {};
    }
    std::uint8_t* const place = joined_.data() + used;
    const void* read = rte_pktmbuf_read(mbuf, 0, static_cast<std::uint32_t>(size), place);
    if (read == nullptr) return {};
    used += size;
    return {place, size};
}

bool Worker::idle(const Position& position) noexcept {
    if (input_->finished()) return false;
    if (position.time > time_) {
        time_ = position.time;
        inspector_->advance(time_);
    }
    if (position.time >= time_) events_.set_watermark(time_, position.ordinal);
    if (options_.spin || ++idle_polls_ < kYieldAfter) {
        rte_pause();
    } else {
        sched_yield();
    }
    return true;
}

bool Worker::offer(std::unique_ptr<pipeline::WorkerGeneration>& next) noexcept {
    pipeline::WorkerGeneration** slot = offered_.reserve();
    if (slot == nullptr) return false;
    *slot = next.release();
    offered_.publish();
    return true;
}

void Worker::collect() noexcept {
    while (pipeline::WorkerGeneration** returned = returned_.front()) {
        delete *returned;
        returned_.release();
    }
}

void Worker::exchange_generations() noexcept {
    pipeline::WorkerGeneration** offered = offered_.front();
    if (offered == nullptr && !retiring_) return;
    pipeline::WorkerGeneration** place = returned_.reserve();
    if (place == nullptr) return;  // the control thread has not fetched the last ones yet
    std::unique_ptr<pipeline::WorkerGeneration> next(offered != nullptr ? *offered : nullptr);
    const pipeline::WorkerGeneration* const wanted = next.get();
    std::unique_ptr<pipeline::WorkerGeneration> old = inspector_->adopt(std::move(next));
    if (old.get() == wanted && wanted != nullptr) {  // no room among the old ones: again later
        old.release();
        return;
    }
    if (offered != nullptr) {
        offered_.release();
        retiring_ = true;
    }
    if (old == nullptr) return;
    *place = old.release();
    returned_.publish();
    retiring_ = inspector_->retiring();
}

}  // namespace querytap::dataplane
