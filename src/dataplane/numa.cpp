#include "numa.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace querytap::dataplane {

int numa_node_of(unsigned cpu) {
    std::error_code error;
    const std::string place = fmt::format("/sys/devices/system/cpu/cpu{}", cpu);
    for (const auto& entry : std::filesystem::directory_iterator(place, error)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with("node") && name.size() > 4 && std::isdigit(name[4]) != 0) {
            return std::atoi(name.c_str() + 4);
        }
    }
    return -1;
}

std::optional<Finding> far_from_port(const std::string& port, int node,
                                     const std::vector<unsigned>& cpus,
                                     const std::function<int(unsigned)>& node_of) {
    if (node < 0) return {};
    for (const unsigned cpu : cpus) {
        const int here = node_of(cpu);
        if (here < 0 || here == node) continue;
        return Finding{
            .status = Finding::Status::kWarning,
            .subject = "port " + port,
            .text = fmt::format("it stands on NUMA node {}, core {} on node {}", node, cpu, here),
            .hint = fmt::format("choose workers.cores and workers.distributor_core from lscpu's "
                                "node {}",
                                node)};
    }
    return {};
}

}  // namespace querytap::dataplane
