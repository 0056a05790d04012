// What run and replay have in common: rules and policy, the runtime, the sinks, the control loop,
// the HTTP server, and how they stop and reload.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <querytap/control/http_server.h>
#include <querytap/control/loop.h>
#include <querytap/dataplane/runtime.h>
#include <querytap/novelty/keeper.h>
#include <querytap/sinks/prometheus.h>
#include <querytap/sinks/summary.h>

namespace querytap::cli {

class Appliance {
  public:
    /// Reads signatures and policy: what may be wrong here is the user's to mend.
    static Result<std::unique_ptr<Appliance>> create(const config::Config& config);
    ~Appliance();

    /// Devices, memory, sinks: everything up to, not including, the first packet. `listener` hears
    /// all events, too, and outlives the appliance.
    Status open(const std::optional<dataplane::Replay>& replay, sinks::Sink* listener = nullptr);

    /// Runs until the source ends or a signal comes. `idle` is called now and then, for progress.
    /// The error is that of a broken capture or a sink that cannot write.
    Status run(const std::function<void(const Appliance&)>& idle);

    dataplane::Runtime& runtime() noexcept { return *runtime_; }
    const dataplane::Runtime& runtime() const noexcept { return *runtime_; }
    std::string metrics() const {
        return sinks::prometheus_exposition(*runtime_, loop_->pair_stats());
    }
    std::size_t rule_count() const noexcept { return generation_.rules->rules().size(); }

    /// The closing table.
    void print_summary(std::ostream& out, double seconds, bool color, unsigned width) const;

  private:
    explicit Appliance(const config::Config& config) : config_(config) {}

    Result<pipeline::Generation> load_generation(std::uint32_t number) const;
    Status open_memory();
    Status open_sinks(sinks::Sink* listener);
    Status serve_http();
    void do_chores();
    void reload_when_asked();
    void take_over(Result<pipeline::Generation> loaded);
    void reopen_sinks();
    void write_stats();
    void flush_sinks();

    config::Config config_;
    pipeline::Generation generation_;
    std::unique_ptr<novelty::Memory> memory_;  ///< outlives the runtime, whose workers use it
    std::unique_ptr<novelty::Keeper> keeper_;
    std::unique_ptr<dataplane::Runtime> runtime_;
    std::unique_ptr<sinks::Sink> eve_;
    std::unique_ptr<sinks::Summary> summary_;
    std::unique_ptr<control::Loop> loop_;
    std::unique_ptr<control::HttpServer> http_;
    bool replaying_ = false;
    std::atomic<bool> ready_{false};
    std::chrono::steady_clock::time_point next_chores_{};
    std::chrono::steady_clock::time_point next_stats_{};
    Status sink_status_ = success();
    bool reload_wanted_ = false;
    std::future<Result<pipeline::Generation>> loading_;  ///< waits for its thread when destroyed
};

}  // namespace querytap::cli
