#include "rss.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <rte_thash.h>

namespace querytap::dataplane {
namespace {

constexpr unsigned kSamples = 256;
constexpr std::size_t kWordsMax = 8;  // two IPv6 addresses

struct Ends {
    std::array<std::uint32_t, 4> source;
    std::array<std::uint32_t, 4> destination;

    Ends reversed() const { return {destination, source}; }
};

Ends sample(std::uint32_t n) {
    // Every bit of either end must differ from its like at the other in some sample.
    const auto mixed = [n](std::uint64_t salt) {
        std::uint64_t value = (n * 16ull + salt) * 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        return static_cast<std::uint32_t>(value >> 32);
    };
    return {.source = {mixed(1), mixed(2), mixed(3), mixed(4)},
            .destination = {mixed(5), mixed(6), mixed(7), mixed(8)}};
}

/// As the device feeds Toeplitz, in host order for rte_softrss().
std::uint32_t hash(const Ends& ends, std::size_t address_words, const std::uint8_t* key) {
    std::array<std::uint32_t, kWordsMax> words{};
    std::copy_n(ends.source.begin(), address_words, words.begin());
    std::copy_n(ends.destination.begin(), address_words,
                words.begin() + static_cast<std::ptrdiff_t>(address_words));
    return rte_softrss(words.data(), static_cast<std::uint32_t>(2 * address_words), key);
}

}  // namespace

RssResult check_rss(const RssSetting& setting) {
    constexpr std::size_t kKeyMin = kWordsMax * 4 + 4;
    if (setting.key.size() < kKeyMin || setting.queues.empty()) {
        return {false, "the device does not say how it hashes"};
    }
    if ((setting.types & ~kHashedTypes) != 0) {
        return {false, "the device hashes more than addresses, which parts fragments and tunnels"};
    }
    // The one type that TCP with all its fragments falls under.
    if ((setting.types & RTE_ETH_RSS_IPV4) == 0) {
        return {false, "the device cannot hash TCP by its addresses alone"};
    }
    std::vector<std::uint32_t> counts(
        std::size_t{*std::max_element(setting.queues.begin(), setting.queues.end())} + 1);
    for (std::uint32_t n = 0; n < kSamples; ++n) {
        const Ends ends = sample(n);
        for (const std::size_t address_words : {1u, 4u}) {
            const auto queue = [&](const Ends& of) {
                const std::uint32_t value = hash(of, address_words, setting.key.data());
                return setting.queues[value % setting.queues.size()];
            };
            if (queue(ends) != queue(ends.reversed())) {
                return {false,
                        "the device's key sends the directions of a flow to different queues"};
            }
            ++counts[queue(ends)];
        }
    }
    const auto used =
        std::count_if(counts.begin(), counts.end(), [](std::uint32_t n) { return n > 0; });
    return {true, std::to_string(kSamples) + " sample flows: both directions meet, on " +
                      std::to_string(used) + " queues"};
}

std::string why_distributor(std::size_t ports, unsigned queues, unsigned workers,
                            const std::string& rss) {
    if (ports > 1) return "a distributor joins the ports and spreads flows by symmetric hash";
    std::string reason = rss;
    if (queues > 1) {  // what the test of RSS says of them is true, and no reason
        reason = std::to_string(queues) + " queues for " + std::to_string(workers) + " workers";
    } else if (rss.empty()) {
        reason = "one queue";
    }
    return reason + ": a distributor spreads flows by symmetric hash";
}

RssResult test_rss(std::uint16_t port, std::uint16_t queues) {
    rte_eth_dev_info info{};
    if (rte_eth_dev_info_get(port, &info) != 0)
        return {false, "the device tells nothing of itself"};
    std::vector<std::uint8_t> key(info.hash_key_size);
    rte_eth_rss_conf conf{
        .rss_key = key.data(), .rss_key_len = static_cast<std::uint8_t>(key.size()), .rss_hf = 0};
    if (rte_eth_dev_rss_hash_conf_get(port, &conf) != 0 || conf.rss_hf == 0) {
        return {false, "the device does not say how it hashes"};
    }
    std::vector<std::uint16_t> table(info.reta_size);
    constexpr std::size_t kGroup = RTE_ETH_RETA_GROUP_SIZE;
    std::vector<rte_eth_rss_reta_entry64> groups((info.reta_size + kGroup - 1) / kGroup);
    for (rte_eth_rss_reta_entry64& group : groups)
        group.mask = UINT64_MAX;
    if (groups.empty() || rte_eth_dev_rss_reta_query(port, groups.data(), info.reta_size) != 0) {
        // Without a table the queue is a function of the hash all the same: equal hashes meet.
        table.assign(128, 0);
        for (std::size_t i = 0; i < table.size(); ++i)
            table[i] = static_cast<std::uint16_t>(i % queues);
    } else {
        for (std::size_t i = 0; i < table.size(); ++i)
            table[i] = groups[i / kGroup].reta[i % kGroup];
    }
    RssResult result = check_rss({.types = conf.rss_hf, .key = key, .queues = table});
    const std::uint16_t highest = *std::max_element(table.begin(), table.end());
    if (result.meets && highest + 1 < queues) {
        return {false, "the device's indirection table leaves queues empty"};
    }
    return result;
}

}  // namespace querytap::dataplane
