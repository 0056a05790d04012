// A policy as read: groups of addresses, and rules in order.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <querytap/policy/policy.h>

#include "prefix.h"

namespace querytap::policy {

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

struct Group {
    std::vector<Prefix> addresses;
    std::vector<PortRange> ports;  ///< of servers; empty = any
};

enum class EncryptionDemand : std::uint8_t { kAny, kRequired, kForbidden };

struct Rule {
    std::string name;
    Action action = Action::kAllow;
    std::vector<Group> clients;  ///< empty = any
    std::vector<Group> servers;  ///< empty = any
    EncryptionDemand encryption = EncryptionDemand::kAny;
    std::vector<std::string> logins;        ///< globs; empty = any
    std::vector<std::string> applications;  ///< globs; empty = any
};

struct Model {
    std::vector<Rule> rules;
    Action otherwise = Action::kWatch;
};

}  // namespace querytap::policy
