// Which rules may apply to a pair of addresses: a row of bits for each set of client groups and one
// for each set of server groups; the rules are the bits that both rows have.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "model.h"

namespace querytap::policy {

class RuleTable {
  public:
    explicit RuleTable(const Model& model);

    /// The first rule that may apply, or kNoRule.
    std::uint16_t first(AddressMap::SetId client, AddressMap::SetId server) const noexcept {
        return from(client, server, 0);
    }
    std::uint16_t next(AddressMap::SetId client, AddressMap::SetId server,
                       std::uint16_t after) const noexcept {
        return from(client, server, std::size_t{after} + 1);
    }

  private:
    std::uint16_t from(AddressMap::SetId client, AddressMap::SetId server,
                       std::size_t rule) const noexcept;

    std::size_t words_;  ///< of a row
    std::vector<std::uint64_t> clients_;
    std::vector<std::uint64_t> servers_;
};

/// Lines for a person: the rules in order, why each applies or not, which decides.
std::string explain_decision(const Model& model, const Facts& facts, const Decision& decision);

}  // namespace querytap::policy
