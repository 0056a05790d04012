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

bool has_sent(const Flow& flow, Side side) noexcept {
    return (side == Side::kFromA ? flow.from_a : flow.from_b).any();
}

/// A side that has sent, but no SYN: its packets belong to a connection that began earlier.
bool is_mid_stream(const Flow& flow, Side side) noexcept {
    return has_sent(flow, side) && !has(flags_of(flow, side), kSyn);
}

bool is_sql_port(std::uint16_t port) noexcept {
    return port == 1433 || port == 1434;
}

SynMeaning meaning_of_opening(const Flow& flow, bool is_start, Side side) noexcept {
    if (flow.state == State::kClosed) return SynMeaning::kAnew;
    if (is_start) return SynMeaning::kOwn;
    const Side peer = other(side);
    if (!has_sent(flow, side)) {
        // A SYN-ACK before its SYN is skew between the two ports of a tap; it says which SYN.
        if (flow.start_known(side)) return SynMeaning::kForeign;
        return is_mid_stream(flow, peer) ? SynMeaning::kAnew : SynMeaning::kOwn;
    }
    // Where the peer is not seen, nothing tells a client that tries again from somebody who wants
    // to be lost sight of.
    return has_sent(flow, peer) ? SynMeaning::kForeign : SynMeaning::kAnew;
}

SynMeaning meaning_of_answer(const Flow& flow, bool is_start, Side side) noexcept {
    if (is_start) return SynMeaning::kOwn;
    if (flow.client_known && side == flow.client && flow.state != State::kClosed)
        return SynMeaning::kForeign;  // of a client that answers itself
    // A SYN is the first that a side ever sends: anything before it was another connection.
    return has_sent(flow, side) ? SynMeaning::kAnew : SynMeaning::kOwn;
}

}  // namespace

SynMeaning meaning_of_syn(const Flow& flow, const Starts& starts, Side side,
                          const packet::PacketView& packet) noexcept {
    const bool is_start = flow.start_known(side) && starts.of(side) == packet.sequence + 1;
    return has(packet.tcp_flags, kAck) ? meaning_of_answer(flow, is_start, side)
                                       : meaning_of_opening(flow, is_start, side);
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
        // Only a SYN-ACK was seen so far, from this side: who opens is who says so.
        const bool opens = !answers && !has(flags_of(flow, other(side)), kSyn);
        if (opens) flow.client = side;
        flow.client_known = true;
        return;
    }
    flow.client = has(packet.tcp_flags, kAck) ? other(side) : side;
    flow.client_known = true;
}

State next_state(const Flow& flow, std::uint8_t flags) noexcept {
    if (flow.state == State::kClosed || has(flags, kRst)) return State::kClosed;
    if (has(flags, kFin)) return flow.ended_a && flow.ended_b ? State::kClosed : State::kClosing;
    if (flow.state != State::kNew) return flow.state;

    const std::uint8_t from_client = flags_of(flow, flow.client);
    const std::uint8_t from_server = flags_of(flow, other(flow.client));
    // The client's SYN has no ACK, so an ACK from it is its answer to the SYN-ACK.
    const bool handshake = has(from_server, kSyn | kAck) && has(from_client, kAck);
    const bool data_both_ways = flow.data_from_a && flow.data_from_b;
    return handshake || data_both_ways ? State::kEstablished : State::kNew;
}

}  // namespace querytap::flow
