#include "browser.h"

#include <querytap/verdict/evidence.h>

#include "alerts.h"

namespace querytap::pipeline {
namespace {

using tds::SsrpMessage;

// SQL Server has room for fifty instances on a host.
constexpr int kInstancesMax = 50;

Conversation conversation_of(const flow::Details& flow, const packet::Envelope& envelope,
                             const flow::Endpoint& client, const flow::Endpoint& server) noexcept {
    return {.client = client,
            .server = server,
            .protocol = flow.key.protocol,
            .key = flow.key,
            .flow_id = flow.id,
            .envelope = envelope};
}

void write(Context& context, const Conversation& who, SsrpMessage message,
           const tds::SsrpInstance& instance) noexcept {
    if (!context.limits.tds_events) return;
    context.events.write<Ssrp>(who, [&](Ssrp& event) {
        event.message = message;
        event.clustered = instance.clustered;
        event.tcp_port = instance.tcp_port;
        event.server.assign(instance.server);
        event.instance.assign(instance.instance);
        event.version.assign(instance.version);
        event.pipe.assign(instance.pipe);
    });
}

/// What was found adds to nothing: a datagram is judged by itself. The verdict of a flow rises
/// only.
void add_evidence(Context& context, flow::Flow& flow, const Conversation& who, verdict::Kind kind,
                  std::string_view id, std::string_view text, std::string_view technique,
                  std::uint16_t weight) noexcept {
    verdict::Ledger ledger;
    if (weight == 0 || !ledger.add(kind, id, text, technique, weight)) return;
    const auto previous = static_cast<verdict::Level>(flow.verdict);
    if (ledger.level() <= previous) return;
    flow.verdict = static_cast<std::uint8_t>(ledger.level());
    const bool written = context.events.write<Verdict>(who, [&](Verdict& event) {
        event.level = ledger.level();
        event.previous = previous;
        event.score = ledger.score();
        event.reason_count = 1;
        event.reasons[0] = ledger[0];
    });
    if (written) context.counters.verdicts[static_cast<std::size_t>(ledger.level())].add();
}

/// Once for a flow: a worm sends to everybody, and to nobody twice.
void flag_overflow(Context& context, flow::Flow& flow, const Conversation& who) noexcept {
    constexpr tds::Anomaly kAnomaly = tds::Anomaly::kSsrpOverflow;
    context.counters.anomalies[static_cast<std::size_t>(kAnomaly)].add();
    if (flow.told) return;
    flow.told = true;
    if (context.limits.tds_events) {
        context.events.write<Tds>(who, [&](Tds& event) {
            event.kind = TdsKind::kAnomaly;
            event.anomaly = kAnomaly;
        });
    }
    constexpr verdict::Evidence kEvidence = verdict::Evidence::kSsrpOverflow;
    const verdict::EvidenceTraits& evidence = verdict::traits(kEvidence);
    context.counters.findings[static_cast<std::size_t>(kEvidence)].add();
    add_evidence(context, flow, who, evidence.kind, evidence.id, evidence.text, evidence.technique,
                 context.limits.weights[static_cast<std::size_t>(kEvidence)]);
}

/// Hits of one datagram.
class DatagramHits final : public signature::HitSink {
  public:
    DatagramHits(Context& context, flow::Flow& flow, const Conversation& who, bool to_server)
        : context_(context), flow_(flow), who_(who), to_server_(to_server) {}

    void on_hit(const signature::Hit& hit) override {
        // Nobody counts the alerts of such a flow, and a worm repeats itself.
        constexpr signature::Rate kUsual{signature::RateType::kLimit, signature::Track::kByBoth, 10,
                                         60};
        const signature::Rule& rule = scanner().rules().rules()[hit.rule];
        if (!is_told(context_, who_, rule, rule.rate.value_or(kUsual), to_server_)) return;
        flow_.told = true;
        write_alert(context_, who_, hit, context_.current->owned->shared.number, to_server_, {},
                    {});
        add_evidence(context_, flow_, who_, verdict::Kind::kSignature, evidence_id(rule).view(),
                     rule.message, rule.technique,
                     verdict::signature_weight(rule.confidence, rule.priority));
    }

    /// Rules on `payload` are those of UDP; the datagram is the value.
    void match(Bytes datagram) noexcept {
        if (!context_.current->wanted[static_cast<std::size_t>(signature::Buffer::kPayload)])
            return;
        const signature::TransactionId id = scanner().open({.client = who_.client.address,
                                                            .server = who_.server.address,
                                                            .client_port = who_.client.port,
                                                            .server_port = who_.server.port,
                                                            .to_server = to_server_,
                                                            .established = true,
                                                            .is_tds = false,
                                                            .is_udp = true,
                                                            .xbits = &context_.xbits});
        scanner().scan(id, signature::Buffer::kPayload, as_text(datagram));
        scanner().close(id, *this);
    }

  private:
    signature::Scanner& scanner() const noexcept { return *context_.current->owned->scanner; }

    Context& context_;
    flow::Flow& flow_;
    const Conversation& who_;
    bool to_server_;
};

void inspect_request(Context& context, flow::Flow& flow, const Conversation& who,
                     Bytes datagram) noexcept {
    const tds::Ssrp ssrp = tds::read_ssrp_request(datagram);
    if (ssrp.message == SsrpMessage::kNone) return;
    if (ssrp.message == SsrpMessage::kOverflow) {
        flag_overflow(context, flow, who);
        return;
    }
    write(context, who, ssrp.message, {.instance = ssrp.instance});
}

/// Calls tell(answer, instance) for each instance that the answer has.
template <typename Tell>
void for_each_instance(Bytes datagram, Tell&& tell) noexcept {
    tds::Ssrp ssrp = tds::read_ssrp_answer(datagram);
    if (ssrp.message == SsrpMessage::kDacAnswer) {
        tell(ssrp.message, tds::SsrpInstance{.tcp_port = ssrp.dac_port});
    }
    tds::SsrpInstance instance;
    for (int i = 0; i < kInstancesMax && tds::next_instance(ssrp.instances, instance); ++i) {
        if (!instance.server.empty()) tell(ssrp.message, instance);
    }
}

}  // namespace

bool is_announcement(const packet::PacketView& packet) noexcept {
    return packet.protocol == packet::IpProtocol::kUdp && packet.source_port == tds::kSsrpPort &&
           tds::read_ssrp_answer(packet.payload).message != SsrpMessage::kNone;
}

void learn_announcement(Context& context, const packet::PacketView& packet) noexcept {
    for_each_instance(packet.payload, [&](SsrpMessage, const tds::SsrpInstance& instance) {
        context.expected_ports.learn_server(packet.source, instance.tcp_port, context.now);
    });
}

void inspect_browser(Context& context, flow::Flow& flow, const flow::Details& details,
                     const packet::PacketView& packet) noexcept {
    const flow::Endpoint source{packet.source, packet.source_port};
    const flow::Endpoint destination{packet.destination, packet.destination_port};
    if (packet.destination_port == tds::kSsrpPort) {
        const Conversation who = conversation_of(details, packet.envelope, source, destination);
        inspect_request(context, flow, who, packet.payload);
        DatagramHits(context, flow, who, true).match(packet.payload);
    }
    if (packet.source_port == tds::kSsrpPort) {
        const Conversation who = conversation_of(details, packet.envelope, destination, source);
        learn_announcement(context, packet);
        for_each_instance(packet.payload, [&](SsrpMessage message, const auto& instance) {
            write(context, who, message, instance);
        });
        DatagramHits(context, flow, who, false).match(packet.payload);
    }
}

}  // namespace querytap::pipeline
