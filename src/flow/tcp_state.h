// How packets move a flow from state to state, and what they say about who opened it. A tap may
// miss packets and see one direction only: the states claim no more than was seen.
#pragma once

#include <querytap/flow/table.h>

namespace querytap::flow {

/// Sequence numbers of the first bytes; mean something where Flow::start_known.
struct Starts {
    std::uint32_t from_a;
    std::uint32_t from_b;
    std::uint32_t& of(Side side) noexcept { return side == Side::kFromA ? from_a : from_b; }
    std::uint32_t of(Side side) const noexcept { return side == Side::kFromA ? from_a : from_b; }
};

/// What a SYN is to the connection that its ports belong to.
enum class SynMeaning : std::uint8_t {
    kOwn,      ///< opens it, or is sent again
    kAnew,     ///< opens the next one on the same ports
    kForeign,  ///< nobody knows: RFC 9293 section 3.10.7.4 lets a peer in the middle of a
               ///< connection answer with an ACK and go on, so that only a SYN-ACK shows that it
               ///< began anew
};
SynMeaning meaning_of_syn(const Flow& flow, const Starts& starts, Side side,
                          const packet::PacketView& packet) noexcept;

/// Client from a SYN or SYN-ACK; a guess from the ports when neither was seen yet.
void guess_client(Flow& flow, Side side, const packet::PacketView& packet) noexcept;
void learn_client(Flow& flow, Side side, const packet::PacketView& packet) noexcept;

/// The state after a TCP packet of these flags, already in tcp_flags_a or tcp_flags_b; what ends is
/// already in ended_a or ended_b.
State next_state(const Flow& flow, std::uint8_t flags) noexcept;

}  // namespace querytap::flow
