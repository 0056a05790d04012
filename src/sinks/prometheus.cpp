#include <algorithm>
#include <utility>

#include <prometheus/text_serializer.h>

#include <querytap/sinks/prometheus.h>

#include "metric_families.h"
#include "names.h"
#include "totals.h"

namespace querytap::sinks {
namespace {

double number(const Counter& counter) {
    return static_cast<double>(counter.read());
}
double number(std::uint64_t value) {
    return static_cast<double>(value);
}

void add_traffic(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const pipeline::Counters& pipeline = worker.inspector.pipeline;
    out.counter("packets_total", "Packets inspected.", labels, number(pipeline.packets));
    out.counter("bytes_total", "Bytes of the packets inspected, from the Ethernet header on.",
                labels, number(pipeline.bytes));
    for (const Drop& drop : drops_of(worker)) {
        Labels with_reason = labels;
        with_reason.emplace_back("reason", drop.reason);
        out.counter("drops_total",
                    "Packets, or parts of what they carried, that were not inspected, by reason.",
                    with_reason, number(drop.count));
    }
    const packet::FragmentCounters& fragments = worker.inspector.fragments;
    out.counter("fragments_total", "IP fragments.", labels, number(fragments.fragments));
    out.counter("fragments_duplicate_total", "IP fragments that came again.", labels,
                number(fragments.duplicates));
    out.counter("fragmented_datagrams_total", "IP datagrams put together from fragments.", labels,
                number(fragments.datagrams));
    out.counter("worker_busy_cycles_total", "TSC cycles spent on packets.", labels,
                number(worker.busy_cycles));
    out.counter("worker_idle_cycles_total", "TSC cycles spent looking for packets.", labels,
                number(worker.idle_cycles));
}

void add_flows(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const flow::TableCounters& flow = worker.inspector.flow;
    out.gauge("flows_active", "Flows in the table.", labels, number(flow.active));
    out.gauge("flows_capacity", "Flows that the table has room for.", labels,
              number(flow.capacity));
    out.counter("flows_created_total", "Flows seen for the first time.", labels,
                number(flow.created));
    const std::pair<const char*, const Counter&> ends[] = {{"timeout", flow.ended_timeout},
                                                           {"closed", flow.ended_closed},
                                                           {"evicted", flow.ended_evicted},
                                                           {"shutdown", flow.ended_shutdown}};
    for (const auto& [reason, count] : ends) {
        Labels with_reason = labels;
        with_reason.emplace_back("reason", reason);
        out.counter("flows_expired_total", "Flows that ended, by reason.", with_reason,
                    number(count));
    }
    const std::pair<const char*, const Counter&> kinds[] = {
        {"half_open", flow.evicted_half_open}, {"udp", flow.evicted_udp},
        {"closed", flow.evicted_closed},       {"uninteresting", flow.evicted_uninteresting},
        {"undecided", flow.evicted_undecided}, {"tds", flow.evicted_sql}};
    for (const auto& [kind, count] : kinds) {
        Labels with_kind = labels;
        with_kind.emplace_back("kind", kind);
        out.counter("flows_evicted_total",
                    "Flows evicted from a full table, by what they were: TDS sessions only where "
                    "nothing else was found.",
                    with_kind, number(count));
    }
}

void add_streams(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const stream::Counters& stream = worker.inspector.stream;
    out.counter("stream_segments_held_total", "TCP segments that came before their turn.", labels,
                number(stream.segments_held));
    out.counter("stream_retransmitted_bytes_total", "TCP payload that came again.", labels,
                number(stream.retransmitted_bytes));
    out.counter("stream_conflicting_overlaps_total",
                "TCP segments that overlap others with different content.", labels,
                number(stream.conflicting_overlaps));
    out.counter("stream_gaps_total", "Holes in TCP streams that did not close.", labels,
                number(stream.gaps));
    out.counter("stream_gap_bytes_total", "TCP payload that was never seen.", labels,
                number(stream.gap_bytes));
    out.counter("tcp_resets_ignored_total",
                "RST of TDS connections whose number no receiver would believe.", labels,
                number(worker.inspector.pipeline.resets_ignored));
    out.counter("tcp_syns_ignored_total",
                "SYNs in the middle of connections, which the peer did not answer.", labels,
                number(worker.inspector.flow.syns_ignored));
    out.counter("stream_segments_far_total", "TCP segments beyond the receiver's window, not used.",
                labels, number(stream.segments_far));
    out.counter("stream_segments_refused_total",
                "TCP data that no receiver takes: without ACK, or on a stray SYN.", labels,
                number(stream.segments_refused));
    out.counter("stream_resynchronised_total",
                "Streams that were taken up again far from where they stood.", labels,
                number(stream.resynchronised));
    out.counter("stream_held_dropped_bytes_total",
                "TCP payload that came before its turn, and was let go when a bound was reached.",
                labels, number(stream.held_dropped_bytes));
    out.counter("stream_late_bytes_total", "TCP payload for holes that had been given up.", labels,
                number(stream.late_bytes));
    out.gauge("stream_blocks_in_use", "Blocks that hold segments before their turn.", labels,
              number(stream.blocks_in_use));
}

void add_tds(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const pipeline::Counters& pipeline = worker.inspector.pipeline;
    for (std::size_t type = 0; type < pipeline.tds_messages.size(); ++type) {
        const auto name = tds::name(static_cast<tds::PacketType>(type));
        const bool last = type + 1 == pipeline.tds_messages.size();
        if (name == "unknown" && !last) continue;  // undefined types are counted in the last place
        Labels with_type = labels;
        with_type.emplace_back("type", name);
        out.counter("tds_messages_total", "TDS messages, by type.", with_type,
                    number(pipeline.tds_messages[type]));
    }
    for (std::size_t i = 0; i < pipeline.anomalies.size(); ++i) {
        Labels with_kind = labels;
        with_kind.emplace_back("kind", tds::name(static_cast<tds::Anomaly>(i)));
        out.counter("tds_anomalies_total", "What no correct TDS peer says, by kind.", with_kind,
                    number(pipeline.anomalies[i]));
    }
    out.gauge("tds_sessions_active", "TDS connections being inspected.", labels,
              number(pipeline.sessions_active));
    out.gauge("tds_sessions_capacity", "TDS connections that can be inspected at once.", labels,
              number(pipeline.sessions_capacity));
    out.counter("tds_logins_total", "Logins seen in clear.", labels, number(pipeline.logins));
    out.counter("tds_queries_total", "Requests with SQL or an RPC.", labels,
                number(pipeline.queries));
    out.counter("sql_limits_total",
                "Times that a bound left something of a SQL text unfolded, cut or unseen.", labels,
                number(pipeline.sql_limits));
}

void add_tls(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const tls::Counters& tls = worker.inspector.tls;
    out.counter("tls_handshakes_total", "TLS handshakes read.", labels, number(tls.handshakes));
    out.gauge("tls_handshakes_active", "TLS handshakes under way.", labels,
              number(tls.handshakes_in_use));
    out.counter("tls_messages_malformed_total",
                "TLS handshake messages that contradict themselves.", labels,
                number(tls.messages_malformed));
    out.counter("tls_messages_oversized_total", "TLS hellos longer than is read.", labels,
                number(tls.messages_oversized));
    out.counter("tls_records_decrypted_total", "TLS records that a key log opened.", labels,
                number(tls.records_decrypted));
    out.counter("tls_records_undecrypted_total", "TLS records that a key log should have opened.",
                labels, number(tls.records_undecrypted));
}

void add_detection(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const pipeline::Counters& pipeline = worker.inspector.pipeline;
    out.counter("alerts_total", "Alerts written.", labels, number(pipeline.alerts));
    out.counter("alerts_below_threshold_total",
                "Hits that a rule's threshold or detection_filter holds back.", labels,
                number(pipeline.alerts_below_threshold));
    out.counter("rate_windows_evicted_total",
                "Windows of threshold and detection_filter forgotten before they ended.", labels,
                number(pipeline.rate_windows_evicted));
    out.counter("volumes_evicted_total",
                "Volumes of pairs (policy: volume) forgotten before the day was over.", labels,
                number(pipeline.volumes_evicted));
    out.counter("xbits_evicted_total", "xbits forgotten before they expired.", labels,
                number(pipeline.xbits_evicted));
    out.counter("hits_suppressed_total", "Hits that threshold.config suppresses.", labels,
                number(worker.inspector.scanner.suppressed));
    out.counter("alerts_suppressed_total", "Repeated alerts of a flow that were only counted.",
                labels, number(pipeline.alerts_suppressed));
    for (std::size_t i = 0; i < pipeline::kEventTypeCount; ++i) {
        Labels with_type = labels;
        with_type.emplace_back("type", name(static_cast<pipeline::EventType>(i)));
        out.counter("events_dropped_total", "Events that found the event ring full, by type.",
                    with_type, number(pipeline.events_dropped[i]));
    }
    out.counter("scanned_bytes_total", "Bytes given to the signature matcher.", labels,
                number(worker.inspector.scanner.scanned_bytes));
    for (std::size_t i = 0; i < verdict::kEvidenceCount; ++i) {
        const auto& finding = verdict::traits(static_cast<verdict::Evidence>(i));
        Labels with_finding = labels;
        with_finding.emplace_back("kind", verdict::name(finding.kind));
        with_finding.emplace_back("finding", finding.id);
        out.counter("findings_total",
                    "What was held against conversations beside signatures, by finding.",
                    with_finding, number(pipeline.findings[i]));
    }
    for (std::size_t i = 0; i < verdict::kLevelCount; ++i) {
        Labels with_level = labels;
        with_level.emplace_back("level", verdict::name(static_cast<verdict::Level>(i)));
        out.counter("verdicts_total", "Verdicts written, by level.", with_level,
                    number(pipeline.verdicts[i]));
    }
}

void add_overload(MetricFamilies& out, const WorkerStats& worker, const Labels& labels) {
    const pipeline::Counters& pipeline = worker.inspector.pipeline;
    out.gauge(
        "overload_level",
        "What the worker leaves out to keep up: 0 nothing, 1 unknown streams, 2 results, too, "
        "3 requests that the policy allows, too.",
        labels, number(pipeline.load));
    for (std::size_t i = 0; i < pipeline::kShedCount; ++i) {
        Labels with_payload = labels;
        with_payload.emplace_back("payload", pipeline::name(static_cast<pipeline::Shed>(i)));
        out.counter("shed_bytes_total", "Payload not inspected since the worker could not keep up.",
                    with_payload, number(pipeline.shed_bytes[i]));
    }
    out.counter("tds_sessions_degraded_total",
                "TDS connections of which something was not inspected for overload.", labels,
                number(pipeline.sessions_degraded));
}

void add_port(MetricFamilies& out, const PortStats& port) {
    const Labels labels{{"port", port.name}};
    out.counter("port_rx_packets_total", "Packets that the port received.", labels,
                number(port.rx_packets));
    out.counter("port_rx_bytes_total", "Bytes that the port received.", labels,
                number(port.rx_bytes));
    out.counter("port_rx_missed_total", "Packets lost because the RX ring was full.", labels,
                number(port.rx_missed));
    out.counter("port_rx_errors_total", "Packets that the port received broken.", labels,
                number(port.rx_errors));
    out.counter("port_rx_no_mbuf_total", "Times that the mempool was empty.", labels,
                number(port.rx_no_mbuf));
    for (std::size_t i = 0; i < port.queues.size(); ++i) {
        Labels with_queue = labels;
        with_queue.emplace_back("queue", std::to_string(i));
        out.counter("port_queue_rx_packets_total", "Packets that came on the queue.", with_queue,
                    number(port.queues[i].rx_packets));
        if (!port.queues[i].rx_dropped) continue;
        out.counter("port_queue_rx_dropped_total",
                    "Packets of the queue that were lost, where the device says so.", with_queue,
                    number(*port.queues[i].rx_dropped));
    }
}

void add_fill(MetricFamilies& out, const FillStats& fill) {
    if (fill.kind == "mempool") {
        const Labels labels{{"port", fill.name}};
        out.gauge("mempool_size_mbufs", "Packet buffers of the port.", labels, number(fill.size));
        out.gauge("mempool_used_mbufs", "Packet buffers in use.", labels, number(fill.used));
        return;
    }
    const Labels labels{{"ring", fill.kind}, {"name", fill.name}};
    out.gauge("ring_size_slots", "Places of the ring.", labels, number(fill.size));
    out.gauge("ring_used_slots", "Places taken.", labels, number(fill.used));
    out.counter("ring_dropped_total", "What came when the ring was full.", labels,
                number(fill.dropped));
}

/// Of the signatures, those that cost most: each is two series of its own.
void add_signatures(MetricFamilies& out, const std::vector<WorkerStats>& workers) {
    constexpr std::size_t kShownMax = 1000;
    struct Cost {
        signature::CountedRule rule;
        std::uint64_t hits = 0;
        std::uint64_t checks = 0;
    };
    std::vector<Cost> costs;
    for (signature::CountedRule& rule : signature::counted_rules()) {
        Cost cost{.rule = std::move(rule)};
        for (const WorkerStats& worker : workers) {
            const auto* count = worker.inspector.scanner.rules.find(cost.rule.number);
            if (count == nullptr) continue;
            cost.hits += count->hits.read();
            cost.checks += count->checks.read();
        }
        if (cost.hits + cost.checks > 0) costs.push_back(std::move(cost));
    }
    std::stable_sort(costs.begin(), costs.end(), [](const Cost& a, const Cost& b) {
        return std::pair(a.hits, a.checks) > std::pair(b.hits, b.checks);
    });
    out.gauge("signatures_not_shown", "Signatures that counted something and have no series.", {},
              number(costs.size() - std::min(costs.size(), kShownMax)));
    costs.resize(std::min(costs.size(), kShownMax));
    for (const Cost& cost : costs) {
        const Labels labels{{"sid", std::to_string(cost.rule.sid)},
                            {"signature", cost.rule.message}};
        out.counter("signature_hits_total", "Times that the signature held, told or not.", labels,
                    number(cost.hits));
        out.counter("signature_checks_total",
                    "Times that its rarest pattern matched and the rest was looked at.", labels,
                    number(cost.checks));
    }
}

}  // namespace

std::string prometheus_exposition(const MetricsSource& source, const PairStats& pairs) {
    MetricFamilies out;
    out.gauge("build_info", "Always 1; the version is in the label.",
              {{"version", QUERYTAP_VERSION}}, 1);
    const std::vector<WorkerStats> workers = source.workers();
    for (const WorkerStats& worker : workers) {
        const Labels labels{{"worker", std::to_string(worker.id)}};
        add_traffic(out, worker, labels);
        add_flows(out, worker, labels);
        add_streams(out, worker, labels);
        add_tds(out, worker, labels);
        add_tls(out, worker, labels);
        add_detection(out, worker, labels);
        add_overload(out, worker, labels);
    }
    add_signatures(out, workers);
    out.gauge("pairs_under_suspicion", "Pairs of hosts that have something against them.", {},
              number(pairs.pairs));
    out.counter("pairs_left_out_total", "Verdicts of pairs that found no place.", {},
                number(pairs.left_out));
    out.counter("verdicts_folded_total",
                "Verdict records of flows not written, since their pair repeats itself.", {},
                number(pairs.folded));
    if (const novelty::Memory* memory = source.memory()) {
        out.gauge("seen_entries", "Places for things that were seen before.", {},
                  number(memory->entries()));
        out.gauge("seen_used", "Places taken.", {}, number(memory->used()));
        out.counter("seen_evicted_total", "Things seen before that gave way to newer ones.", {},
                    number(memory->evicted()));
    }
    for (const PortStats& port : source.ports())
        add_port(out, port);
    for (const FillStats& fill : source.fills())
        add_fill(out, fill);
    return prometheus::TextSerializer().Serialize(out.all());
}

}  // namespace querytap::sinks
