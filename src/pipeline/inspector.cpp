// The walk of a burst: decode all, find all flows, then one packet after the other through
// reassembly, TDS and signatures.
#include <algorithm>
#include <array>
#include <atomic>

#include <querytap/pipeline/inspector.h>

#include "browser.h"
#include "connections.h"
#include "interest.h"

namespace querytap::pipeline {
namespace {

using packet::Decoded;
using protocol::Protocol;

// How far ahead memory is fetched: packets come from where no cache has them.
constexpr std::size_t kHeadersAhead = 4;
constexpr std::size_t kPayloadsAhead = 2;
constexpr std::size_t kCacheLine = 64;

void prefetch_headers(const packet::Frame& frame) noexcept {
    __builtin_prefetch(frame.bytes.data());
    __builtin_prefetch(frame.bytes.data() + kCacheLine);
}

/// Of what will be read: of most other flows' payload not a byte is looked at.
void prefetch_payload(const packet::PacketView& packet, Decoded decoded) noexcept {
    constexpr std::size_t kMax = 1536;  // the rest of a jumbo frame comes in time by itself
    if (decoded != Decoded::kOk) return;
    if (!is_sql_port(packet.source_port) && !is_sql_port(packet.destination_port)) return;
    for (std::size_t at = 0; at < std::min(packet.payload.size(), kMax); at += kCacheLine)
        __builtin_prefetch(packet.payload.data() + at);
}

/// Generations whose last messages are under way, beside the one in force.
constexpr std::size_t kOldGenerationsMax = 4;

}  // namespace

class Inspector::Impl {
  public:
    Impl(const Limits& limits, EventSink& events)
        : context_(limits, events),
          flows_(limits.flows, limits.timeouts, limits.hash_secret,
                 [this](flow::Flow& flow, flow::EndReason reason, Timestamp when) {
                     end(flow, reason, when);
                 }),
          connections_(context_, flows_, limits.sessions),
          fragments_(limits.fragments, limits.hash_secret, limits.decode) {
        context_.counters.sessions_capacity.set(limits.sessions);
    }

    void inspect(std::span<const packet::Frame> burst) noexcept;
    void advance(Timestamp now) noexcept;
    void finish(Timestamp now) noexcept;
    void set_load(Load load) noexcept {
        context_.load = load;
        context_.counters.load.set(static_cast<std::uint64_t>(load));
    }

    std::unique_ptr<WorkerGeneration> adopt(std::unique_ptr<WorkerGeneration> next) noexcept;
    Result<std::unique_ptr<WorkerGeneration>> prepare(const Generation& next);
    std::uint32_t oldest_generation() const noexcept {
        return oldest_.load(std::memory_order_acquire);
    }
    bool retiring() const noexcept {
        return std::count_if(generations_.begin(), generations_.end(), [](const auto& generation) {
                   return generation.owned != nullptr;
               }) > 1;
    }
    InspectorStats stats() const noexcept {
        return {context_.counters,
                flows_.counters(),
                context_.reassembler.counters(),
                context_.session_pool.counters(),
                context_.session_pool.tls_counters(),
                context_.scanner_counters,
                fragments_.counters()};
    }

  private:
    flow::Flow& walk(const packet::Frame& frame, const packet::PacketView& packet,
                     const flow::Lookup& lookup, std::uint64_t hash,
                     std::uint32_t place = flow::Table::kNoPlace) noexcept;
    void fragment(const packet::Frame& frame) noexcept;
    void end(flow::Flow& flow, flow::EndReason reason, Timestamp when) noexcept;
    void write_flow(const flow::Flow& flow, flow::EndReason reason,
                    const Connection* connection) noexcept;

    /// What is known of a burst's frames. Kept, for to clear 13 KB before each burst takes longer
    /// than to look a packet's flow up.
    struct Burst {
        std::array<packet::PacketView, kBurstMax> packets;
        std::array<flow::Lookup, kBurstMax> lookups;
        std::array<std::uint64_t, kBurstMax> hashes;
        std::array<std::uint32_t, kBurstMax> places;  ///< probably, in the flow table
        std::array<Decoded, kBurstMax> decoded;
    };

