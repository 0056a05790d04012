// Events and a metrics source for tests of the sinks.
#pragma once

#include <memory>

#include <querytap/pipeline/inspector.h>
#include <querytap/sinks/metrics_source.h>

namespace querytap::sinks::test {

inline flow::Endpoint endpoint(std::uint32_t address, std::uint16_t port) {
    return {IpAddress::v4(address), port};
}

/// 10.1.2.3:50000 -> 203.0.113.50:1433 at 2026-11-23T07:58:06.123456.
inline pipeline::Event event(pipeline::EventType type) {
    pipeline::Event made;
    made.type = type;
    made.order.time = from_ns(1'795'420'686'123'456'789);
    made.conversation.client = endpoint(0x0a010203, 50000);
    made.conversation.server = endpoint(0xcb007132, 1433);
    made.conversation.key = {made.conversation.client, made.conversation.server,
                             packet::IpProtocol::kTcp};
    made.conversation.flow_id = 42;
    made.conversation.app = protocol::Protocol::kTds;
    switch (type) {
        case pipeline::EventType::kAlert:
            std::construct_at(&made.alert);
            break;
        case pipeline::EventType::kVerdict:
            std::construct_at(&made.verdict);
            break;
        case pipeline::EventType::kFlow:
            std::construct_at(&made.flow);
            made.flow.first = made.flow.last = made.order.time;
            break;
        case pipeline::EventType::kTds:
            std::construct_at(&made.tds);
            break;
    }
    return made;
}

inline signature::Rule rule() {
    signature::Rule made;
    made.sid = 9100001;
    made.rev = 2;
    made.priority = 1;
    made.message = "SQLC2 agent checks in";
    made.classtype = "c2-channel";
    made.technique = "T1071";
    made.metadata = {{"threat", "sqlc2"}, {"mitre_technique_id", "T1071"}, {"threat", "other"}};
    return made;
}

inline pipeline::Event malicious() {
    pipeline::Event made = event(pipeline::EventType::kVerdict);
    made.verdict.level = verdict::Level::kMalicious;
    made.verdict.previous = verdict::Level::kUnknown;
    made.verdict.score = 100;
    made.verdict.reason_count = 1;
    verdict::Reason& reason = made.verdict.reasons[0];
    reason.kind = verdict::Kind::kSignature;
    reason.weight = 100;
    reason.count = 3;
    reason.id.assign("sid:9100001");
    reason.text.assign("SQLC2 agent checks in");
    reason.technique.assign("T1071");
    return made;
}

/// One worker that counted a little of everything.
class Source final : public MetricsSource {
  public:
    Source() {
        pipeline_.packets.add(1000);
        pipeline_.bytes.add(640000);
        pipeline_.decoded[static_cast<std::size_t>(packet::Decoded::kTruncated)].add(7);
        pipeline_.tds_messages[1].add(5);
        pipeline_.tds_messages[31].add(2);
        pipeline_.verdicts[static_cast<std::size_t>(verdict::Level::kMalicious)].add(1);
        flow_.created.add(12);
        flow_.active.add(3);
        flow_.capacity.set(16);
        flow_.evicted_udp.add(4);
        pipeline_.sessions_capacity.set(8);
        const std::uint32_t number = signature::count_number(rule());
        scanner_.rules.reserve(number + 1);
        scanner_.rules.find(number)->hits.add(2);
        scanner_.rules.find(number)->checks.add(3);
    }
    std::vector<WorkerStats> workers() const override {
        std::vector<WorkerStats> stats;
        stats.push_back({.id = 0,
                         .inspector = {pipeline_, flow_, stream_, tds_, tls_, scanner_, fragments_},
                         .busy_cycles = 5000,
                         .idle_cycles = 100,
                         .cycles_per_second = 1e9,
                         .oversized_frames = 0});
        return stats;
    }
    std::vector<PortStats> ports() const override {
        return {{.name = "net_pcap0", .rx_packets = 1000, .rx_bytes = 640000, .rx_missed = 9, .queues = {{900, 0}, {100, 9}}},
                {.name = "net_ring0", .queues = {{500, std::nullopt}}}};
    }
    std::vector<FillStats> fills() const override {
        return {{.kind = "mempool", .name = "net_pcap0", .size = 16384, .used = 32, .dropped = 0},
                {.kind = "event_ring", .name = "worker0", .size = 4096, .used = 1, .dropped = 0}};
    }

  private:
    pipeline::Counters pipeline_;
    flow::TableCounters flow_;
    stream::Counters stream_;
    tds::SessionCounters tds_;
    tls::Counters tls_;
    signature::ScannerCounters scanner_;
    packet::FragmentCounters fragments_;
};

}  // namespace querytap::sinks::test
