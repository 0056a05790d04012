#include "rule_table.h"

#include <algorithm>

namespace querytap::policy {
namespace {

/// Rows for all sets of a map: the rules that name no group, and those that name one of the set's.
template <typename ByGroup>
std::vector<std::uint64_t> rows(const AddressMap& map, std::size_t words,
                                const std::vector<std::uint64_t>& always, const ByGroup& by_group) {
    std::vector<std::uint64_t> bits;
    bits.reserve(map.sets().size() * words);
    for (const auto& groups : map.sets()) {
        std::vector<std::uint64_t> row = always;
        for (const GroupIndex group : groups) {
            for (const std::size_t rule : by_group[group])
                row[rule / 64] |= 1ull << rule % 64;
        }
        bits.insert(bits.end(), row.begin(), row.end());
    }
    return bits;
}

}  // namespace

RuleTable::RuleTable(const Model& model) : words_((model.rules.size() + 63) / 64) {
    std::vector<std::vector<std::size_t>> of_clients(model.client_groups.size());
    std::vector<std::vector<std::size_t>> of_servers(model.server_groups.size());
    std::vector<std::uint64_t> any_client(words_);
    std::vector<std::uint64_t> any_server(words_);
    for (std::size_t i = 0; i < model.rules.size(); ++i) {
        const Rule& rule = model.rules[i];
        const std::uint64_t bit = 1ull << i % 64;
        if (rule.clients.empty()) any_client[i / 64] |= bit;
        for (const GroupIndex group : rule.clients)
            of_clients[group].push_back(i);
        if (rule.servers.empty()) any_server[i / 64] |= bit;
        for (const GroupIndex group : rule.servers) {
            of_servers[group].push_back(i);
            if (!model.server_groups[group].has_addresses) any_server[i / 64] |= bit;
        }
    }
    clients_ = rows(model.clients, words_, any_client, of_clients);
    servers_ = rows(model.servers, words_, any_server, of_servers);
}

std::uint16_t RuleTable::from(AddressMap::SetId client, AddressMap::SetId server,
                              std::size_t rule) const noexcept {
    const std::uint64_t* const one = clients_.data() + client * words_;
    const std::uint64_t* const other = servers_.data() + server * words_;
    for (std::size_t word = rule / 64; word < words_; ++word) {
        std::uint64_t both = one[word] & other[word];
        if (word == rule / 64) both &= ~0ull << rule % 64;
        if (both == 0) continue;
        return static_cast<std::uint16_t>(word * 64 +
                                          static_cast<std::size_t>(std::countr_zero(both)));
    }
    return kNoRule;
}

}  // namespace querytap::policy
