// The running appliance below the control thread: EAL, ports, workers on their lcores, the
// distributor where one is needed, the event rings. The only room that knows DPDK; none of its
// types appear here.
//
// create(), start(), join(), reload() and the destructor belong to the control thread. stop() may
// be called from any thread. One Runtime for each process: EAL cannot be initialised twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/config/config.h>
#include <querytap/dataplane/doctor.h>
#include <querytap/pipeline/event_ring.h>
#include <querytap/pipeline/inspector.h>
#include <querytap/sinks/metrics_source.h>
#include <querytap/tls/key_log.h>

namespace querytap::dataplane {

/// Captures as the source, through a net_ring port.
struct Replay {
    std::vector<std::filesystem::path> files;  ///< one after the other
    double speed = 0;  ///< 0 = as fast as possible, 1 = as captured, 2 = twice
    std::shared_ptr<const tls::KeyLog> key_log{};  ///< of TLS sessions in them; may be null
};

struct Progress {
    std::uint64_t bytes_read = 0;  ///< of the capture files
    std::uint64_t bytes_total = 0;
    std::uint64_t packets = 0;  ///< fed into the port
    Timestamp first{};          ///< time of the first packet
    Timestamp last{};           ///< time of the last packet so far
};

class Runtime final : public sinks::MetricsSource {
  public:
    /// Initialises EAL and all memory. Errors say what to do. `memory`: what was seen before, for
    /// all workers; outlives the runtime.
    static Result<std::unique_ptr<Runtime>> create(const config::Config& config,
                                                   const std::optional<Replay>& replay,
                                                   const pipeline::Generation& first,
                                                   novelty::Memory* memory = nullptr);
    ~Runtime() override;
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// In plain words: devices, queues, workers, cores, and how flows find their worker.
    std::string description() const;

    /// What the devices say of themselves, and how flows find their worker.
    std::vector<Finding> findings() const;

    Status start();
    /// No more input; what has arrived is worked off, then the workers end.
    void stop() noexcept;
    /// Waits for the workers and closes the ports. The error is that of a broken capture file, if
    /// any.
    Status join();
    /// All workers have ended.
    bool finished() const noexcept;

    /// Gives every worker the next generation. Returns at once; oldest_generation() tells when the
    /// former one is out of use. Takes milliseconds, once the rules are compiled; scratch memory of
    /// what it makes stands on the control thread's NUMA node.
    Status reload(const pipeline::Generation& next);
    /// Frees what workers gave back; the oldest generation that any of them still uses.
    std::uint32_t oldest_generation();

    std::vector<pipeline::EventRing*> event_rings();
    Progress progress() const noexcept;
    /// Ports whose link is down, once started.
    std::vector<std::string> ports_down() const;
    /// mbufs that were received and not given back: after join() there are none.
    std::uint64_t mbufs_kept() const noexcept;

    std::vector<sinks::WorkerStats> workers() const override;
    std::vector<sinks::PortStats> ports() const override;
    std::vector<sinks::FillStats> fills() const override;
    const novelty::Memory* memory() const override;

  private:
    struct Impl;
    explicit Runtime(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::dataplane
