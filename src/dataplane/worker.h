// One inspecting lcore. run() is its life; poll() is one burst's walk.
#pragma once

#include <atomic>
#include <memory>

#include <querytap/base/counter.h>
#include <querytap/base/spsc_ring.h>
#include <querytap/pipeline/event_ring.h>
#include <querytap/pipeline/inspector.h>

#include "backoff.h"
#include "input.h"
#include "joined_frames.h"
#include "load_meter.h"

namespace querytap::dataplane {

class Worker {
  public:
    struct Options {
        unsigned id = 0;
        bool shed = false;             ///< leave something out when it cannot keep up
        bool spin = true;              ///< poll without pause; false: yield when idle
        std::size_t joined_bytes = 0;  ///< room for frames of several mbufs, put together
    };

    Worker(const Options& options, std::unique_ptr<Input> input,
           std::unique_ptr<pipeline::Inspector> inspector, pipeline::EventRing& events);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // --- its lcore ---
    void run() noexcept;

    // --- control thread ---
    /// False while too many earlier generations are not taken over yet.
    bool takes_offers() noexcept;
    /// A generation to take over between two bursts. Only if takes_offers().
    void offer(std::unique_ptr<pipeline::WorkerGeneration> next) noexcept;
    /// Frees generations that the worker gave back.
    void collect() noexcept;
    Result<std::unique_ptr<pipeline::WorkerGeneration>> prepare(const pipeline::Generation& next) {
        return inspector_->prepare(next);
    }
    std::uint32_t oldest_generation() const noexcept { return inspector_->oldest_generation(); }

    // --- anybody ---
    bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }
    unsigned id() const noexcept { return options_.id; }
    pipeline::InspectorStats stats() const noexcept { return inspector_->stats(); }
    std::uint64_t busy_cycles() const noexcept { return busy_cycles_.read(); }
    std::uint64_t idle_cycles() const noexcept { return idle_cycles_.read(); }
    /// Frames of several mbufs, longer than can be put together.
    std::uint64_t oversized() const noexcept { return oversized_.read(); }

  private:
    bool poll() noexcept;
    void inspect(Burst& burst) noexcept;
    bool idle(const Position& position) noexcept;
    void exchange_generations() noexcept;

    Options options_;
    std::unique_ptr<Input> input_;
    std::unique_ptr<pipeline::Inspector> inspector_;
    pipeline::EventRing& events_;

    JoinedFrames joined_;
    Timestamp time_{};  ///< never decreases
    Backoff backoff_;
    LoadMeter load_;

    Counter busy_cycles_;
    Counter idle_cycles_;
    Counter oversized_;
    std::atomic<bool> finished_{false};

    static constexpr std::size_t kGenerationsMax = 8;
    SpscRing<pipeline::WorkerGeneration*> offered_{kGenerationsMax};
    SpscRing<pipeline::WorkerGeneration*> returned_{kGenerationsMax};
    bool retiring_ = false;  ///< an old generation still has messages under way
};

}  // namespace querytap::dataplane
