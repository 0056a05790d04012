// What the exporters can ask of the running system. Implemented by the dataplane; everything here
// may be called from the control thread and the HTTP threads at any time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <querytap/pipeline/inspector.h>

namespace querytap::sinks {

struct QueueStats {
    std::uint64_t rx_packets = 0;               ///< taken from it by its lcore
    std::optional<std::uint64_t> rx_dropped{};  ///< where the device told of any
};

struct PortStats {
    std::string name{};
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_missed = 0;  ///< RX ring full: the worker was too slow
    std::uint64_t rx_errors = 0;
    std::uint64_t rx_no_mbuf = 0;  ///< mempool empty
    std::vector<QueueStats> queues{};
};

/// A bounded store: mempool, event ring, distributor ring, fragments that wait for their first.
struct FillStats {
    std::string kind;  ///< "mempool", "event_ring", "distributor_ring", "fragment_lanes"
    std::string name;
    std::uint64_t size = 0;
    std::uint64_t used = 0;
    std::uint64_t dropped = 0;  ///< because it was full
};

struct WorkerStats {
    unsigned id = 0;
    pipeline::InspectorStats inspector;
    std::uint64_t busy_cycles = 0;  ///< TSC cycles in polls that found packets
    std::uint64_t idle_cycles = 0;  ///< in polls that found none
    double cycles_per_second = 0;
    std::uint64_t oversized_frames = 0;  ///< of several mbufs, longer than can be put together
};

/// Of the control thread: verdicts on pairs of hosts.
struct PairStats {
    Counter pairs;     ///< that have something against them
    Counter left_out;  ///< verdicts of pairs that found no place
    Counter folded;    ///< records of flows that were not written, for their pair repeats itself
};

class MetricsSource {
  public:
    virtual ~MetricsSource() = default;
    virtual std::vector<WorkerStats> workers() const = 0;
    virtual std::vector<PortStats> ports() const = 0;
    virtual std::vector<FillStats> fills() const = 0;
    /// What was seen before; nullptr when nothing is remembered.
    virtual const novelty::Memory* memory() const { return nullptr; }
};

}  // namespace querytap::sinks