    Context context_;
    flow::Table flows_;
    Connections connections_;
    packet::Defragmenter fragments_;
    std::array<ActiveGeneration, kOldGenerationsMax + 1> generations_;
    Burst burst_;
    std::atomic<std::uint32_t> oldest_{0};
    // Why flows end just now decides where their events belong in time.
    bool advancing_ = false;
    bool finishing_ = false;
};

void Inspector::Impl::inspect(std::span<const packet::Frame> burst) noexcept {
    auto& [packets, lookups, hashes, places, decoded] = burst_;
    for (std::size_t i = 0; i < std::min(kHeadersAhead, burst.size()); ++i)
        prefetch_headers(burst[i]);
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (i + kHeadersAhead < burst.size()) prefetch_headers(burst[i + kHeadersAhead]);
        decoded[i] = packet::decode(burst[i].bytes, packets[i], context_.limits.decode);
        if (burst[i].elsewhere) continue;
        context_.counters.packets.add();
        context_.counters.bytes.add(burst[i].bytes.size());
        context_.counters.decoded[static_cast<std::size_t>(decoded[i])].add();
        if (decoded[i] != Decoded::kOk) continue;
        lookups[i] = flow::lookup_of(packets[i], context_.limits.key);
        hashes[i] = flows_.hash(lookups[i].key);
        flows_.prefetch(hashes[i]);
    }
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (decoded[i] == Decoded::kOk && !burst[i].elsewhere)
            places[i] = flows_.prefetch_flow(hashes[i]);
    }
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (i + kPayloadsAhead < burst.size())
            prefetch_payload(packets[i + kPayloadsAhead], decoded[i + kPayloadsAhead]);
        if (burst[i].time != context_.now) advance(burst[i].time);
        context_.events.set_place(burst[i].time, burst[i].ordinal);
        if (burst[i].elsewhere) {
            if (decoded[i] == Decoded::kOk) learn_announcement(context_, packets[i]);
        } else if (decoded[i] == Decoded::kOk) {
            walk(burst[i], packets[i], lookups[i], hashes[i], places[i]);
        } else if (decoded[i] == Decoded::kFragment) {
            fragment(burst[i]);
        }
    }
}

flow::Flow& Inspector::Impl::walk(const packet::Frame& frame, const packet::PacketView& packet,
                                  const flow::Lookup& lookup, std::uint64_t hash,
                                  std::uint32_t place) noexcept {
    bool created = false;
    flow::Flow& flow = flows_.find_or_create(lookup, hash, packet, frame.time, created, place);
    const bool ends = connections_.may_end(flow, lookup.side, packet);
    const bool counts = flows_.account(flow, lookup.side, packet, frame.time, ends);

    if (packet.protocol != packet::IpProtocol::kTcp) {
        if (touches_browser(packet)) inspect_browser(context_, flow, flows_.details(flow), packet);
        return flow;
    }
    if (counts) connections_.packet(flow, lookup.side, packet);
    return flow;
}

/// A datagram that becomes whole is walked as if it had come in one frame.
void Inspector::Impl::fragment(const packet::Frame& frame) noexcept {
    packet::PacketView packet;
    const auto [decoded, overlap] = fragments_.push(frame.bytes, frame.time, packet);
    if (decoded == Decoded::kOk || overlap) {
        const flow::Lookup lookup = flow::lookup_of(packet, context_.limits.key);
        flow::Flow& flow = walk(frame, packet, lookup, flows_.hash(lookup.key));
        if (overlap) connections_.overlapping_fragments(flow);
    } else if (decoded != Decoded::kFragment) {
        context_.counters.decoded[static_cast<std::size_t>(decoded)].add();
    }
}

void Inspector::Impl::advance(Timestamp now) noexcept {
    context_.now = now;
    fragments_.advance(now);
    advancing_ = true;
    flows_.advance(now);
    advancing_ = false;
}

void Inspector::Impl::finish(Timestamp now) noexcept {
    advance(now);
    finishing_ = true;
    flows_.end_all(now);
}

void Inspector::Impl::end(flow::Flow& flow, flow::EndReason reason, Timestamp when) noexcept {
    // Deadlines come before the packets of their time, the end of input after all of them.
    constexpr std::uint64_t kAfterAllPackets = 1ull << 63;
    if (finishing_) {
        const std::int64_t first_ns = to_ns(flows_.details(flow).first);
        const auto first = static_cast<std::uint64_t>(std::max(first_ns, std::int64_t{0}));
        context_.events.set_place(when, kAfterAllPackets | first);
    } else if (advancing_) {
        context_.events.set_place(when, 0);
    }
    Connection* const connection = connections_.of(flow);
    if (connection != nullptr) connection->finish();
    if (context_.limits.all_flows || is_sql_related(flow, flows_.key(flow), context_))
        write_flow(flow, reason, connection);
    if (connection != nullptr) connections_.release(flow);
}

