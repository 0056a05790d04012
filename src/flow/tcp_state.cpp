#include "tcp_state.h"

namespace querytap::flow {
namespace {

using packet::kAck;
using packet::kFin;
using packet::kRst;
using packet::kSyn;

std::uint8_t flags_of(const Flow& flow, Side side) noexcept {
    return side == Side::kFromA ? flow.tcp_flags_a : flow.tcp_flags_b;
}

bool has(std::uint8_t flags, std::uint8_t wanted) noexcept {
    return (flags & wanted) == wanted;
}

/// A side that has sent, but no SYN: its packets belong to a connection that began earlier.
bool is_mid_stream(const Flow& flow, Side side) noexcept {
    const PackedCounters& sent = side == Side::kFromA ? flow.from_a : flow.from_b;
    return sent.any() && !has(flags_of(flow, side), kSyn);
}

bool is_sql_port(std::uint16_t port) noexcept {
    return port == 1433 || port == 1434;
}

}  // namespace

bool begins_anew(const Flow& flow, const Starts& starts, Side side,
                 const packet::PacketView& packet) noexcept {
    if (!has(packet.tcp_flags, kSyn)) return false;
    const bool opens = !has(packet.tcp_flags, kAck);
    if (opens && flow.state == State::kClosed) return true;
    // A SYN is the first that a side ever sends, so anything before it was another connection. A
    // SYN-ACK before its SYN is only skew between the two ports of a tap.
    if (is_mid_stream(flow, side) || (opens && is_mid_stream(flow, other(side)))) return true;
    // The same number again is a retransmission.
    return has(flags_of(flow, side), kSyn) && starts.of(side) != packet.sequence + 1;
}

void guess_client(Flow& flow, Side side, const packet::PacketView& packet) noexcept {
    const bool source_sql = is_sql_port(packet.source_port);
    const bool destination_sql = is_sql_port(packet.destination_port);
    const bool source_is_server =
        source_sql != destination_sql ? source_sql : packet.source_port < packet.destination_port;
    flow.client = source_is_server ? other(side) : side;
    flow.client_known = false;
}

void learn_client(Flow& flow, Side side, const packet::PacketView& packet) noexcept {
    if (!has(packet.tcp_flags, kSyn)) return;
    const bool answers = has(packet.tcp_flags, kAck);
    if (flow.client_known) {
        // Both opened (RFC 9293 section 3.5, figure 8): who serves is a guess again, or a server
        // could pass for the client by speaking first.
        const bool both_open = !answers && flow.state == State::kNew &&
                               flags_of(flow, other(side)) == kSyn && flags_of(flow, side) == kSyn;
        if (both_open) guess_client(flow, side, packet);
        flow.client_known = true;
        return;
    }
    flow.client = has(packet.tcp_flags, kAck) ? other(side) : side;
    flow.client_known = true;
}

State next_state(const Flow& flow, Side side, std::uint8_t flags) noexcept {
    if (flow.state == State::kClosed || has(flags, kRst)) return State::kClosed;
    if (has(flags, kFin)) {
        return has(flags_of(flow, other(side)), kFin) ? State::kClosed : State::kClosing;
    }
    if (flow.state != State::kNew) return flow.state;

    const std::uint8_t from_client = flags_of(flow, flow.client);
    const std::uint8_t from_server = flags_of(flow, other(flow.client));
    // The client's SYN has no ACK, so an ACK from it is its answer to the SYN-ACK.
    const bool handshake = has(from_server, kSyn | kAck) && has(from_client, kAck);
    const bool data_both_ways = flow.data_from_a && flow.data_from_b;
    return handshake || data_both_ways ? State::kEstablished : State::kNew;
}

}  // namespace querytap::flow
