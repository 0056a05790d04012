#include <algorithm>

#include <fmt/format.h>

#include <querytap/dataplane/doctor.h>

namespace querytap::dataplane {
namespace {

using Status = Finding::Status;

std::uint64_t lost_in(const sinks::PortStats& port) {
    return port.rx_missed + port.rx_errors + port.rx_no_mbuf;
}

std::string queues_of(const sinks::PortStats& port) {
    std::string text;
    for (std::size_t i = 0; i < port.queues.size(); ++i) {
        const sinks::QueueStats& queue = port.queues[i];
        text += fmt::format("{} queue {}: {}", i == 0 ? ";" : ",", i, queue.rx_packets);
        if (queue.rx_dropped) text += fmt::format(", {} lost", *queue.rx_dropped);
    }
    if (!port.queues[0].rx_dropped) text += " (the device does not tell what each queue lost)";
    return text;
}

/// Whoever polls the port was too slow. Where that is the distributor, more workers do not help.
std::string hint_for_missed(bool distributed) {
    if (!distributed) return "raise workers.count or ports[].rx_descriptors";
    return "give the distributor a core of its own (workers.distributor_core) or raise "
           "ports[].rx_descriptors; a device with symmetric RSS needs no distributor";
}

Finding port_finding(const sinks::PortStats& port, double seconds, bool distributed) {
    Finding finding{
        .status = Status::kWarning, .subject = "traffic " + port.name, .text = {}, .hint = {}};
    finding.text =
        fmt::format("{} packets in {:g} s, {} lost", port.rx_packets, seconds, lost_in(port));
    if (port.queues.size() > 1) finding.text += queues_of(port);
    if (port.rx_packets + lost_in(port) == 0) {
        finding.hint = "is the mirror session on, and does the cable end here?";
    } else if (port.rx_no_mbuf > 0) {
        finding.hint = "raise memory.mbufs";
    } else if (port.rx_missed > 0) {
        finding.hint = hint_for_missed(distributed);
    } else if (port.rx_errors > 0) {
        finding.text += ": they came broken";
        finding.hint = "look at the cable, the optics, and the MTU of the network";
    } else {
        finding.status = Status::kOk;
    }
    return finding;
}

}  // namespace

std::vector<Finding> examine_traffic(const sinks::MetricsSource& source, double seconds) {
    std::vector<Finding> findings;
    const std::vector<sinks::FillStats> fills = source.fills();
    const bool distributed = std::any_of(fills.begin(), fills.end(), [](const auto& fill) {
        return fill.kind == "distributor_ring";
    });
    for (const sinks::PortStats& port : source.ports())
        findings.push_back(port_finding(port, seconds, distributed));
    for (const sinks::FillStats& fill : fills) {
        if (fill.kind != "distributor_ring" || fill.dropped == 0) continue;
        findings.push_back(
            {Status::kWarning, "traffic",
             fmt::format("{} packets found the ring to {} full", fill.dropped, fill.name),
             "raise workers.count"});
    }
    for (const sinks::WorkerStats& worker : source.workers()) {
        const auto level = worker.inspector.pipeline.load.read();
        if (level == 0) continue;
        findings.push_back({Status::kWarning, fmt::format("worker {}", worker.id),
                            fmt::format("it cannot keep up (overload level {})", level),
                            "raise workers.count, or give it a core of its own"});
    }
    return findings;
}

}  // namespace querytap::dataplane
