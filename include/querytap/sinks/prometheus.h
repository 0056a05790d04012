// The text of /metrics, made on each scrape from the live counters (prometheus-cpp serialises).
// Names: querytap_..., base units, _total for counters, as Prometheus' conventions want.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include <querytap/sinks/metrics_source.h>
#include <querytap/sinks/sink.h>

namespace querytap::sinks {

/// Also a sink: it counts signature hits by sid and verdicts by level as they pass.
class Prometheus final : public Sink {
  public:
    explicit Prometheus(const MetricsSource& source);

    void write(const pipeline::Event& event, const signature::Rule* rule) override;
    std::string exposition() const;  ///< any thread

  private:
    struct Hit {
        std::uint64_t count = 0;
        std::string message;
    };
    const MetricsSource& source_;
    mutable std::mutex mutex_;  // control thread and HTTP threads; never a worker
    std::map<std::uint32_t, Hit> hits_;
};

}  // namespace querytap::sinks
