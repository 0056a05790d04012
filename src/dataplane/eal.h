// EAL: DPDK's environment, once for the process. Its lines go to standard error.
#pragma once

#include <string>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/config/config.h>

namespace querytap::dataplane {

/// lcore 0 is the control thread (EAL's main lcore); lcore i+1 runs workers[i]; the distributor, if
/// there is one, has the last.
struct LcorePlan {
    std::string argument;  ///< of --lcores
    unsigned workers = 0;
    bool distributor = false;
    std::vector<unsigned> worker_cores;  ///< CPUs, for the description
    unsigned distributor_core = 0;

    unsigned worker_lcore(unsigned i) const noexcept { return i + 1; }
    unsigned distributor_lcore() const noexcept { return workers + 1; }
};

/// Distributes lcores over the CPUs that this process may use; CPUs may be shared where there are
/// fewer of them.
Result<LcorePlan> plan_lcores(const config::Workers& workers, bool distributor);

/// Ports' pools, rings and what EAL itself takes.
unsigned memory_needed_mb(const config::Config& config);

/// With hugepages if that is configured and any are reserved, with ordinary memory otherwise.
Status start_eal(const config::Config& config, const LcorePlan& plan);

}  // namespace querytap::dataplane
