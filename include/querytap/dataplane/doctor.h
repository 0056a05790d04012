// What stands between this machine and a tap without loss. Findings are for a person at night: what
// is, whether it is bad, and the command that changes it.
#pragma once

#include <string>
#include <vector>

#include <querytap/config/config.h>
#include <querytap/sinks/metrics_source.h>

namespace querytap::dataplane {

struct Finding {
    enum class Status : std::uint8_t { kOk, kWarning, kFailed };
    Status status = Status::kOk;
    std::string subject;  ///< "cores", "port net_af_packet0"
    std::string text;
    std::string hint;  ///< what to do; may be empty
};

/// What can be seen before DPDK starts: cores, memory, hugepages, permissions, PCI devices.
std::vector<Finding> examine_host(const config::Config& config);

/// What came while it listened, and what was lost where.
std::vector<Finding> examine_traffic(const sinks::MetricsSource& source, double seconds);

}  // namespace querytap::dataplane
