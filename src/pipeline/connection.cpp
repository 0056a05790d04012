#include <algorithm>

#include "connection_novelty.h"
#include "interest.h"

namespace querytap::pipeline {

Connection::Connection(Context& context, flow::Flow& flow, const flow::Details& details)
    : context_(context),
      flow_(flow),
      session_(context.session_pool,
               flow.beginning_lost || (!flow.start_known_a && !flow.start_known_b)) {
    for (const flow::Side side : {flow::Side::kFromA, flow::Side::kFromB}) {
        Lane& from = lane(side);
        from.midstream = flow.beginning_lost || !flow.start_known(side);
        if (from.midstream) continue;
        from.half.started = true;
        from.half.next_sequence = side == flow::Side::kFromA ? details.start_a : details.start_b;
    }
    conversation_.protocol = details.key.protocol;
    conversation_.key = details.key;
    conversation_.flow_id = details.id;
    conversation_.envelope = details.envelope;
    refresh_conversation();
    if (flow.shed) {
        degraded_.add(Shed::kStreams);
        context_.counters.sessions_degraded.add();
    }
    context_.counters.sessions_active.add();
}

Connection::~Connection() {
    while (messages_ != nullptr) {
        MessageMatch* const message = messages_;
        messages_ = message->next;
        context_.messages.release(message);
    }
    for (MessageMatch* raw : raw_) {
        if (raw != nullptr) context_.messages.release(raw);
    }
    if (first_bytes_ != nullptr) context_.first_bytes.release(first_bytes_);
    if (findings_ != nullptr) context_.findings.release(findings_);
    context_.counters.sessions_active.sub();
}

void Connection::refresh_conversation() noexcept {
    const bool client_is_a = flow_.client == flow::Side::kFromA;
    const flow::Key& key = conversation_.key;
    conversation_.client = client_is_a ? key.a : key.b;
    conversation_.server = client_is_a ? key.b : key.a;
    conversation_.app = static_cast<protocol::Protocol>(flow_.app);
}

void Connection::begin_session(protocol::Protocol app) noexcept {
    stage_ = Stage::kSession;
    flow_.app = static_cast<std::uint8_t>(app);
    flow_.value = flow::Value::kSql;
    refresh_conversation();
    if (app == protocol::Protocol::kTls) transport_ = policy::Transport::kEncrypted;
    check_policy();
    if (urgent_seen_) urgent_data();
    look_for_news(novelty::Thing::kPair, conversation_.client.address, verdict::Evidence::kNewPair);
}

bool Connection::may_end(flow::Side side, const packet::PacketView& packet) const noexcept {
    const Lane& from = lane(side);
    if (from.left_out) return true;
    if ((packet.tcp_flags & packet::kRst) != 0)
        return stream::Reassembler::may_reset(from.half, packet.sequence);
    return stream::Reassembler::may_finish(from.half,
                                           {packet.sequence, packet.tcp_flags, packet.payload});
}

bool Connection::ended(flow::Side side) const noexcept {
    const Lane& from = lane(side);
    return from.left_out ? flow_.ended(side) : from.half.finished && !went_on(side);
}

bool Connection::went_on(flow::Side side) const noexcept {
    return stream::Reassembler::went_on(lane(side).half);
}

bool Connection::settled() const noexcept {
    const bool both_spoke = to_server_.half.moved && to_client_.half.moved;
    return stage_ == Stage::kSession && (both_spoke || session_.logged_in());
}

void Connection::packet(flow::Side side, const packet::PacketView& packet) noexcept {
    Lane& from = lane(side);
    stream::Reassembler& reassembler = context_.reassembler;
    if (const std::optional<Shed> what = to_leave_out(from)) {
        leave_out(from, *what, packet.payload.size());
    } else {
        from.left_out = false;
        reassembler.push(from.half, {packet.sequence, packet.tcp_flags, packet.payload},
                         context_.now, from);
    }
    if (!packet.payload.empty()) look_at_flags(packet);
    if ((packet.tcp_flags & packet::kAck) != 0) {
        Lane& back = &from == &to_server_ ? to_client_ : to_server_;
        reassembler.acknowledge(back.half, packet.acknowledgement,
                                flow::Table::window_of(flow_, side, packet));
    }
    reassembler.check_hole(to_server_.half, context_.now, to_server_);
    reassembler.check_hole(to_client_.half, context_.now, to_client_);
}

/// What flags say of the data that stands with them.
void Connection::look_at_flags(const packet::PacketView& packet) noexcept {
    constexpr std::uint8_t kTaken = packet::kAck | packet::kSyn | packet::kRst;
    if ((packet.tcp_flags & packet::kUrg) != 0) urgent_data();
    if ((packet.tcp_flags & kTaken) == 0 && stage_ == Stage::kSession)
        add_evidence(verdict::Evidence::kDataWithoutAck);
}

std::optional<Shed> Connection::to_leave_out(const Lane& from) const noexcept {
    if (context_.load < Load::kResults || stage_ != Stage::kSession || !session_.logged_in()) {
        return {};
    }
    if (&from == &to_client_) return Shed::kResults;
    const bool sanctioned = level() == verdict::Level::kBenign;
    if (context_.load >= Load::kRequests && sanctioned) return Shed::kRequests;
    return {};
}

/// The first packet ends what is under way; when the load is gone, the stream is picked up as one
/// that was never seen before.
void Connection::leave_out(Lane& from, Shed what, std::size_t bytes) noexcept {
    shed(context_, what, bytes);
    if (bytes == 0 || from.left_out) return;
    from.left_out = true;
    context_.reassembler.restart(from.half);
    session_.gap(from.direction(), *this);
    if (!degraded_.any()) context_.counters.sessions_degraded.add();
    if (degraded_.add(what) && level() != verdict::Level::kUnknown) verdict_stale_ = true;
}

void Connection::finish() noexcept {
    context_.reassembler.flush(to_server_.half, to_server_);
    context_.reassembler.flush(to_client_.half, to_client_);
    if (stage_ == Stage::kSession) session_.finish(*this);
    if (stage_ == Stage::kProbing && is_watched(protocol::Protocol::kUnknown, flow_, false)) {
        watch(protocol::Protocol::kUnknown);
        take_prefixes();
    }
    end_watch();
    while (messages_ != nullptr)
        close(*messages_);
    for (MessageMatch*& raw : raw_) {
        if (raw == nullptr) continue;
        Hits hits(*this, *raw);
        raw->finish(hits);
        context_.messages.release(raw);
        raw = nullptr;
    }
    finish_policy();
    if (verdict_stale_) write_verdict();
    flow_.verdict = static_cast<std::uint8_t>(level());
}

void Connection::stream(Lane& from, Bytes bytes) noexcept {
    switch (stage_) {
        case Stage::kProbing:
            probe(from, bytes);
            break;
        case Stage::kSession:
            feed(from, bytes);
            break;
        case Stage::kWatched:
            watched(from.direction(), bytes);
            break;
        case Stage::kAbandoned:
            break;
    }
}

void Connection::feed(Lane& from, Bytes bytes) noexcept {
    context_.counters.payload_bytes_to_tds.add(bytes.size());
    if (context_.current->volumes) count_volume(from.direction(), bytes.size());
    session_.feed(from.direction(), bytes, *this);
    if (context_.views_owner != nullptr) context_.views_owner->segment_end();
}

void Connection::probe(Lane& from, Bytes bytes) noexcept {
    const std::size_t size = std::min(bytes.size(), from.prefix.size() - from.prefix_size);
    std::copy_n(bytes.begin(), size, from.prefix.begin() + from.prefix_size);
    from.prefix_size = static_cast<std::uint8_t>(from.prefix_size + size);
    const Bytes prefix = Bytes{from.prefix}.first(from.prefix_size);

    const protocol::Protocol app = protocol::identify(prefix, from.midstream);
    if (app == protocol::Protocol::kUndecided) return;
    if (is_inspected(app, conversation_.key, context_)) {
        begin_session(app);
    } else if (is_watched(app, flow_, from.midstream)) {
        watch(app);
    } else {
        // What stands in the middle of a stream says nothing of the stream.
        if (!from.midstream) flow_.app = static_cast<std::uint8_t>(app);
        stage_ = Stage::kAbandoned;
        return;
    }
    take_prefixes();
    stream(from, bytes.subspan(size));
}

/// What was gathered while it was not known what the stream is.
void Connection::take_prefixes() noexcept {
    for (Lane* lane : {&to_server_, &to_client_}) {
        if (lane->prefix_size > 0) stream(*lane, Bytes{lane->prefix}.first(lane->prefix_size));
    }
}

void Connection::gap(Lane& from) noexcept {
    ++gaps_;
    if (stage_ == Stage::kSession) {
        session_.gap(from.direction(), *this);
    } else if (stage_ == Stage::kProbing) {
        stage_ = Stage::kAbandoned;
        flow_.beginning_lost = true;  // later packets are tried mid-stream
    }
}

void Connection::conflicting_overlap() noexcept {
    if (stage_ != Stage::kSession) return;
    add_evidence(verdict::Evidence::kConflictingOverlap);
}

/// It stays in the stream, as RFC 6093 wants it. Sockets by default take one byte out, and no TDS
/// peer sends any: where the two differ, something is hidden.
void Connection::urgent_data() noexcept {
    urgent_seen_ = true;
    if (stage_ == Stage::kSession) add_evidence(verdict::Evidence::kUrgentData);
}

void Connection::late_bytes() noexcept {
    if (stage_ == Stage::kSession) add_evidence(verdict::Evidence::kLateData);
}

void Connection::overlapping_fragments() noexcept {
    add_evidence(verdict::Evidence::kOverlappingFragments);
}

void Connection::fill(FlowEnd& record) const noexcept {
    record.tds_messages_to_server = messages_to_server_;
    record.tds_messages_to_client = messages_to_client_;
    record.gaps = gaps_;
    record.alerts = alerts_;
    record.degraded = degraded_;
    record.encrypted = transport_ == policy::Transport::kEncrypted;
    record.user = user_;
    record.application = application_;
}

void Connection::add_evidence(verdict::Evidence evidence, std::string_view text) noexcept {
    const verdict::EvidenceTraits& traits = verdict::traits(evidence);
    const std::uint16_t weight = context_.limits.weights[static_cast<std::size_t>(evidence)];
    Counter& counter = context_.counters.findings[static_cast<std::size_t>(evidence)];
    if (weight == 0) return counter.add();
    const std::size_t reasons = findings().ledger.size();
    add_reason(traits.kind, traits.id, text.empty() ? traits.text : text, traits.technique, weight);
    if (findings().ledger.size() != reasons) counter.add();
}

void Connection::add_reason(verdict::Kind kind, std::string_view id, std::string_view text,
                            std::string_view technique, std::uint16_t weight) noexcept {
    verdict::Ledger& ledger = findings().ledger;
    const std::size_t reasons = ledger.size();
    ledger.add(kind, id, text, technique, weight);
    if (ledger.level() != told_) {
        write_verdict();
    } else if (ledger.size() != reasons) {
        verdict_stale_ = true;  // told when the flow ends
    }
}

verdict::Level Connection::level() const noexcept {
    if (findings_ != nullptr) return findings_->ledger.level();
    return allowed_ ? verdict::Level::kBenign : verdict::Level::kUnknown;
}

Findings& Connection::findings() noexcept {
    if (findings_ == nullptr) {
        findings_ = context_.findings.acquire();
        if (allowed_) findings_->ledger.allow();
    }
    return *findings_;
}

/// What finds no room is told again with the next evidence, and when the flow ends.
void Connection::write_verdict() noexcept {
    const verdict::Ledger& ledger = findings().ledger;
    verdict_stale_ = !context_.events.write<Verdict>(conversation_, [&](Verdict& event) {
        event.level = ledger.level();
        event.previous = told_;
        event.score = ledger.score();
        event.folded = ledger.folded();
        event.degraded = degraded_;
        event.reason_count = static_cast<std::uint8_t>(ledger.size());
        for (std::size_t i = 0; i < ledger.size(); ++i)
            event.reasons[i] = ledger[i];
    });
    if (verdict_stale_) return;
    told_ = ledger.level();
    context_.counters.verdicts[static_cast<std::size_t>(told_)].add();
}

}  // namespace querytap::pipeline
