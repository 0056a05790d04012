// Other link layers -> Ethernet: the network header stays, an Ethernet header of zero addresses is
// put before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <querytap/base/bytes.h>

namespace querytap::dataplane {

/// Is this libpcap link type (DLT_...) one that to_ethernet() knows?
bool is_known_link_type(int link_type) noexcept;

/// The frame as Ethernet: itself, or built in `storage`. A frame too short for its own header comes
/// out as an Ethernet header of type 0, which the decoder counts as not IP.
Bytes to_ethernet(int link_type, Bytes frame, std::vector<std::uint8_t>& storage);

}  // namespace querytap::dataplane
