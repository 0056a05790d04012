// What stands between this machine and a tap without loss. Findings are for a person at night: what
// is, whether it is bad, and the command that changes it.
#pragma once

#include <string>
#include <vector>

#include <querytap/config/config.h>

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

}  // namespace querytap::dataplane
