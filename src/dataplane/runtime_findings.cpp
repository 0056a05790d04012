// What a Runtime says of itself to people.
#include <fmt/format.h>
#include <rte_eal.h>

#include "numa.h"
#include "runtime_impl.h"

namespace querytap::dataplane {

std::string Runtime::description() const {
    std::string text;
    for (const auto& port : impl_->ports) {
        text += fmt::format("port {} ({}, {} queue{}); ", port->name(), port->driver(),
                            port->queues(), port->queues() == 1 ? "" : "s");
    }
    text += fmt::format("{} worker{} on core", impl_->plan.workers,
                        impl_->plan.workers == 1 ? "" : "s");
    for (const unsigned core : impl_->plan.worker_cores)
        text += fmt::format(" {}", core);
    if (impl_->distributor) {
        text += fmt::format("; distributor on core {}", impl_->plan.distributor_core);
    }
    text += "; " + impl_->why;
    if (rte_eal_has_hugepages() == 0) text += "; without hugepages";
    return text;
}

std::vector<Finding> Runtime::findings() const {
    using Kind = Finding::Status;
    std::vector<Finding> findings;
    std::vector<unsigned> cores = impl_->plan.worker_cores;
    if (impl_->distributor) cores.push_back(impl_->plan.distributor_core);
    for (const auto& port : impl_->ports) {
        Finding finding{
            .status = Kind::kOk, .subject = "port " + port->name(), .text = {}, .hint = {}};
        finding.text =
            fmt::format("driver {}, {} queue{} of {} packets", port->driver(), port->queues(),
                        port->queues() == 1 ? "" : "s", port->queue(0).descriptors);
        if (port->numa_node() >= 0)
            finding.text += fmt::format(", NUMA node {}", port->numa_node());
        findings.push_back(std::move(finding));
        if (auto far = far_from_port(port->name(), port->numa_node(), cores))
            findings.push_back(std::move(*far));
        const unsigned standing = unsigned{port->queues()} * port->queue(0).descriptors;
        const unsigned lcores = impl_->config.workers.count + 2;
        const auto lanes = impl_->distributor ? static_cast<unsigned>(impl_->workers.size()) : 0;
        // All that stands in the distributor's rings may have come from one port.
        const unsigned wanted =
            2 * (standing + lcores * Port::kPoolCache) + lanes * unsigned{kLaneSize};
        if (impl_->config.memory.mbufs < wanted) {
            findings.push_back(
                {Kind::kWarning, "port " + port->name(),
                 fmt::format("{} mbufs are few for its queues", impl_->config.memory.mbufs),
                 fmt::format("set memory.mbufs to {} or more", wanted)});
        }
    }
    findings.push_back({Kind::kOk, "workers", impl_->why, ""});
    return findings;
}

std::vector<std::string> Runtime::ports_down() const {
    std::vector<std::string> names;
    for (const auto& port : impl_->ports) {
        if (!port->link_is_up()) names.push_back(port->name());
    }
    return names;
}

}  // namespace querytap::dataplane
