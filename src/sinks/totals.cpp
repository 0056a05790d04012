#include "totals.h"

#include <algorithm>
#include <map>

#include "names.h"

namespace querytap::sinks {

std::vector<Drop> drops_of(const WorkerStats& worker) {
    const pipeline::InspectorStats& stats = worker.inspector;
    std::vector<Drop> drops;
    for (std::size_t i = 0; i < packet::kDecodedCount; ++i) {
        const auto decoded = static_cast<packet::Decoded>(i);
        if (decoded == packet::Decoded::kOk || decoded == packet::Decoded::kFragment) continue;
        drops.push_back({std::string(packet::name(decoded)), stats.pipeline.decoded[i].read()});
    }
    const packet::FragmentCounters& fragments = stats.fragments;
    drops.push_back({"fragment_malformed", fragments.malformed.read()});
    drops.push_back({"fragments_overlapping", fragments.overlapping.read()});
    drops.push_back({"fragments_timed_out", fragments.timed_out.read()});
    drops.push_back({"fragments_evicted", fragments.evicted.read()});
    drops.push_back({"oversized_frame", worker.oversized_frames});
    drops.push_back({"stream_pool_exhausted", stats.stream.pool_exhausted.read()});
    drops.push_back({"sessions_exhausted", stats.pipeline.sessions_exhausted.read()});
    drops.push_back({"sessions_reclaimed", stats.pipeline.sessions_reclaimed.read()});
    drops.push_back({"messages_exhausted", stats.pipeline.messages_exhausted.read()});
    drops.push_back({"watches_exhausted", stats.pipeline.watches_exhausted.read()});
    drops.push_back({"normalisers_exhausted", stats.pipeline.normalisers_exhausted.read()});
    drops.push_back({"tds_buffers_exhausted", stats.tds.buffers_exhausted.read()});
    drops.push_back({"tls_handshakes_exhausted", stats.tls.handshakes_exhausted.read()});
    drops.push_back({"tds_statements_dropped", stats.tds.statements_dropped.read()});
    drops.push_back({"tds_handles_unknown", stats.tds.handles_unknown.read()});
    drops.push_back({"transactions_exhausted", stats.scanner.transactions_exhausted.read()});
    drops.push_back({"streams_exhausted", stats.scanner.streams_exhausted.read()});
    for (std::size_t i = 0; i < pipeline::kEventTypeCount; ++i) {
        const auto type = static_cast<pipeline::EventType>(i);
        drops.push_back(
            {"event_" + std::string(name(type)), stats.pipeline.events_dropped[i].read()});
    }
    return drops;
}

Totals totals_of(const MetricsSource& source) {
    Totals totals;
    std::map<std::string, std::uint64_t> drops;
    for (const WorkerStats& worker : source.workers()) {
        const pipeline::InspectorStats& stats = worker.inspector;
        totals.packets += stats.pipeline.packets.read();
        totals.bytes += stats.pipeline.bytes.read();
        totals.fragments += stats.fragments.fragments.read();
        totals.fragmented_datagrams += stats.fragments.datagrams.read();
        totals.flows_created += stats.flow.created.read();
        totals.flows_active += stats.flow.active.read();
        totals.logins += stats.pipeline.logins.read();
        totals.queries += stats.pipeline.queries.read();
        totals.sql_limits += stats.pipeline.sql_limits.read();
        totals.alerts += stats.pipeline.alerts.read();
        totals.alerts_suppressed += stats.pipeline.alerts_suppressed.read();
        totals.gaps += stats.stream.gaps.read();
        totals.gap_bytes += stats.stream.gap_bytes.read();
        totals.busy_cycles += worker.busy_cycles;
        totals.load = std::max(totals.load, stats.pipeline.load.read());
        totals.sessions_degraded += stats.pipeline.sessions_degraded.read();
        for (std::size_t i = 0; i < totals.shed_bytes.size(); ++i)
            totals.shed_bytes[i] += stats.pipeline.shed_bytes[i].read();
        for (std::size_t i = 0; i < totals.tds_messages.size(); ++i) {
            totals.tds_messages[i] += stats.pipeline.tds_messages[i].read();
        }
        for (const Drop& drop : drops_of(worker))
            drops[drop.reason] += drop.count;
    }
    for (const PortStats& port : source.ports()) {
        drops["port_missed"] += port.rx_missed;
        drops["port_errors"] += port.rx_errors;
        drops["port_no_mbuf"] += port.rx_no_mbuf;
    }
    for (const FillStats& fill : source.fills()) {
        if (fill.kind == "distributor_ring") drops["distributor_ring_full"] += fill.dropped;
    }
    for (const auto& [reason, count] : drops) {
        if (count > 0) totals.drops.emplace_back(reason, count);
    }
    return totals;
}

}  // namespace querytap::sinks
