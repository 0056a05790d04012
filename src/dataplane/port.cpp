#include "port.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_ring.h>

#include "rss.h"

namespace querytap::dataplane {
namespace {

/// The key that gives both directions of a flow the same hash (Woo and Park, 2012).
constexpr std::uint8_t kSymmetricKey[2] = {0x6d, 0x5a};

std::string reason(int code) {
    return rte_strerror(code < 0 ? -code : code);
}

std::string vdev_hint(int code) {
    if (code < 0) code = -code;
    if (code == EPERM || code == EACCES)
        return "run as root, or with CAP_NET_RAW and CAP_NET_ADMIN";
    return "check the driver's name and arguments; the lines of DPDK above say more";
}

/// "03:00.0" as the bus writes it: "0000:03:00.0".
std::string full_pci_address(const std::string& text) {
    const bool has_domain = std::count(text.begin(), text.end(), ':') == 2;
    return has_domain ? text : "0000:" + text;
}

/// Does the device put both directions of a flow into one queue?
bool spreads_flows(const rte_eth_dev_info& info) {
    const bool has_rss = (info.flow_type_rss_offloads & RTE_ETH_RSS_IP) != 0;
    // net_tap names RSS types, but applies them to rte_flow rules only.
    return has_rss && info.hash_key_size > 0 && std::string_view(info.driver_name) != "net_tap";
}

}  // namespace

Result<std::unique_ptr<Port>> Port::create(const Wish& wish) {
    std::unique_ptr<Port> port(new Port(wish));
    if (Status probed = port->probe(); !probed.ok()) return probed.error();
    if (Status pool = port->make_pool(); !pool.ok()) return pool.error();
    if (Status configured = port->configure(); !configured.ok()) return configured.error();
    if (Status queues = port->set_up_queues(); !queues.ok()) return queues.error();
    if (Status tested = port->test_queues(); !tested.ok()) return tested.error();
    port->of_driver_ = rte_mempool_in_use_count(port->pool_);
    return port;
}

Status Port::probe() {
    if (wish_.ring != 0) return make_ring();
    const std::size_t comma = wish_.device.find(',');
    name_ = wish_.device.substr(0, comma);
    if (wish_.is_vdev) {
        const std::string arguments =
            comma == std::string::npos ? "" : wish_.device.substr(comma + 1);
        const int code = rte_eal_hotplug_add("vdev", name_.c_str(), arguments.c_str());
        if (code != 0) {
            return Error{.message = "cannot create the virtual device '" + wish_.device +
                                    "': " + reason(code),
                         .hint = vdev_hint(code)};
        }
        attached_ = true;
    } else {
        name_ = full_pci_address(name_);
    }
    if (rte_eth_dev_get_port_by_name(name_.c_str(), &id_) != 0) {
        return Error{.message = "there is no port '" + name_ + "'",
                     .hint = wish_.is_vdev
                                 ? "the driver made no Ethernet device of that name"
                                 : "is it in 'dpdk-devbind.py --status'? bind it: dpdk-devbind.py "
                                   "--bind=vfio-pci " +
                                       name_};
    }
    probed_ = true;
    socket_ = rte_eth_dev_socket_id(id_);
    return success();
}

Status Port::make_ring() {
    ring_ = rte_ring_create(wish_.device.c_str(), wish_.ring, SOCKET_ID_ANY,
                            RING_F_SP_ENQ | RING_F_SC_DEQ);
    // The port sends to it, too, as far as the driver knows: nothing ever is sent.
    const int port = ring_ == nullptr ? -1 : rte_eth_from_ring(ring_);
    if (port < 0) {
        return Error{.message = "cannot make a port of a ring: " + reason(rte_errno)};
    }
    id_ = static_cast<std::uint16_t>(port);
    char name[RTE_ETH_NAME_MAX_LEN] = "";
    rte_eth_dev_get_name_by_port(id_, name);
    name_ = name;
    attached_ = probed_ = true;
    socket_ = rte_eth_dev_socket_id(id_);
    return success();
}

Status Port::make_pool() {
    // Not named for the device: its name may be longer than a pool's can be.
    const std::string name = "querytap_port" + std::to_string(id_);
    // Whoever feeds a ring takes what was used last, which is still in the cache. Devices refill
    // from the cache of their own lcore.
    pool_ = rte_pktmbuf_pool_create_by_ops(
        name.c_str(), wish_.mbufs, kPoolCache, 0,
        static_cast<std::uint16_t>(wish_.mbuf_size + RTE_PKTMBUF_HEADROOM), socket_,
        wish_.ring != 0 ? "stack" : rte_mbuf_best_mempool_ops());
    if (pool_ != nullptr) return success();
    return Error{.message = "no memory for " + std::to_string(wish_.mbufs) + " mbufs of " +
                            std::to_string(wish_.mbuf_size) + " bytes: " + reason(rte_errno),
                 .hint = "lower memory.mbufs, reserve more hugepages or raise memory.size_mb"};
}

Status Port::configure() {
    rte_eth_dev_info info{};
    if (const int code = rte_eth_dev_info_get(id_, &info); code != 0) {
        return Error{.message = "port '" + name_ + "' tells nothing of itself: " + reason(code)};
    }
    driver_ = info.driver_name;
    queues_ =
        spreads_flows(info) ? std::min(wish_.queues_max, info.max_rx_queues) : std::uint16_t{1};
    if (queues_ < wish_.queues_max) rss_ = "the device has no RSS or too few queues";

    std::vector<std::uint8_t> key(info.hash_key_size);
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = kSymmetricKey[i % 2];
    rte_eth_conf conf{};
    if (queues_ > 1) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf = {.rss_key = key.data(),
                                     .rss_key_len = static_cast<std::uint8_t>(key.size()),
                                     .rss_hf = info.flow_type_rss_offloads & kHashedTypes};
    }
    conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
    conf.rxmode.mtu = mtu_for(info, wish_.mbuf_size);
    // A tap is never written to, but some drivers will not start without a TX queue.
    if (const int code = rte_eth_dev_configure(id_, queues_, 1, &conf); code != 0) {
        return Error{.message = "port '" + name_ + "' cannot be configured: " + reason(code)};
    }
    return success();
}

