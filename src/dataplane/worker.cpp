#include "worker.h"

#include <algorithm>
#include <array>

#include <rte_cycles.h>

namespace querytap::dataplane {

Worker::Worker(const Options& options, std::unique_ptr<Input> input,
               std::unique_ptr<pipeline::Inspector> inspector, pipeline::EventRing& events)
    : options_(options),
      input_(std::move(input)),
      inspector_(std::move(inspector)),
      events_(events),
      joined_(options.joined_bytes),
      backoff_(options.spin),
      load_(rte_get_tsc_hz()) {}

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
    if (options_.shed && load_.due(begin))
        inspector_->set_load(load_.sample(input_->fill_percent()));
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
    backoff_.found_work();
    std::array<packet::Frame, Burst::kSizeMax> frames;
    std::size_t n = 0;
    const auto hand_on = [&] {
        inspector_->inspect({frames.data(), n});
        n = 0;
        joined_.clear();
    };
    Stamp stamp;
    for (rte_mbuf* mbuf : burst.packets()) {
        stamp = StampField::of(mbuf);
        time_ = std::max(time_, from_ns(stamp.time_ns));
        if (!joined_.has_room_for(mbuf)) hand_on();
        if (!joined_.has_room_for(mbuf)) {
            oversized_.add();
            continue;
        }
        frames[n++] = {joined_.bytes_of(mbuf), time_, stamp.ordinal(), stamp.elsewhere()};
    }
    hand_on();
    events_.set_watermark(time_, stamp.ordinal());
}

bool Worker::idle(const Position& position) noexcept {
    if (input_->finished()) return false;
    if (position.time > time_) {
        time_ = position.time;
        inspector_->advance(time_);
    }
    if (position.time >= time_) events_.set_watermark(time_, position.ordinal);
    backoff_.idle();
    return true;
}

bool Worker::takes_offers() noexcept {
    return offered_.reserve() != nullptr;
}

void Worker::offer(std::unique_ptr<pipeline::WorkerGeneration> next) noexcept {
    *offered_.reserve() = next.release();
    offered_.publish();
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
