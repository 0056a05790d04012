// One ethdev port with its mempool and RX queues.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <querytap/base/result.h>
#include <querytap/config/config.h>
#include <querytap/sinks/metrics_source.h>

struct rte_mempool;

namespace querytap::dataplane {

class Port {
  public:
    struct Wish {
        std::string device;  ///< PCI address, or vdev name and arguments
        bool is_vdev = false;
        std::uint16_t rx_descriptors = 1024;
        std::uint16_t queues_max = 1;  ///< as many as there are workers, unless configured lower
        unsigned mbufs = 65536;
        unsigned mbuf_size = 2048;
    };

    /// Probes and configures the device; it does not receive before start().
    static Result<std::unique_ptr<Port>> create(const Wish& wish);
    ~Port();
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    Status start();
    void stop() noexcept;

    std::uint16_t id() const noexcept { return id_; }
    const std::string& name() const noexcept { return name_; }
    const std::string& driver() const noexcept { return driver_; }
    /// More than one only with symmetric RSS: both directions of a flow come on the same queue.
    std::uint16_t queues() const noexcept { return queues_; }

    sinks::PortStats stats() const;
    sinks::FillStats pool_fill() const;
    std::uint64_t mbufs_in_use() const noexcept;

  private:
    Port() = default;
    Status probe(const Wish& wish);
    Status configure(const Wish& wish);

    std::uint16_t id_ = 0;
    std::string name_;
    std::string driver_;
    std::uint16_t queues_ = 1;
    rte_mempool* pool_ = nullptr;
    bool attached_ = false;
    bool started_ = false;
};

}  // namespace querytap::dataplane