void Inspector::Impl::write_flow(const flow::Flow& flow, flow::EndReason reason,
                                 const Connection* connection) noexcept {
    const bool client_is_a = flow.client == flow::Side::kFromA;
    const flow::Details details = flows_.details(flow);
    const flow::Key& key = details.key;
    const Conversation conversation{.client = client_is_a ? key.a : key.b,
                                    .server = client_is_a ? key.b : key.a,
                                    .protocol = key.protocol,
                                    .key = key,
                                    .flow_id = details.id,
                                    .envelope = details.envelope,
                                    .app = static_cast<Protocol>(flow.app)};
    context_.events.write<FlowEnd>(conversation, [&](FlowEnd& event) {
        event.reason = reason;
        event.state = flow.state;
        event.first = details.first;
        event.handshake = details.handshake;
        event.last = flow.last;
        event.to_server = (client_is_a ? flow.from_a : flow.from_b).read();
        event.to_client = (client_is_a ? flow.from_b : flow.from_a).read();
        event.tcp_flags_to_server = client_is_a ? flow.tcp_flags_a : flow.tcp_flags_b;
        event.tcp_flags_to_client = client_is_a ? flow.tcp_flags_b : flow.tcp_flags_a;
        event.client_known = flow.client_known;
        event.level = static_cast<verdict::Level>(flow.verdict);
        if (connection != nullptr) connection->fill(event);
        if (flow.shed) event.degraded.add(Shed::kStreams);
    });
}

Result<std::unique_ptr<WorkerGeneration>> Inspector::Impl::prepare(const Generation& next) {
    auto scanner =
        signature::Scanner::create(next.rules, context_.limits.scanner, context_.scanner_counters);
    if (!scanner) return scanner.error();
    auto generation = std::make_unique<WorkerGeneration>();
    generation->shared = next;
    generation->scanner = std::move(scanner).value();
    return generation;
}

std::unique_ptr<WorkerGeneration> Inspector::Impl::adopt(
    std::unique_ptr<WorkerGeneration> next) noexcept {
    std::unique_ptr<WorkerGeneration> unused;
    std::uint32_t oldest = UINT32_MAX;
    for (ActiveGeneration& generation : generations_) {
        if (!generation.owned) {
            if (!next) continue;
            generation.owned = std::move(next);
            for (std::size_t i = 0; i < signature::kBufferCount; ++i) {
                const auto buffer = static_cast<signature::Buffer>(i);
                generation.wanted[i] = generation.owned->shared.rules->uses(buffer);
            }
            const policy::Policy* policy = generation.owned->shared.policy.get();
            generation.classify = policy != nullptr && policy->judges_statements();
            generation.volumes = policy != nullptr && policy->limits_volume();
            context_.current = &generation;
        } else if (&generation != context_.current && generation.users == 0 && !unused) {
            unused = std::move(generation.owned);
            continue;
        }
        oldest = std::min(oldest, generation.owned->shared.number);
    }
    oldest_.store(oldest, std::memory_order_release);
    return next ? std::move(next) : std::move(unused);
}

Inspector::Inspector(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inspector::~Inspector() = default;

Result<std::unique_ptr<Inspector>> Inspector::create(const Limits& limits, const Generation& first,
                                                     EventSink& events) {
    auto impl = std::make_unique<Impl>(limits, events);
    auto generation = impl->prepare(first);
    if (!generation) return generation.error();
    impl->adopt(std::move(generation).value());
    return std::unique_ptr<Inspector>(new Inspector(std::move(impl)));
}

void Inspector::inspect(std::span<const packet::Frame> burst) noexcept {
    impl_->inspect(burst);
}
void Inspector::advance(Timestamp now) noexcept {
    impl_->advance(now);
}
void Inspector::set_load(Load load) noexcept {
    impl_->set_load(load);
}
void Inspector::finish(Timestamp now) noexcept {
    impl_->finish(now);
}
Result<std::unique_ptr<WorkerGeneration>> Inspector::prepare(const Generation& next) {
    return impl_->prepare(next);
}
std::unique_ptr<WorkerGeneration> Inspector::adopt(
    std::unique_ptr<WorkerGeneration> next) noexcept {
    return impl_->adopt(std::move(next));
}
bool Inspector::retiring() const noexcept {
    return impl_->retiring();
}
std::uint32_t Inspector::oldest_generation() const noexcept {
    return impl_->oldest_generation();
}
InspectorStats Inspector::stats() const noexcept {
    return impl_->stats();
}

}  // namespace querytap::pipeline