std::uint16_t mtu_for(const rte_eth_dev_info& info, unsigned mbuf_size) noexcept {
    // A tap sees jumbo frames, of 9,000 bytes or the 9,216 that switches take, and tunnels and
    // mirrors put up to some hundred bytes of headers around them.
    constexpr std::uint32_t kMtu = 9600;
    const bool tells_both = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
    const std::uint32_t overhead =
        tells_both ? info.max_rx_pktlen - info.max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
    std::uint32_t frame = std::max<std::uint32_t>(info.max_rx_pktlen, overhead);
    const bool scatters = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0;
    if (!scatters) frame = std::min<std::uint32_t>(frame, mbuf_size);
    const std::uint32_t mtu = std::min({kMtu, std::uint32_t{info.max_mtu}, frame - overhead});
    return mtu > RTE_ETHER_MTU ? static_cast<std::uint16_t>(mtu) : std::uint16_t{0};  // 0: default
}

Status Port::set_up_queues() {
    counters_ = std::make_unique<QueueCounter[]>(queues_);
    descriptors_ = wish_.rx_descriptors;
    std::uint16_t tx_descriptors = 64;
    rte_eth_dev_adjust_nb_rx_tx_desc(id_, &descriptors_, &tx_descriptors);
    const auto socket = static_cast<unsigned>(socket_);
    for (std::uint16_t queue = 0; queue < queues_; ++queue) {
        const int code = rte_eth_rx_queue_setup(id_, queue, descriptors_, socket, nullptr, pool_);
        if (code == 0) continue;
        return Error{.message = "port '" + name_ + "' has no RX queue " + std::to_string(queue) +
                                ": " + reason(code),
                     .hint = "lower ports[].rx_descriptors or raise memory.mbufs"};
    }
    const int code = rte_eth_tx_queue_setup(id_, 0, tx_descriptors, socket, nullptr);
    if (code == 0) return success();
    return Error{.message = "port '" + name_ + "' cannot be set up: " + reason(code)};
}

