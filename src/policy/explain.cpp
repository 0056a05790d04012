// Why a policy decides as it does, in lines for a person.
#include <fmt/format.h>

#include "rule_table.h"

namespace querytap::policy {
namespace {

std::string_view why_not(const Model& model, const Rule& rule, const Facts& facts) {
    const AddressMap::SetId server = model.servers.find(facts.server);
    if (!client_applies(model, rule, model.clients.find(facts.client))) {
        return "no: the client is in none of its groups";
    }
    Facts on_any_port = facts;
    on_any_port.port_announced = true;
    Facts known = facts;
    known.name_known = true;
    if (server_applies(model, rule, server, known) == Applies::kYes) return "matches";
    if (server_applies(model, rule, server, on_any_port) == Applies::kYes) {
        return "no: not a port of its servers";
    }
    if (server_applies(model, rule, server, facts) == Applies::kUnknown) {
        return "not decided: it asks for the server's name (add sni=... or login details)";
    }
    return "no: the server is in none of its groups";
}

std::string findings_of(const Decision& decision) {
    std::string lines;
    for (std::size_t i = 0; i < kFindingCount; ++i) {
        const auto finding = static_cast<Finding>(i);
        if (decision.findings.has(finding)) lines += fmt::format("finding: {}\n", id(finding));
    }
    return lines;
}

}  // namespace

std::string explain_decision(const Model& model, const Facts& facts, const Decision& decision) {
    std::string lines;
    for (std::size_t i = 0; i < model.rules.size(); ++i) {
        const Rule& rule = model.rules[i];
        const std::string_view why = why_not(model, rule, facts);
        lines += fmt::format("{:>4}  {:<5}  {}: {}\n", i + 1, name(rule.action), rule.name, why);
        if (i == decision.rule_index || why.starts_with("not decided")) break;
    }
    if (decision.pending) return lines + "decision: pending until the server's name is known\n";
    return lines +
           fmt::format("decision: {} by {}\n", name(decision.action),
                       decision.rule_index == kNoRule
                           ? std::string("default")
                           : fmt::format("rule {} '{}'", decision.rule_index + 1, decision.rule)) +
           findings_of(decision);
}

}  // namespace querytap::policy
