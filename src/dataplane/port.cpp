#include "port.h"

#include <algorithm>
#include <vector>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

namespace querytap::dataplane {
namespace {

/// Each lcore keeps so many free mbufs for itself.
constexpr unsigned kPoolCache = 256;

/// The key that gives both directions of a flow the same hash (Woo and Park, 2012).
constexpr std::uint8_t kSymmetricKey[2] = {0x6d, 0x5a};

std::string rte_reason(int code) {
    return rte_strerror(code < 0 ? -code : code);
}

}  // namespace

Result<std::unique_ptr<Port>> Port::create(const Wish& wish) {
    std::unique_ptr<Port> port(new Port());
    if (Status probed = port->probe(wish); !probed.ok()) return probed.error();
    if (Status configured = port->configure(wish); !configured.ok()) return configured.error();
    return port;
}

Status Port::probe(const Wish& wish) {
    name_ = wish.device.substr(0, wish.device.find(','));
    if (wish.is_vdev) {
        const std::size_t comma = wish.device.find(',');
        const std::string arguments =
            comma == std::string::npos ? "" : wish.device.substr(comma + 1);
        if (const int code = rte_eal_hotplug_add("vdev", name_.c_str(), arguments.c_str()); code != 0) {
            return Error{.message = "cannot create the virtual device '" + wish.device +
                                    "': " + rte_reason(code),
                         .hint =
                             "check the driver's name and arguments; the lines of DPDK above "
                             "say more"};
        }
        attached_ = true;
    }
    if (rte_eth_dev_get_port_by_name(name_.c_str(), &id_) != 0) {
        return Error{.message = "there is no port '" + name_ + "'",
                     .hint = wish.is_vdev
                                 ? "the driver made no Ethernet device of that name"
                                 : "bind the device: dpdk-devbind.py --bind=vfio-pci " + name_};
    }
    return success();
}

Status Port::configure(const Wish& wish) {
    rte_eth_dev_info info{};
    if (const int code = rte_eth_dev_info_get(id_, &info); code != 0) {
        return Error{.message =
                         "port '" + name_ + "' tells nothing of itself: " + rte_reason(code)};
    }
    driver_ = info.driver_name;

    const std::uint64_t rss =
        info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    const bool can_spread = rss != 0 && info.hash_key_size > 0;
    queues_ = can_spread ? std::min(wish.queues_max, info.max_rx_queues) : std::uint16_t{1};

    std::vector<std::uint8_t> key(info.hash_key_size);
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = kSymmetricKey[i % 2];
    rte_eth_conf conf{};
    if (queues_ > 1) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf = {.rss_key = key.data(),
                                     .rss_key_len = static_cast<std::uint8_t>(key.size()),
                                     .rss_hf = rss};
    }
    conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;

    const int socket = rte_eth_dev_socket_id(id_);
    pool_ = rte_pktmbuf_pool_create(
        (name_ + "_pool").c_str(), wish.mbufs, kPoolCache, 0,
        static_cast<std::uint16_t>(wish.mbuf_size + RTE_PKTMBUF_HEADROOM), socket);
    if (pool_ == nullptr) {
        return Error{.message = "no memory for " + std::to_string(wish.mbufs) + " mbufs of " +
                                std::to_string(wish.mbuf_size) + " bytes: " + rte_reason(rte_errno),
                     .hint = "lower memory.mbufs, reserve more hugepages or raise memory.size_mb"};
    }
    // A tap is never written to, but some drivers will not start without a TX queue.
    if (const int code = rte_eth_dev_configure(id_, queues_, 1, &conf); code != 0) {
        return Error{.message = "port '" + name_ + "' cannot be configured: " + rte_reason(code)};
    }
    std::uint16_t rx_descriptors = wish.rx_descriptors;
    std::uint16_t tx_descriptors = 64;
    rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors);
    const auto on = static_cast<unsigned>(socket);
    for (std::uint16_t queue = 0; queue < queues_; ++queue) {
        const int code = rte_eth_rx_queue_setup(id_, queue, rx_descriptors, on, nullptr, pool_);
        if (code != 0) {
            return Error{.message = "port '" + name_ + "' has no RX queue " +
                                    std::to_string(queue) + ": " + rte_reason(code),
                         .hint = "lower ports[].rx_descriptors or raise memory.mbufs"};
        }
    }
    if (const int code = rte_eth_tx_queue_setup(id_, 0, tx_descriptors, on, nullptr); code != 0) {
        return Error{.message = "port '" + name_ + "' cannot be set up: " + rte_reason(code)};
    }
    return success();
}

Status Port::start() {
    if (const int code = rte_eth_dev_start(id_); code != 0) {
        return Error{.message = "port '" + name_ + "' does not start: " + rte_reason(code)};
    }
    started_ = true;
    rte_eth_promiscuous_enable(id_);  // drivers that cannot, see everything anyway
    return success();
}

void Port::stop() noexcept {
    if (started_) rte_eth_dev_stop(id_);
    started_ = false;
}

Port::~Port() {
    stop();
    if (pool_ != nullptr) rte_eth_dev_close(id_);
    if (attached_) rte_eal_hotplug_remove("vdev", name_.c_str());
    rte_mempool_free(pool_);
}

sinks::PortStats Port::stats() const {
    rte_eth_stats stats{};
    rte_eth_stats_get(id_, &stats);
    return {.name = name_,
            .rx_packets = stats.ipackets,
            .rx_bytes = stats.ibytes,
            .rx_missed = stats.imissed,
            .rx_errors = stats.ierrors,
            .rx_no_mbuf = stats.rx_nombuf};
}

sinks::FillStats Port::pool_fill() const {
    return {.kind = "mempool", .name = name_, .size = pool_->size, .used = mbufs_in_use()};
}

std::uint64_t Port::mbufs_in_use() const noexcept {
    return rte_mempool_in_use_count(pool_);
}

}  // namespace querytap::dataplane
