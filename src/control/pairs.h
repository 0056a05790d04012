// Keeps the verdicts on pairs beside those on flows: folds the records of flows that repeat
// themselves, and makes records of its own when a pair's level changes. Here and not with the
// workers, because the flows of a pair may belong to several of them.
#pragma once

#include <functional>
#include <optional>

#include <querytap/config/config.h>
#include <querytap/pipeline/event.h>
#include <querytap/sinks/metrics_source.h>
#include <querytap/verdict/habits.h>
#include <querytap/verdict/pair_book.h>

namespace querytap::control {

class Pairs {
  public:
    /// `write` gets the records of pairs.
    Pairs(const config::Verdict& options, std::function<void(const pipeline::Event&)> write);

    /// Before an event is handed on. False: it is folded into its pair's record.
    bool before(const pipeline::Event& event);
    /// After it was.
    void after();
    /// The last event came: what is folded is told.
    void finish();

    const sinks::PairStats& stats() const noexcept { return stats_; }

  private:
    void flow_ended(const pipeline::Event& event);
    void write(const verdict::Pair& pair, const verdict::PairVerdict& verdict);

    verdict::PairBook book_;
    verdict::Habits habits_;
    std::function<void(const pipeline::Event&)> write_;
    std::optional<verdict::PairVerdict> due_;  ///< of `due_pair_`, after the flow's own record
    verdict::Pair due_pair_;
    Timestamp now_{};
    pipeline::Event event_;
    sinks::PairStats stats_;
};

}  // namespace querytap::control
