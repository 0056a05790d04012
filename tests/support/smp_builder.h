// MARS for tests: TDS packets inside the packets of the Session Multiplex Protocol (MC-SMP).
#pragma once

#include <vector>

#include "byte_writer.h"

namespace querytap::test {

/// SYN of a conversation.
ByteVector smp_syn(std::uint16_t session);

/// Each TDS packet of a message in a DATA packet of its own; `sequence` counts on.
std::vector<ByteVector> smp_data(std::uint16_t session, const ByteVector& tds_packets,
                                 std::uint32_t& sequence);

/// One packet of each in turn, as a sender with two requests under way may put them.
ByteVector interleave(const std::vector<ByteVector>& a, const std::vector<ByteVector>& b);

}  // namespace querytap::test
