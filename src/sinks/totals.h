// Numbers of all workers, ports and rings added up, for records and tables.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <querytap/sinks/metrics_source.h>

namespace querytap::sinks {

struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t fragments = 0;
    std::uint64_t fragmented_datagrams = 0;  ///< put together
    std::uint64_t flows_created = 0;
    std::uint64_t flows_active = 0;
    std::uint64_t logins = 0;
    std::uint64_t queries = 0;
    std::uint64_t sql_limits = 0;
    std::uint64_t alerts = 0;
    std::uint64_t alerts_suppressed = 0;
    std::uint64_t gaps = 0;
    std::uint64_t gap_bytes = 0;
    std::uint64_t busy_cycles = 0;
    std::uint64_t load = 0;  ///< pipeline::Load of the worker that is pressed most
    std::array<std::uint64_t, pipeline::kShedCount> shed_bytes{};
    std::uint64_t sessions_degraded = 0;
    std::array<std::uint64_t, 32> tds_messages{};
    /// What was not inspected, and why; reasons as in metrics, only those that happened.
    std::vector<std::pair<std::string, std::uint64_t>> drops;

    std::uint64_t tds_messages_all() const noexcept {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : tds_messages)
            sum += count;
        return sum;
    }
};

Totals totals_of(const MetricsSource& source);

/// One reason for which packets, or what was in them, were not inspected.
struct Drop {
    std::string reason;
    std::uint64_t count = 0;
};
/// Of one worker, every reason, also those that did not happen.
std::vector<Drop> drops_of(const WorkerStats& worker);

}  // namespace querytap::sinks
