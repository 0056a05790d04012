// One ethdev port with its mempool and RX queues.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/result.h>
#include <querytap/config/config.h>
#include <querytap/sinks/metrics_source.h>

struct rte_mempool;
struct rte_ring;
struct rte_eth_dev_info;

namespace querytap::dataplane {

/// One RX queue, as the lcore that polls it needs to know it.
struct Queue {
    std::uint16_t port = 0;
    std::uint16_t queue = 0;
    std::uint16_t descriptors = 0;  ///< packets that may stand in it
    Counter* received = nullptr;    ///< written by that lcore
};

/// The MTU to ask for, as far as the device and, where it cannot scatter, one mbuf can; 0 for the
/// usual one.
std::uint16_t mtu_for(const rte_eth_dev_info& info, unsigned mbuf_size) noexcept;

class Port {
  public:
    /// Each lcore keeps so many free mbufs of a pool for itself.
    static constexpr unsigned kPoolCache = 256;

    struct Wish {
        std::string device;  ///< PCI address, or vdev name and arguments
        bool is_vdev = false;
        unsigned ring = 0;  ///< not 0: no device, but a net_ring of so many places and that name
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
    /// For good: the device gives all mbufs back. stats() stays as it was.
    void close() noexcept;

    const std::string& name() const noexcept { return name_; }
    const std::string& driver() const noexcept { return driver_; }
    bool link_is_up() const noexcept;
    int numa_node() const noexcept { return socket_; }
    /// How several queues were tested, or why there is one; empty where one is all that was wanted.
    const std::string& rss() const noexcept { return rss_; }
    /// More than one only with symmetric RSS that passed its test: both directions of a flow come
    /// on the same queue.
    std::uint16_t queues() const noexcept { return queues_; }
    Queue queue(std::uint16_t index) const noexcept;
    /// Who feeds a port made with Wish::ring takes mbufs from pool() and puts packets here.
    rte_ring* ring() const noexcept { return ring_; }
    rte_mempool* pool() const noexcept { return pool_; }

    /// Any thread.
    sinks::PortStats stats() const;
    sinks::FillStats pool_fill() const;
    /// Received and not given back. Once the port is closed and all is inspected there are none.
    std::uint64_t mbufs_kept() const noexcept;

  private:
    explicit Port(const Wish& wish) : wish_(wish) {}
    Status probe();
    Status make_ring();
    Status configure();
    Status make_pool();
    Status set_up_queues();
    Status test_queues();
    void stop() noexcept;
    sinks::PortStats read_stats() const;

    /// Each on a cache line of the lcore that writes it.
    struct alignas(64) QueueCounter {
        Counter received;
    };

    Wish wish_;
    std::uint16_t id_ = 0;
    std::string name_;
    std::string driver_;
    std::string rss_;
    std::uint16_t queues_ = 1;
    std::uint16_t descriptors_ = 0;
    int socket_ = 0;
    rte_mempool* pool_ = nullptr;
    rte_ring* ring_ = nullptr;
    std::unique_ptr<QueueCounter[]> counters_;  ///< by queue
    sinks::PortStats last_stats_;               ///< once it is closed
    /// mbufs that the driver took when it was set up. Most fill their queues when they start and
    /// give back all when they are closed; AF_XDP takes them here and does not.
    std::uint64_t of_driver_ = 0;
    bool attached_ = false;
    bool probed_ = false;
    bool started_ = false;
    mutable std::mutex stats_mutex_;  ///< drivers do not expect two readers at once
};

}  // namespace querytap::dataplane
