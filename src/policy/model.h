// A policy as read: groups of addresses, rules in order, and what is looked up in them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <querytap/policy/policy.h>

#include "address_map.h"
#include "hours.h"

namespace querytap::policy {

// Rules are the bits of a row for each set of groups; more than these are a mistake or a flood.
inline constexpr std::size_t kRulesMax = 4096;
inline constexpr std::size_t kGroupsMax = 65536;

using Globs = std::vector<std::string>;
using GroupIndex = AddressMap::Group;

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

/// A server matches by address, port and name, as far as the group says any.
struct ServerGroup {
    std::string name;
    bool has_addresses = false;
    std::vector<PortRange> ports;
    Globs names;  ///< SNI, or ServerName of LOGIN7

    bool on_port(const Facts& facts) const noexcept;
};

enum class EncryptionDemand : std::uint8_t { kAny, kRequired, kForbidden };

struct Rule {
    std::string name;
    Action action = Action::kAllow;
    std::vector<GroupIndex> clients;  ///< empty = any
    std::vector<GroupIndex> servers;  ///< empty = any
    // What a conversation must be like; empty = any.
    EncryptionDemand encryption = EncryptionDemand::kAny;
    std::uint16_t tls_min = 0;
    Globs certificate_subjects;
    Globs certificate_issuers;
    bool certificate_signed = false;         ///< not self-signed
    std::vector<std::uint8_t> tds_versions;  ///< high byte of the version: 0x74 is 7.4
    Globs logins;
    Globs applications;
    Globs hosts;
    Globs databases;
    std::optional<sql::StatementClasses> statements;
    std::optional<Hours> hours;
    std::uint64_t to_server_a_day = 0;  ///< bytes between a client and a server; 0: no limit
    std::uint64_t to_client_a_day = 0;
    std::vector<GroupIndex> gateways;  ///< groups of clients
};

/// For conversations that no rule decides.
struct Defaults {
    Action internal_server_unknown = Action::kWatch;
    Action external_server = Action::kWatch;
    Action internal_to_internal = Action::kWatch;
    Action external_client = Action::kWatch;
};

struct Model {
    std::vector<std::string> client_groups;  ///< names
    std::vector<ServerGroup> server_groups;
    AddressMap clients;
    AddressMap servers;
    AddressMap internal;  ///< group 0: the owner's own addresses
    std::vector<Rule> rules;
    Defaults defaults;
    std::int32_t utc_offset_minutes = 0;
};

/// Does a rule's endpoint part match? The sets are those of the two addresses.
enum class Applies : std::uint8_t { kNo, kYes, kUnknown };
Applies server_applies(const Model& model, const Rule& rule, AddressMap::SetId server,
                       const Facts& facts) noexcept;
bool client_applies(const Model& model, const Rule& rule, AddressMap::SetId client) noexcept;

/// What a rule that applies holds against the conversation.
Findings violations(const Model& model, const Rule& rule, AddressMap::SetId client,
                    const Facts& facts) noexcept;

/// When no rule decides.
Decision otherwise(const Model& model, AddressMap::SetId server, const Facts& facts) noexcept;

}  // namespace querytap::policy
