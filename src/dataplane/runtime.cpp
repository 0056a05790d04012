#include <cassert>
#include <new>

#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_random.h>

#include <querytap/base/thread_sanitizer.h>

#include "direct_input.h"
#include "rss.h"
#include "runtime_impl.h"

namespace querytap::dataplane {
namespace {

/// Room to put frames of several mbufs together: a burst of jumbo frames, and more than the longest
/// frame that libpcap delivers (256 KiB).
constexpr std::size_t kJoinedBytes = 1u << 20;

constexpr const char* kReplayRing = "replay";

packet::Options decode_options(const config::Decode& decode) {
    static_assert(config::Decode::kVxlanPortsMax == packet::kVxlanPortsMax);
    packet::Options options{.vxlan_ports = {}};
    for (std::size_t i = 0; i < decode.vxlan_ports.size(); ++i)
        options.vxlan_ports[i] = static_cast<std::uint16_t>(decode.vxlan_ports[i]);
    return options;
}

pipeline::Limits limits_of(const config::Config& config, std::uint64_t secret) {
    using std::chrono::seconds;
    pipeline::Limits limits;
    limits.flows = config.limits.flows;
    limits.sessions = config.limits.sessions;
    limits.timeouts = {.half_open = seconds(config.limits.timeout_half_open_s),
                       .established = seconds(config.limits.timeout_established_s),
                       .closing = seconds(config.limits.timeout_closing_s),
                       .closed = seconds(config.limits.timeout_closed_s),
                       .udp = seconds(config.limits.timeout_udp_s)};
    limits.decode = decode_options(config.decode);
    limits.fragments.datagrams = config.limits.fragmented_datagrams;
    limits.key = {.vlan = config.flow.vlan_in_key, .vni = config.flow.vni_in_key};
    limits.stream.pool_blocks = config.limits.stream_memory_mb * ((1u << 20) / 2048);
    limits.stream.gap_timeout = std::chrono::milliseconds(config.stream.gap_timeout_ms);
    limits.stream.overlap =
        config.stream.last_copy_wins ? stream::Overlap::kLastWins : stream::Overlap::kFirstWins;
    limits.weights = *verdict::weights_of(config.verdict);  // checked before anything starts
    limits.tds_events = config.eve.tds;
    limits.all_flows = config.eve.flows == config::FlowRecords::kAll;
    limits.hash_secret = secret;
    return limits;
}

int run_worker(void* worker) {
    static_cast<Worker*>(worker)->run();
    return 0;
}

}  // namespace

Result<std::unique_ptr<Runtime>> Runtime::create(const config::Config& config,
                                                 const std::optional<Replay>& replay,
                                                 const pipeline::Generation& first,
                                                 novelty::Memory* memory) {
    auto impl = std::make_unique<Impl>();
    impl->config = config;
    impl->memory = memory;
    if (Status opened = impl->open_source(replay); !opened.ok()) return opened.error();
    // Only the devices know whether a distributor is needed, and EAL wants its lcore before it
    // knows the devices: the lcore is planned wherever there are several workers.
    auto plan = plan_lcores(config.workers, config.workers.count > 1);
    if (!plan) return plan.error();
    impl->plan = std::move(plan).value();
    if (Status eal = start_eal(impl->config, impl->plan); !eal.ok()) return eal.error();
    if (!StampField::register_field()) {
        return Error{.message = "mbufs have no room for a time stamp"};
    }
    impl->secret = rte_rand();
    if (Status opened = impl->open_ports(); !opened.ok()) return opened.error();
    if (Status made = impl->make_workers(first); !made.ok()) return made.error();
    return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

Status Runtime::Impl::open_source(const std::optional<Replay>& replay) {
    if (!replay) return success();
    key_log = replay->key_log;
    auto opened = ReplayFeeder::create(*replay);
    if (!opened) return opened.error();
    feeder = std::move(opened).value();
    config.ports.clear();
    const unsigned lcores = config.workers.count + 2;
    config.memory.mbufs =
        std::max(config.memory.mbufs, ReplayFeeder::mbufs_needed(lcores, config.memory.mbuf_size));
    return success();
}

Status Runtime::Impl::open_ports() {
    if (feeder) {
        auto port = Port::create({.device = kReplayRing,
                                  .ring = ReplayFeeder::kRingSize,
                                  .mbufs = config.memory.mbufs,
                                  .mbuf_size = config.memory.mbuf_size});
        if (!port) return port.error();
        ports.push_back(std::move(port).value());
        return success();
    }
    for (const config::Port& wanted : config.ports) {
        const unsigned queues = wanted.queues > 0 ? wanted.queues : config.workers.count;
        auto port = Port::create({.device = wanted.device,
                                  .is_vdev = wanted.is_vdev,
                                  .rx_descriptors = wanted.rx_descriptors,
                                  .queues_max = static_cast<std::uint16_t>(queues),
                                  .mbufs = config.memory.mbufs,
                                  .mbuf_size = config.memory.mbuf_size});
        if (!port) return port.error();
        ports.push_back(std::move(port).value());
    }
    return success();
}

Status Runtime::Impl::make_workers(const pipeline::Generation& first) {
    generation = first;
    const unsigned count = config.workers.count;
    if (count == 1) {
        why = "one worker receives from all queues";
    } else if (queue_for_each_worker()) {
        why = "symmetric RSS spreads flows over the workers' own queues; self-test: " +
              ports[0]->rss();
    } else {
        why = why_distributor(ports.size(), ports[0]->queues(), count, ports[0]->rss());
        std::vector<Queue> queues;
        for (const auto& port : ports) {
            for (std::uint16_t i = 0; i < port->queues(); ++i)
                queues.push_back(port->queue(i));
        }
        const pipeline::Limits limits = limits_of(config, secret);
        distributor = std::make_unique<Distributor>(
            Receiver(queues, feeder.get(), stop),
            Distributor::Options{
                .workers = count,
                .ring_size = kLaneSize,
                .fragmented_datagrams = limits.fragments.datagrams * count,
                .wait = feeder != nullptr,
                .flow_hash = {.secret = secret, .decode = limits.decode, .key = limits.key}});
    }
    rings.resize(count);
    workers.resize(count);
    for (unsigned i = 0; i < count; ++i) {
        if (Status made = make_on_its_lcore(i, first); !made.ok()) return made;
    }
    return success();
}

Status Runtime::Impl::make_worker(unsigned i, const pipeline::Generation& first) {
    const auto when_full = feeder ? pipeline::WhenFull::kWait : pipeline::WhenFull::kDrop;
    rings[i] = std::make_unique<pipeline::EventRing>(config.limits.event_ring, when_full);
    pipeline::Limits limits = limits_of(config, secret);
    limits.tds.tls.key_log = key_log;
    limits.memory = memory;
    if (!feeder) limits.timeouts.at_once = flow::Timeouts::kAtOnceLive;
    auto inspector = pipeline::Inspector::create(limits, first, *rings[i]);
    if (!inspector) return inspector.error();
    workers[i] = std::make_unique<Worker>(
        Worker::Options{.id = i,
                        .shed = config.overload.shed && !feeder,  // a replay waits
                        .spin = config.workers.spin,
                        .joined_bytes = kJoinedBytes},
        input_of(i), std::move(inspector).value(), *rings[i]);
    return success();
}

/// Memory stands on the node of whoever touches it first: of the worker, not of this thread.
Status Runtime::Impl::make_on_its_lcore(unsigned i, const pipeline::Generation& first) {
    struct Task {
        Impl& impl;
        unsigned worker;
        const pipeline::Generation& first;
        Status status;
    } task{*this, i, first, success()};
    const auto make = [](void* argument) {
        auto& self = *static_cast<Task*>(argument);
        try {
            self.status = self.impl.make_worker(self.worker, self.first);
        } catch (const std::bad_alloc&) {
            self.status = Error{.message = "no memory for a worker",
                                .hint =
                                    "lower limits.flows, limits.sessions or "
                                    "limits.stream_memory_mb"};
        }
        happens_before(argument);
        return 0;
    };
    const unsigned lcore = plan.worker_lcore(i);
    if (rte_eal_remote_launch(make, &task, lcore) != 0) {
        return Error{.message = fmt::format("lcore {} does not answer", lcore)};
    }
    rte_eal_wait_lcore(lcore);
    happens_after(&task);  // the sanitizer does not see how DPDK waits
    return task.status;
}

std::unique_ptr<Input> Runtime::Impl::input_of(unsigned worker) {
    if (distributor) return distributor->input(worker);
    std::vector<Queue> queues;
    for (const auto& port : ports) {
        if (config.workers.count > 1) {
            queues.push_back(port->queue(static_cast<std::uint16_t>(worker)));
            continue;
        }
        for (std::uint16_t i = 0; i < port->queues(); ++i)
            queues.push_back(port->queue(i));
    }
    return std::make_unique<DirectInput>(Receiver(std::move(queues), feeder.get(), stop));
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Runtime::~Runtime() {
    stop();
    // Workers of a replay wait until somebody takes their events.
    while (impl_->started && !finished()) {
        for (auto& ring : impl_->rings) {
            while (ring->front() != nullptr)
                ring->release();
        }
    }
    (void)join();
}

Status Runtime::start() {
    for (auto& port : impl_->ports) {
        if (Status started = port->start(); !started.ok()) return started;
    }
    impl_->started = true;
    for (auto& worker : impl_->workers) {
        rte_eal_remote_launch(run_worker, worker.get(), impl_->plan.worker_lcore(worker->id()));
    }
    if (impl_->distributor) {
        rte_eal_remote_launch(
            [](void* impl) {
                auto& self = *static_cast<Impl*>(impl);
                self.distributor->run(Backoff(self.config.workers.spin));
                return 0;
            },
            impl_.get(), impl_->plan.distributor_lcore());
    }
    if (impl_->feeder) impl_->feeder->start(*impl_->ports.front());
    return success();
}

void Runtime::stop() noexcept {
    impl_->stop.store(true, std::memory_order_relaxed);
    if (impl_->feeder) impl_->feeder->stop();
}

Status Runtime::join() {
    if (!impl_->started) return success();
    Status status = impl_->feeder ? impl_->feeder->join() : success();
    rte_eal_mp_wait_lcore();
    // ThreadSanitizer does not see how DPDK waits, and learns from these flags that all have ended.
    [[maybe_unused]] const bool ended = finished();
    assert(ended);
    for (auto& port : impl_->ports)
        port->close();
    impl_->started = false;
    return status;
}

bool Runtime::finished() const noexcept {
    for (const auto& worker : impl_->workers) {
        if (!worker->finished()) return false;
    }
    return true;
}

Status Runtime::reload(const pipeline::Generation& next) {
    std::vector<std::unique_ptr<pipeline::WorkerGeneration>> prepared;
    for (auto& worker : impl_->workers) {
        auto made = worker->prepare(next);
        if (!made) return made.error();
        prepared.push_back(std::move(made).value());
    }
    // All or none: workers must not differ in what they look for.
    for (auto& worker : impl_->workers) {
        if (worker->takes_offers()) continue;
        return Error{.message = "earlier reloads are not taken over yet",
                     .hint = "try again in a moment"};
    }
    for (std::size_t i = 0; i < prepared.size(); ++i)
        impl_->workers[i]->offer(std::move(prepared[i]));
    impl_->generation = next;
    return success();
}

std::uint32_t Runtime::oldest_generation() {
    std::uint32_t oldest = UINT32_MAX;
    for (auto& worker : impl_->workers) {
        worker->collect();
        oldest = std::min(oldest, worker->oldest_generation());
    }
    return oldest;
}

std::vector<pipeline::EventRing*> Runtime::event_rings() {
    std::vector<pipeline::EventRing*> rings;
    for (auto& ring : impl_->rings)
        rings.push_back(ring.get());
    return rings;
}

Progress Runtime::progress() const noexcept {
    return impl_->feeder ? impl_->feeder->progress() : Progress{};
}

std::uint64_t Runtime::mbufs_kept() const noexcept {
    std::uint64_t kept = 0;
    for (const auto& port : impl_->ports)
        kept += port->mbufs_kept();
    return kept;
}

std::vector<sinks::WorkerStats> Runtime::workers() const {
    std::vector<sinks::WorkerStats> stats;
    for (const auto& worker : impl_->workers) {
        stats.push_back({.id = worker->id(),
                         .inspector = worker->stats(),
                         .busy_cycles = worker->busy_cycles(),
                         .idle_cycles = worker->idle_cycles(),
                         .cycles_per_second = static_cast<double>(rte_get_tsc_hz()),
                         .oversized_frames = worker->oversized()});
    }
    return stats;
}

std::vector<sinks::PortStats> Runtime::ports() const {
    std::vector<sinks::PortStats> stats;
    for (const auto& port : impl_->ports)
        stats.push_back(port->stats());
    if (impl_->feeder) stats.front().rx_bytes = impl_->feeder->bytes();  // net_ring counts none
    return stats;
}

const novelty::Memory* Runtime::memory() const {
    return impl_->memory;
}

std::vector<sinks::FillStats> Runtime::fills() const {
    std::vector<sinks::FillStats> fills;
    for (const auto& port : impl_->ports)
        fills.push_back(port->pool_fill());
    for (std::size_t i = 0; i < impl_->rings.size(); ++i) {
        const pipeline::EventRing& ring = *impl_->rings[i];
        fills.push_back({.kind = "event_ring",
                         .name = fmt::format("worker{}", i),
                         .size = ring.capacity(),
                         .used = ring.size(),
                         .dropped = ring.dropped().read()});
    }
    if (impl_->distributor) impl_->distributor->add_fills(fills);
    return fills;
}

}  // namespace querytap::dataplane
