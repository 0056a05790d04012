// ONE packet's way through the rooms below: decode, flow, reassembly, identify, TDS, SQL,
// signatures, policy, verdict. Bytes and a time in, events out. Knows no DPDK, no thread and no
// clock, so the same object runs under a worker at line rate, a unit test, a fuzzer and a replay.
//
// One thread. All memory is taken by create(); afterwards no call allocates.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <querytap/base/result.h>
#include <querytap/base/time.h>
#include <querytap/flow/table.h>
#include <querytap/packet/decode.h>
#include <querytap/packet/defragmenter.h>
#include <querytap/pipeline/counters.h>
#include <querytap/pipeline/event.h>
#include <querytap/pipeline/load.h>
#include <querytap/novelty/memory.h>
#include <querytap/policy/policy.h>
#include <querytap/signature/scanner.h>
#include <querytap/stream/reassembler.h>
#include <querytap/tds/session.h>

namespace querytap::pipeline {

inline constexpr std::size_t kBurstMax = 64;

struct Limits {
    std::size_t flows = 1u << 16;
    std::size_t sessions = 1u << 12;  ///< TDS connections inspected at once
    flow::Timeouts timeouts;
    flow::KeyOptions key;
    packet::Options decode;
    packet::FragmentLimits fragments;
    stream::Limits stream;
    tds::SessionLimits tds;
    signature::ScannerLimits scanner;
    verdict::Weights weights = verdict::default_weights();
    bool tds_events = true;  ///< write EVE tds records; handshakes of TLS are always told
    bool all_flows = false;  ///< write flow records of flows that are not SQL-related too
    std::uint64_t hash_secret = 0;
    /// What was seen before, shared by all inspectors, outlives them; nullptr: nothing is new.
    novelty::Memory* memory = nullptr;
};

/// What can be replaced while running: rules and policy, as one generation.
struct Generation {
    std::uint32_t number = 0;
    std::shared_ptr<const signature::RuleSet> rules;
    std::shared_ptr<const policy::Policy> policy;  ///< may be null: no policy
};

/// A generation prepared for one worker: the part of a reload that allocates, done by the control
/// thread.
struct WorkerGeneration {
    Generation shared;
    std::unique_ptr<signature::Scanner> scanner;
};

/// Read by the control thread at any time.
struct InspectorStats {
    const Counters& pipeline;
    const flow::TableCounters& flow;
    const stream::Counters& stream;
    const tds::SessionCounters& tds;
    const tls::Counters& tls;
    const signature::ScannerCounters& scanner;
    const packet::FragmentCounters& fragments;
};

/// A packet that every worker must know of, whoever inspects it: SQL Server says where it listens
/// (SSRP), and clients connect to there on other flows.
bool is_announcement(const packet::PacketView& packet) noexcept;

class Inspector {
  public:
    static Result<std::unique_ptr<Inspector>> create(const Limits& limits, const Generation& first,
                                                     EventSink& events);
    ~Inspector();
    Inspector(const Inspector&) = delete;
    Inspector& operator=(const Inspector&) = delete;

    /// A burst of at most kBurstMax frames in order of arrival.
    void inspect(std::span<const packet::Frame> burst) noexcept;

    /// Time goes on without packets: flows whose deadline has come end.
    void advance(Timestamp now) noexcept;

    /// What to leave out from the next burst on.
    void set_load(Load load) noexcept;

    /// End of input: every flow ends. `now` is the time of the source's last packet, the same for
    /// all workers, so that their events fall into one order.
    void finish(Timestamp now) noexcept;

    /// Any thread but the worker's: makes what adopt() needs.
    Result<std::unique_ptr<WorkerGeneration>> prepare(const Generation& next);
    /// The worker's thread, between bursts. Messages under way finish on the old generation.
    /// Returns a generation that nothing uses any longer (to be freed by another thread), or null.
    std::unique_ptr<WorkerGeneration> adopt(std::unique_ptr<WorkerGeneration> next) noexcept;
    /// The worker's thread: does a message under way still use an old generation?
    bool retiring() const noexcept;
    /// The oldest generation in use, from any thread.
    std::uint32_t oldest_generation() const noexcept;

    InspectorStats stats() const noexcept;

  private:
    class Impl;
    explicit Inspector(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::pipeline
