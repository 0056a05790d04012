#include "eal.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sched.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <querytap/base/result.h>

namespace querytap::dataplane {
namespace {

std::vector<unsigned> usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    std::vector<unsigned> cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
    return cpus;
}

std::string joined(const std::vector<unsigned>& cpus) {
    std::string text;
    for (const unsigned cpu : cpus)
        text.append(text.empty() ? "" : ",").append(std::to_string(cpu));
    return text;
}

/// Has the administrator reserved any, of whatever size?
bool hugepages_are_reserved() {
    std::error_code error;
    for (const auto& size :
         std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        std::ifstream in(size.path() / "nr_hugepages");
        unsigned long count = 0;
        if (in >> count && count > 0) return true;
    }
    return false;
}

}  // namespace

unsigned memory_needed_mb(const config::Config& config) {
    constexpr std::size_t kMbufOverhead = 512;  // struct rte_mbuf, headroom, mempool header
    constexpr std::size_t kPage = 4096;
    constexpr std::size_t kBaseMb = 96;
    // A mempool lets no object cross a page, so that most mbufs take a page each.
    const std::size_t object = config.memory.mbuf_size + kMbufOverhead;
    const std::size_t mbuf = object <= kPage ? kPage / (kPage / object) : object;
    const std::size_t pools =
        std::max<std::size_t>(config.ports.size(), 1) * config.memory.mbufs * mbuf;
    return static_cast<unsigned>(pools / (1u << 20) + kBaseMb);
}

Result<LcorePlan> plan_lcores(const config::Workers& workers, bool distributor) {
    const std::vector<unsigned> cpus = usable_cpus();
    LcorePlan plan;
    plan.workers = workers.count;
    plan.distributor = distributor;
    const auto check = [&](unsigned cpu) -> Status {
        if (std::find(cpus.begin(), cpus.end(), cpu) != cpus.end()) return success();
        return Error{.message = "core " + std::to_string(cpu) + " cannot be used by this process",
                     .hint = "usable cores: " + joined(cpus)};
    };
    // The first CPU is left to the control thread where there is another.
    std::size_t next = cpus.size() > 1 ? 1 : 0;
    const auto take = [&] { return cpus[next++ % cpus.size()]; };
    for (unsigned i = 0; i < workers.count; ++i) {
        plan.worker_cores.push_back(workers.cores.empty() ? take() : workers.cores[i]);
    }
    plan.distributor_core = workers.distributor_core.value_or(distributor ? take() : 0);

    const std::string control =
        workers.control_core ? std::to_string(*workers.control_core) : "(" + joined(cpus) + ")";
    plan.argument = "0@" + control;
    for (unsigned i = 0; i < workers.count; ++i) {
        if (Status usable = check(plan.worker_cores[i]); !usable.ok()) return usable.error();
        plan.argument +=
            "," + std::to_string(plan.worker_lcore(i)) + "@" + std::to_string(plan.worker_cores[i]);
    }
    if (distributor) {
        if (Status usable = check(plan.distributor_core); !usable.ok()) return usable.error();
        plan.argument += "," + std::to_string(plan.distributor_lcore()) + "@" +
                         std::to_string(plan.distributor_core);
    }
    return plan;
}

Status start_eal(const config::Config& config, const LcorePlan& plan) {
    // EAL keeps pointers into its arguments.
    static std::vector<std::string> arguments;
    arguments = {"querytap", "--no-telemetry", "--log-level=warning",
                 "--lcores", plan.argument,    "--main-lcore",
                 "0"};
    bool any_pci = false;
    for (const config::Port& port : config.ports) {
        if (port.is_vdev) continue;
        any_pci = true;
        arguments.insert(arguments.end(), {"--allow", port.device});
    }
    if (!any_pci) arguments.emplace_back("--no-pci");
    if (config.memory.hugepages && hugepages_are_reserved()) {
        arguments.emplace_back("--in-memory");
        if (config.memory.size_mb > 0) {
            arguments.insert(arguments.end(), {"-m", std::to_string(config.memory.size_mb)});
        }
    } else {
        const unsigned size_mb =
            config.memory.size_mb > 0 ? config.memory.size_mb : memory_needed_mb(config);
        arguments.insert(arguments.end(),
                         {"--no-huge", "--no-shconf", "-m", std::to_string(size_mb)});
    }
    arguments.insert(arguments.end(), config.eal_arguments.begin(), config.eal_arguments.end());

    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    rte_openlog_stream(stderr);  // standard output belongs to events
    if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
        return Error{
            .message = std::string("DPDK (EAL) does not start: ") + rte_strerror(rte_errno),
            .hint =
                "the lines of EAL above say more; where hugepages run short: echo 1024 > "
                "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages, or set "
                "memory.hugepages: false"};
    }
    return success();
}

}  // namespace querytap::dataplane