/// Drivers set RSS when they start, and only then say what it is. A device that does not keep both
/// directions together is asked for one queue.
Status Port::test_queues() {
    if (queues_ == 1) return success();
    if (Status started = start(); !started.ok()) return started;
    const RssResult result = test_rss(id_, queues_);
    stop();
    rss_ = result.text;
    if (result.meets) return success();
    wish_.queues_max = 1;
    if (Status configured = configure(); !configured.ok()) return configured;
    return set_up_queues();
}

bool Port::link_is_up() const noexcept {
    rte_eth_link link{};
    return rte_eth_link_get_nowait(id_, &link) != 0 || link.link_status == RTE_ETH_LINK_UP;
}

Status Port::start() {
    if (const int code = rte_eth_dev_start(id_); code != 0) {
        return Error{.message = "port '" + name_ + "' does not start: " + reason(code)};
    }
    started_ = true;
    rte_eth_promiscuous_enable(id_);  // drivers that cannot, see everything anyway
    return success();
}

void Port::stop() noexcept {
    if (started_) rte_eth_dev_stop(id_);
    started_ = false;
}

void Port::close() noexcept {
    const std::lock_guard lock(stats_mutex_);
    if (!probed_) return;
    last_stats_ = read_stats();
    stop();
    rte_eth_dev_close(id_);
    probed_ = false;
}

Port::~Port() {
    close();
    if (attached_) rte_eal_hotplug_remove("vdev", name_.c_str());
    if (ring_ != nullptr) {
        void* packet = nullptr;
        while (rte_ring_sc_dequeue(ring_, &packet) == 0)
            rte_pktmbuf_free(static_cast<rte_mbuf*>(packet));
        rte_ring_free(ring_);
    }
    rte_mempool_free(pool_);
}

Queue Port::queue(std::uint16_t index) const noexcept {
    return {.port = id_,
            .queue = index,
            .descriptors = descriptors_,
            .received = &counters_[index].received};
}

sinks::PortStats Port::stats() const {
    const std::lock_guard lock(stats_mutex_);
    return probed_ ? read_stats() : last_stats_;
}

sinks::PortStats Port::read_stats() const {
    rte_eth_stats stats{};
    rte_eth_stats_get(id_, &stats);
    // Few drivers say what each queue lost; those that do not, leave all at nought.
    const bool tells = std::any_of(std::begin(stats.q_errors), std::end(stats.q_errors),
                                   [](std::uint64_t errors) { return errors > 0; });
    std::vector<sinks::QueueStats> queues(queues_);
    for (unsigned i = 0; i < queues_; ++i) {
        queues[i].rx_packets = counters_[i].received.read();
        if (tells && i < RTE_ETHDEV_QUEUE_STAT_CNTRS) queues[i].rx_dropped = stats.q_errors[i];
    }
    return {.name = name_,
            .rx_packets = stats.ipackets,
            .rx_bytes = stats.ibytes,
            .rx_missed = stats.imissed,
            .rx_errors = stats.ierrors,
            .rx_no_mbuf = stats.rx_nombuf,
            .queues = std::move(queues)};
}

sinks::FillStats Port::pool_fill() const {
    return {.kind = "mempool",
            .name = name_,
            .size = pool_->size,
            .used = rte_mempool_in_use_count(pool_)};
}

std::uint64_t Port::mbufs_kept() const noexcept {
    const std::uint64_t used = rte_mempool_in_use_count(pool_);
    return used - std::min(used, of_driver_);
}

}  // namespace querytap::dataplane
