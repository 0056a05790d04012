// Does all of a flow meet on one queue: both directions, fragments, tunnels? Asked of what the
// device says it does: what it hashes, its key, its indirection table, and its hash (Toeplitz),
// computed here for pairs of addresses.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <rte_ethdev.h>

namespace querytap::dataplane {

/// What a device is to hash: of every IP packet its two addresses, and nothing else. With ports,
/// fragments would go another way than their flow, and so would the directions of a tunnel over
/// UDP, whose source ports differ. Of IPV6_EX drivers may take an address out of an extension
/// header, which only one direction has.
inline constexpr std::uint64_t kHashedTypes = RTE_ETH_RSS_IP & ~RTE_ETH_RSS_IPV6_EX;

struct RssSetting {
    std::uint64_t types = 0;  ///< RTE_ETH_RSS_...: what is hashed
    std::span<const std::uint8_t> key;
    std::span<const std::uint16_t>
        queues;  ///< the indirection table: queue by low bits of the hash
};

struct RssResult {
    bool meets = false;
    std::string text;  ///< what was found out, in words
};

/// That TCP is hashed by its addresses alone; then both directions of sample flows of IPv4 and
/// IPv6.
RssResult check_rss(const RssSetting& setting);

/// Why a distributor stands before the workers. `rss`: what became of several queues, empty where
/// one is all that was wanted.
std::string why_distributor(std::size_t ports, unsigned queues, unsigned workers,
                            const std::string& rss);

/// Reads the setting back from a configured device and checks it.
RssResult test_rss(std::uint16_t port, std::uint16_t queues);

}  // namespace querytap::dataplane
