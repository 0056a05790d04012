#include "connections.h"

#include "interest.h"

namespace querytap::pipeline {
namespace {

using protocol::Protocol;

/// Without a handshake a stream may start anywhere: so many segments are looked at for the
/// beginning of something, in flows that do not touch a SQL port.
constexpr std::uint8_t kAttemptsMax = 16;

/// MS-TDS 2.2.3.1.1: only servers send tabular results.
bool is_from_server(Bytes tds) noexcept {
    return static_cast<tds::PacketType>(tds[0]) == tds::PacketType::kTabularResult;
}

/// A client's first words (MS-TDS 2.2.6.4, 2.2.6.5): they are read at every load.
bool begins_login(Bytes tds) noexcept {
    const auto type = static_cast<tds::PacketType>(tds[0]);
    return type == tds::PacketType::kPrelogin || type == tds::PacketType::kLogin7;
}

/// Payload that a receiver would take: RFC 9293 sections 3.10.7.4 and 3.5.3.
bool has_data(const packet::PacketView& packet) noexcept {
    constexpr std::uint8_t kTaken = packet::kAck | packet::kSyn;
    return !packet.payload.empty() && (packet.tcp_flags & kTaken) != 0 &&
           (packet.tcp_flags & packet::kRst) == 0;
}

void find_other(flow::Flow& flow, Protocol app) noexcept {
    flow.app = static_cast<std::uint8_t>(app);
    flow.value = flow::Value::kUninteresting;
}

}  // namespace

bool Connections::may_end(const flow::Flow& flow, flow::Side side,
                          const packet::PacketView& packet) noexcept {
    constexpr std::uint8_t kEnds = packet::kRst | packet::kFin;
    if ((packet.tcp_flags & kEnds) == 0) return true;
    const Connection* const connection = of(flow);
    const bool believed = connection == nullptr || connection->may_end(side, packet);
    if (!believed && (packet.tcp_flags & packet::kRst) != 0) context_.counters.resets_ignored.add();
    return believed;
}

void Connections::packet(flow::Flow& flow, flow::Side side,
                         const packet::PacketView& packet) noexcept {
    if (flow.attachment == flow::kNoAttachment) {
        if (flow.value == flow::Value::kUninteresting || !has_data(packet)) return;
        decide(flow, side, packet);
        if (flow.attachment == flow::kNoAttachment) return;
    }
    Connection& connection = pool_[flow.attachment];
    connection.packet(side, packet);
    if (connection.abandoned()) return detach(flow);
    follow_ends(flow, side, connection);
    if (connection.links.list == &probation_ && connection.settled())
        ConnectionList::remove(connection);
}

/// A FIN counts when all before it has come; who goes on behind one has not ended.
void Connections::follow_ends(flow::Flow& flow, flow::Side side,
                              const Connection& connection) noexcept {
    const bool ended = flow.ended(side);
    if (ended == connection.ended(side)) return;
    if (!ended) return flows_.end_side(flow, side);
    if (connection.went_on(side)) flows_.reopen_side(flow, side);
}

void Connections::overlapping_fragments(flow::Flow& flow) noexcept {
    const bool may_be_sql =
        flow.protocol == packet::IpProtocol::kTcp && touches_sql_port(flows_.key(flow), context_);
    if (flow.attachment == flow::kNoAttachment && may_be_sql &&
        flow.value != flow::Value::kUninteresting) {
        attach(flow);
    }
    if (Connection* const connection = of(flow)) connection->overlapping_fragments();
}

/// First payload of a stream that nobody knows yet.
void Connections::decide(flow::Flow& flow, flow::Side side,
                         const packet::PacketView& packet) noexcept {
    if (flow.beginning_lost || !flow.start_known(side)) {
        decide_midstream(flow, side, packet);
    } else {
        decide_beginning(flow, side, packet);
    }
}

void Connections::decide_midstream(flow::Flow& flow, flow::Side side,
                                   const packet::PacketView& packet) noexcept {
    const flow::Key key = flows_.key(flow);
    const bool sql_port = touches_sql_port(key, context_);
    const Protocol app = protocol::identify(packet.payload, true);
    const bool login = app == Protocol::kTds && begins_login(packet.payload);
    if (context_.load >= Load::kStreams && !sql_port && !login) {
        shed(context_, Shed::kStreams, packet.payload.size());
        flow.shed = true;
        return;
    }
    if (is_inspected(app, key, context_)) {
        // Where the port does not tell who serves, the first message does.
        if (app == Protocol::kTds && !flow.client_known && !tells_server(key)) {
            flow.client = is_from_server(packet.payload) ? flow::other(side) : side;
        }
        if (Connection* connection = attach(flow)) connection->begin_session(app);
    } else if (is_watched(app, flow, true)) {
        if (Connection* connection = attach(flow)) connection->watch(app);
    } else if (sql_port) {
        // There a beginning is waited for as long as it takes: this may be the middle of anything.
        if (app == Protocol::kUndecided) attach(flow);  // of a header cut in pieces
    } else if (app != Protocol::kUndecided && app != Protocol::kUnknown) {
        find_other(flow, app);
    } else if (++flow.attempts >= kAttemptsMax) {
        find_other(flow, Protocol::kUnknown);
    }
}

void Connections::decide_beginning(flow::Flow& flow, flow::Side side,
                                   const packet::PacketView& packet) noexcept {
    const flow::Details details = flows_.details(flow);
    const bool in_order =
        packet.sequence == (side == flow::Side::kFromA ? details.start_a : details.start_b);
    const Protocol app =
        in_order ? protocol::identify(packet.payload, false) : Protocol::kUndecided;
    if (is_inspected(app, details.key, context_)) {
        if (Connection* connection = attach(flow)) connection->begin_session(app);
    } else if (is_watched(app, flow, false)) {
        if (Connection* connection = attach(flow)) connection->watch(app);
    } else if (app == Protocol::kUndecided) {
        attach(flow);  // too few bytes, or out of order: the connection looks at the stream itself
    } else {
        find_other(flow, app);
    }
}

Connection* Connections::attach(flow::Flow& flow) noexcept {
    Connection* connection = pool_.acquire(context_, flow, flows_.details(flow));
    if (connection == nullptr && probation_.oldest() != nullptr) {
        reclaim(probation_.oldest()->flow());
        connection = pool_.acquire(context_, flow, flows_.details(flow));
    }
    if (connection == nullptr) {
        context_.counters.sessions_exhausted.add();
        return nullptr;
    }
    flow.attachment = pool_.index_of(connection);
    probation_.add(*connection);
    return connection;
}

/// Should it go on, it is picked up mid-stream.
void Connections::reclaim(flow::Flow& flow) noexcept {
    context_.counters.sessions_reclaimed.add();
    detach(flow);
    flow.app = 0;
    flow.value = flow::Value::kUndecided;
    flow.beginning_lost = true;
}

void Connections::detach(flow::Flow& flow) noexcept {
    pool_[flow.attachment].finish();
    release(flow);
    if (flow.app != 0) flow.value = flow::Value::kUninteresting;
}

void Connections::release(flow::Flow& flow) noexcept {
    Connection& connection = pool_[flow.attachment];
    ConnectionList::remove(connection);
    pool_.release(&connection);
    flow.attachment = flow::kNoAttachment;
}

}  // namespace querytap::pipeline
