// Captured conversations said in other words: the same TDS messages in smaller packets, the same
// MARS sessions in another order. What is not TDS in the clear (records of TLS, tunnels) stays as
// it is.
#pragma once

#include <random>
#include <vector>

#include "tcp_builder.h"

namespace querytap::test {

/// Every TDS packet as packets of at most `packet_size` bytes, each within MARS in an SMP packet of
/// its own. Bytes keep their turn, and with it their time. keep_first: the first packet of each
/// direction stays whole.
std::vector<Turn> in_smaller_packets(const std::vector<Turn>& turns, std::size_t packet_size,
                                     bool keep_first = false);

/// The packets of MARS sessions in an order drawn at random in which each session keeps its own,
/// over both directions. Times stay where they were. Empty when there are no two sessions.
std::vector<Turn> sessions_interleaved(const std::vector<Turn>& turns, std::mt19937& random);

}  // namespace querytap::test
