// Do both directions of a flow meet on one queue? Asked of what the device says it does: its key,
// its indirection table, its hash (Toeplitz), computed here for pairs of addresses and ports.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace querytap::dataplane {

struct RssSetting {
    std::span<const std::uint8_t> key;
    std::span<const std::uint16_t>
        queues;  ///< the indirection table: queue by low bits of the hash
};

struct RssResult {
    bool meets = false;
    std::string text;  ///< what was found out, in words
};

/// Both directions of sample flows of IPv4 and IPv6, hashed by addresses alone and with ports.
RssResult check_rss(const RssSetting& setting);

/// Reads the setting back from a configured device and checks it.
RssResult test_rss(std::uint16_t port, std::uint16_t queues);

}  // namespace querytap::dataplane
