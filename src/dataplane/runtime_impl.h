// What a Runtime owns, in the order of their lives.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <querytap/dataplane/runtime.h>

#include "distributor.h"
#include "eal.h"
#include "port.h"
#include "replay_feeder.h"
#include "worker.h"

namespace querytap::dataplane {

/// Packets that may wait for one worker behind the distributor.
inline constexpr std::size_t kLaneSize = 4096;

struct Runtime::Impl {
    config::Config config;
    novelty::Memory* memory = nullptr;
    LcorePlan plan;
    std::uint64_t secret = 0;
    std::shared_ptr<const tls::KeyLog> key_log;
    pipeline::Generation generation;

    std::vector<std::unique_ptr<Port>> ports;
    std::unique_ptr<ReplayFeeder> feeder;  ///< of a replay, whose port it feeds
    std::unique_ptr<Distributor> distributor;
    std::vector<std::unique_ptr<pipeline::EventRing>> rings;
    std::vector<std::unique_ptr<Worker>> workers;
    std::string why;  ///< how flows find their worker
    std::atomic<bool> stop{false};
    bool started = false;

    Status open_source(const std::optional<Replay>& replay);
    Status open_ports();
    Status make_workers(const pipeline::Generation& first);
    Status make_worker(unsigned i, const pipeline::Generation& first);
    Status make_on_its_lcore(unsigned i, const pipeline::Generation& first);
    std::unique_ptr<Input> input_of(unsigned worker);
    bool queue_for_each_worker() const {
        return ports.size() == 1 && ports[0]->queues() >= config.workers.count;
    }
};

}  // namespace querytap::dataplane
