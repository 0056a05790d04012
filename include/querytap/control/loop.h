// The control thread's work: take events from the workers' rings, put them into one order, give
// them to the sinks, write stats records. One thread calls everything here.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <querytap/config/config.h>
#include <querytap/pipeline/event_ring.h>
#include <querytap/pipeline/inspector.h>
#include <querytap/sinks/sink.h>

namespace querytap::control {

enum class Ordering : std::uint8_t {
    kArrival,  ///< live: as they come
    kTime,     ///< replay: by pipeline::Order, the same with any number of workers
};

struct LoopOptions {
    Ordering ordering{};
    config::SqlText shown = config::SqlText::kFull;
    config::Verdict verdict{};
};

class Loop {
  public:
    /// Rings and sinks outlive the loop.
    Loop(std::vector<pipeline::EventRing*> rings, std::vector<sinks::Sink*> sinks,
         const LoopOptions& options);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// A generation whose events may come from now on.
    void add_generation(const pipeline::Generation& generation);
    /// Every worker has left the generations before `oldest`. They are forgotten by a later call,
    /// when the events that stand in the rings now have been handed on: the last of theirs may be
    /// among them.
    void retire_before(std::uint32_t oldest);

    /// Hands on what is there (bounded work); returns how many events.
    std::size_t drain();
    /// All rings are finished and empty.
    bool finished() const;

    /// All events were handed on: what waits for more of them is told.
    void finish();

    /// Of the verdicts on pairs; any thread.
    const sinks::PairStats& pair_stats() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::control
