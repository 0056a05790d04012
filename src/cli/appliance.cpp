#include "appliance.h"

#include <chrono>
#include <iostream>
#include <thread>

#include <spdlog/spdlog.h>

#include <querytap/sinks/eve_json.h>

#include "signals.h"
#include "signatures_dir.h"

namespace querytap::cli {
namespace {

/// How long the control thread sleeps when no event is there: the longest an alert waits.
constexpr auto kIdleSleep = std::chrono::milliseconds(1);

/// What else it does comes after so long even when there is no end of events.
constexpr auto kChoresInterval = std::chrono::milliseconds(100);

}  // namespace

Result<std::unique_ptr<Appliance>> Appliance::create(const config::Config& config) {
    std::unique_ptr<Appliance> self(new Appliance(config));
    auto weights = verdict::weights_of(config.verdict);
    if (!weights) return weights.error();
    auto first = self->load_generation(1);
    if (!first) return first.error();
    self->generation_ = std::move(first).value();
    return self;
}

Status Appliance::open(const std::optional<dataplane::Replay>& replay, sinks::Sink* listener) {
    replaying_ = replay.has_value();
    if (Status opened = open_memory(); !opened.ok()) return opened;
    auto runtime = dataplane::Runtime::create(config_, replay, generation_, memory_.get());
    if (!runtime) return runtime.error();
    runtime_ = std::move(runtime).value();
    if (Status opened = open_sinks(listener); !opened.ok()) return opened;
    return serve_http();
}

Appliance::~Appliance() = default;

/// Any thread.
Result<pipeline::Generation> Appliance::load_generation(std::uint32_t number) const {
    auto rules = signature::RuleSet::load(config_.signatures, load_options(config_));
    if (!rules) return rules.error();
    for (const Error& skipped : (*rules)->skipped())
        spdlog::warn("skipped: {}", skipped.to_string());
    for (const Error& warning : (*rules)->warnings())
        spdlog::warn("{}", warning.to_string());
    pipeline::Generation generation{
        .number = number, .rules = std::move(rules).value(), .policy = nullptr};
    if (config_.policy.empty()) return generation;
    auto policy = policy::Policy::load(config_.policy);
    if (!policy) return policy.error();
    generation.policy = std::move(policy).value();
    return generation;
}

Status Appliance::open_memory() {
    const config::Novelty& novelty = config_.novelty;
    if (novelty.state.empty()) return success();
    const novelty::StateFile file(novelty.state);
    std::optional<Error> warning;
    auto memory = file.load(
        {.entries = novelty.entries, .learning = std::chrono::hours(novelty.learning_h)}, warning);
    if (!memory) return memory.error();
    if (warning) spdlog::warn("{}", warning->to_string());
    memory_ = std::move(memory).value();
    keeper_ = std::make_unique<novelty::Keeper>(
        *memory_, file, std::chrono::seconds(novelty.save_interval_s),
        [](const Error& error) { spdlog::error("{}", error.to_string()); });
    return success();
}

Status Appliance::open_sinks(sinks::Sink* listener) {
    std::vector<sinks::Sink*> sinks;
    if (!config_.eve.file.empty()) {
        auto eve = sinks::make_eve_json(config_.eve);
        if (!eve) return eve.error();
        eve_ = std::move(eve).value();
        sinks.push_back(eve_.get());
    }
    summary_ = std::make_unique<sinks::Summary>();
    sinks.push_back(summary_.get());
    if (listener != nullptr) sinks.push_back(listener);
    loop_ = std::make_unique<control::Loop>(
        runtime_->event_rings(), sinks,
        control::LoopOptions{
            .ordering = replaying_ ? control::Ordering::kTime : control::Ordering::kArrival,
            .shown = config_.eve.sql_text,
            .verdict = config_.verdict});
    loop_->add_generation(generation_);
    return success();
}

Status Appliance::serve_http() {
    if (!config_.metrics.enabled) return success();
    auto server = control::HttpServer::start(config_.metrics.address, config_.metrics.port,
                                             {.metrics = [this] { return metrics(); },
                                              .ready = [this] { return ready_.load(); },
                                              .reload =
                                                  [] {
                                                      request_reload();
                                                      return success();
                                                  }});
    if (!server) return server.error();
    http_ = std::move(server).value();
    return success();
}

Status Appliance::run(const std::function<void(const Appliance&)>& idle) {
    if (Status started = runtime_->start(); !started.ok()) return started;
    ready_ = true;
    next_stats_ =
        std::chrono::steady_clock::now() + std::chrono::seconds(config_.eve.stats_interval_s);
    bool stopping = false;
    while (!loop_->finished()) {
        if (stop_requested() && !stopping) {
            stopping = true;
            runtime_->stop();
        }
        const bool quiet = loop_->drain() == 0;
        const auto now = std::chrono::steady_clock::now();
        if (quiet || now >= next_chores_) {
            next_chores_ = now + kChoresInterval;
            idle(*this);
            do_chores();
        }
        if (quiet) std::this_thread::sleep_for(kIdleSleep);
    }
    ready_ = false;
    const Status status = runtime_->join();
    loop_->finish();
    write_stats();
    flush_sinks();
    if (!status.ok()) return status;
    if (!sink_status_.ok()) return sink_status_;
    const std::uint64_t kept = runtime_->mbufs_kept();
    if (kept == 0) return success();
    return Error{.message = std::to_string(kept) +
                            " mbufs were not given back to their pools: a fault of querytap"};
}

void Appliance::do_chores() {
    reload_when_asked();
    loop_->retire_before(runtime_->oldest_generation());
    if (replaying_) return;
    if (std::chrono::steady_clock::now() >= next_stats_) write_stats();
    flush_sinks();
}

/// The first thing that could not be written is told at once, and is the result of the run.
void Appliance::flush_sinks() {
    if (!eve_) return;
    Status flushed = eve_->flush();
    if (flushed.ok() || !sink_status_.ok()) return;
    spdlog::error("{}", flushed.error().to_string());
    sink_status_ = std::move(flushed);
}

/// Live by the wall clock: on a quiet tap no packet says how late it is.
void Appliance::write_stats() {
    next_stats_ += std::chrono::seconds(config_.eve.stats_interval_s);
    if (!eve_) return;
    eve_->write_stats(*runtime_, replaying_ ? runtime_->progress().last
                                            : std::chrono::time_point_cast<Duration>(
                                                  std::chrono::system_clock::now()));
}

/// Signatures take seconds to compile, and events do not wait: another thread does it. Who asks
/// meanwhile gets one more reload afterwards, for the files may have changed since they were read.
void Appliance::reload_when_asked() {
    if (take_reload_request()) {
        reopen_sinks();
        reload_wanted_ = true;
    }
    if (loading_.valid()) {
        if (loading_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) return;
        take_over(loading_.get());
    }
    if (!reload_wanted_) return;
    reload_wanted_ = false;
    loading_ = std::async(std::launch::async, [this, number = generation_.number + 1] {
        return load_generation(number);
    });
}

void Appliance::take_over(Result<pipeline::Generation> loaded) {
    Status done = loaded ? success() : Status(loaded.error());
    if (done.ok()) {
        loop_->add_generation(*loaded);
        done = runtime_->reload(*loaded);
    }
    if (!done.ok()) {
        spdlog::error("reload failed, the former signatures and policy stay: {}",
                      done.error().to_string());
        return;
    }
    generation_ = std::move(loaded).value();
    spdlog::info("reloaded: {} signatures", rule_count());
}

/// Does not depend on the signatures: log rotation must not fail because of a typing error in them.
void Appliance::reopen_sinks() {
    if (!eve_) return;
    flush_sinks();
    if (Status reopened = eve_->reopen(); !reopened.ok())
        spdlog::error("reopening the EVE file: {}", reopened.error().to_string());
}

void Appliance::print_summary(std::ostream& out, double seconds, bool color, unsigned width) const {
    const dataplane::Progress progress = runtime_->progress();
    const double captured = std::chrono::duration<double>(progress.last - progress.first).count();
    summary_->print(
        out, *runtime_,
        {.seconds = seconds, .capture_seconds = captured, .color = color, .width = width});
}

}  // namespace querytap::cli
