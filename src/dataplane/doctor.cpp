#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <unistd.h>

#include <fmt/format.h>

#include <querytap/dataplane/doctor.h>

#include "eal.h"

namespace querytap::dataplane {
namespace {

using Status = Finding::Status;
namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = 1u << 20;
// Of one worker, beside flows and connections: events, fragments, buffers, matcher.
constexpr std::uint64_t kWorkerBaseMb = 128;
constexpr std::uint64_t kFlowBytes = 128;
constexpr std::uint64_t kSessionBytes = 2048;

std::string first_line(const fs::path& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

std::uint64_t number_in(const fs::path& path) {
    std::ifstream in(path);
    std::uint64_t value = 0;
    in >> value;
    return value;
}

std::uint64_t meminfo_mb(std::string_view field) {
    std::ifstream in("/proc/meminfo");
    for (std::string name; in >> name;) {
        std::uint64_t kb = 0;
        if (name == field && in >> kb) return kb / 1024;
    }
    return 0;
}

/// CAP_NET_ADMIN is 12, CAP_NET_RAW 13 (capability.h).
bool has_capability(unsigned capability) {
    std::ifstream in("/proc/self/status");
    for (std::string name; in >> name;) {
        std::string bits;
        if (name == "CapEff:" && in >> bits) {
            return (std::stoull(bits, nullptr, 16) >> capability & 1) != 0;
        }
    }
    return false;
}

Finding cores_of(const config::Config& config) {
    Finding finding{.status = Status::kOk, .subject = "cores", .text = {}, .hint = {}};
    const auto plan = plan_lcores(config.workers, config.workers.count > 1);
    if (!plan) {
        return {Status::kFailed, "cores", plan.error().message, plan.error().hint};
    }
    std::set<unsigned> distinct(plan->worker_cores.begin(), plan->worker_cores.end());
    const std::size_t wanted = plan->worker_cores.size() + (plan->distributor ? 1 : 0);
    if (plan->distributor) distinct.insert(plan->distributor_core);
    finding.text =
        fmt::format("{} worker{}{} on core {}", plan->workers, plan->workers == 1 ? "" : "s",
                    plan->distributor ? " and a distributor, if one is needed," : "",
                    fmt::join(distinct, ", "));
    if (distinct.size() < wanted) {
        finding.status = Status::kWarning;
        finding.text += "; some share a core";
        finding.hint = config.workers.spin
                           ? "lower workers.count, or set workers.spin: false so that they yield"
                           : "lower workers.count, or add cores";
    }
    return finding;
}

void examine_governor(std::vector<Finding>& findings) {
    const std::string governor =
        first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (governor.empty() || governor == "performance") return;
    findings.push_back({Status::kWarning, "cores",
                        "the CPU's frequency follows the load (governor " + governor + ")",
                        "cpupower frequency-set -g performance"});
}

Finding hugepages_of(const config::Config& config) {
    std::string reserved;
    std::uint64_t megabytes = 0;
    std::error_code error;
    for (const auto& size : fs::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        const std::uint64_t count = number_in(size.path() / "nr_hugepages");
        const std::uint64_t free = number_in(size.path() / "free_hugepages");
        const std::string name = size.path().filename().string();  // hugepages-2048kB
        const std::uint64_t kb = std::strtoull(name.c_str() + name.find('-') + 1, nullptr, 10);
        megabytes += free * kb / 1024;
        if (count > 0) reserved += fmt::format("{} of {} kB ({} free) ", count, kb, free);
    }
    if (!config.memory.hugepages) {
        return {Status::kOk, "hugepages", "not wanted (memory.hugepages: false)", ""};
    }
    const std::uint64_t needed = memory_needed_mb(config);
    if (reserved.empty()) {
        return {Status::kWarning, "hugepages", "none are reserved; it works, slower",
                fmt::format("echo {} > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
                            (needed + 1) / 2)};
    }
    if (megabytes < needed) {
        return {Status::kFailed, "hugepages",
                fmt::format("{}: {} MiB are free, mbufs need {}", reserved, megabytes, needed),
                fmt::format("reserve {} of 2 MiB, or lower memory.mbufs", (needed + 1) / 2)};
    }
    return {Status::kOk, "hugepages", reserved, ""};
}

Finding memory_of(const config::Config& config) {
    const config::Limits& limits = config.limits;
    const std::uint64_t worker_mb =
        (limits.flows * kFlowBytes + limits.sessions * kSessionBytes) / kMiB +
        limits.stream_memory_mb + kWorkerBaseMb;
    const std::uint64_t needed = config.workers.count * worker_mb + memory_needed_mb(config);
    const std::uint64_t available = meminfo_mb("MemAvailable:");
    Finding finding{.status = Status::kOk, .subject = "memory", .text = {}, .hint = {}};
    finding.text =
        fmt::format("{} MiB when every table is full, {} MiB are available", needed, available);
    if (needed > available) {
        finding.status = needed > meminfo_mb("MemTotal:") ? Status::kFailed : Status::kWarning;
        finding.hint =
            "lower limits.flows, limits.sessions, limits.stream_memory_mb or memory.mbufs";
    }
    return finding;
}

void examine_permissions(const config::Config& config, std::vector<Finding>& findings) {
    const bool packet = std::any_of(config.ports.begin(), config.ports.end(), [](const auto& port) {
        return port.device.starts_with("net_af_packet") || port.device.starts_with("net_tap");
    });
    if (packet && !(has_capability(12) && has_capability(13))) {
        findings.push_back({Status::kFailed, "permissions",
                            "packet sockets need CAP_NET_RAW and CAP_NET_ADMIN",
                            "run as root, or give the service AmbientCapabilities="
                            "CAP_NET_RAW CAP_NET_ADMIN"});
    } else {
        findings.push_back({Status::kOk, "permissions",
                            geteuid() == 0 ? "root" : "enough for the ports configured", ""});
    }
    const fs::path folder = fs::path(config.eve.file).parent_path();
    if (config.eve.file.empty() || config.eve.file == "-" || folder.empty()) return;
    if (access(folder.c_str(), W_OK) != 0) {
        findings.push_back({Status::kFailed, "permissions",
                            "EVE cannot be written to " + folder.string(),
                            "make the folder and give it to the service's user"});
    }
}

Finding pci_device(const std::string& address) {
    const std::string full =
        std::count(address.begin(), address.end(), ':') == 2 ? address : "0000:" + address;
    const fs::path device = fs::path("/sys/bus/pci/devices") / full;
    const std::string subject = "port " + full;
    if (!fs::exists(device)) {
        return {Status::kFailed, subject, "there is no such PCI device",
                "dpdk-devbind.py --status shows those there are"};
    }
    std::error_code error;
    const fs::path driver = fs::read_symlink(device / "driver", error).filename();
    if (driver != "vfio-pci" && driver != "uio_pci_generic" && driver != "igb_uio" &&
        !driver.string().starts_with("mlx")) {
        return {Status::kFailed, subject,
                driver.empty() ? "no driver has it"
                               : "the kernel has it (driver " + driver.string() + ")",
                "modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci " + full};
    }
    return {Status::kOk, subject, "driver " + driver.string(), ""};
}

}  // namespace

std::vector<Finding> examine_host(const config::Config& config) {
    std::vector<Finding> findings{cores_of(config)};
    examine_governor(findings);
    findings.push_back(hugepages_of(config));
    findings.push_back(memory_of(config));
    examine_permissions(config, findings);
    for (const config::Port& port : config.ports) {
        if (!port.is_vdev) findings.push_back(pci_device(port.device));
    }
    return findings;
}

}  // namespace querytap::dataplane
