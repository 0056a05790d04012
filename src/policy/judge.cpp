// What one rule says of one conversation.
#include <algorithm>

#include "glob.h"
#include "model.h"

namespace querytap::policy {
namespace {

bool matches_any(const Globs& globs, std::string_view value) noexcept {
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return glob_match(glob, value); });
}

/// An empty name is not known, unless the login said that it is empty.
bool violates(const Globs& globs, std::string_view value, bool known_if_empty) noexcept {
    if (globs.empty() || (value.empty() && !known_if_empty)) return false;
    return !matches_any(globs, value);
}

bool holds_any(const AddressMap& map, AddressMap::SetId set,
               const std::vector<GroupIndex>& groups) noexcept {
    return std::any_of(groups.begin(), groups.end(),
                       [&](GroupIndex group) { return map.holds(set, group); });
}

void judge_encryption(const Rule& rule, const Facts& facts, Findings& findings) noexcept {
    if (rule.encryption == EncryptionDemand::kRequired && facts.transport == Transport::kClear) {
        findings.add(Finding::kClearTextWhereEncryptedExpected);
    }
    if (rule.encryption == EncryptionDemand::kForbidden &&
        facts.transport == Transport::kEncrypted) {
        findings.add(Finding::kEncryptedWhereClearExpected);
    }
    if (facts.tls_version != 0 && facts.tls_version < rule.tls_min) {
        findings.add(Finding::kTlsVersionTooOld);
    }
    if (facts.certificate_seen &&
        ((rule.certificate_signed && facts.self_signed) ||
         violates(rule.certificate_subjects, facts.certificate_subject, true) ||
         violates(rule.certificate_issuers, facts.certificate_issuer, true))) {
        findings.add(Finding::kCertificateNotExpected);
    }
}

void judge_login(const Rule& rule, const Facts& facts, Findings& findings) noexcept {
    const auto& versions = rule.tds_versions;
    // TDS 8.0 stands in the low byte: clients send 0x08000000 or 8.
    const std::uint8_t version = facts.tds_version == 8
                                     ? std::uint8_t{0x08}
                                     : static_cast<std::uint8_t>(facts.tds_version >> 24);
    if (!versions.empty() && facts.tds_version != 0 &&
        std::find(versions.begin(), versions.end(), version) == versions.end()) {
        findings.add(Finding::kTdsVersionNotAllowed);
    }
    // A login of Windows or Azure may name nobody in clear, and a database may be the login's own.
    if (violates(rule.logins, facts.user, false)) findings.add(Finding::kLoginNotAllowed);
    if (violates(rule.databases, facts.database, false)) {
        findings.add(Finding::kDatabaseNotAllowed);
    }
    if (violates(rule.applications, facts.application, facts.login_seen)) {
        findings.add(Finding::kApplicationNotAllowed);
    }
    if (violates(rule.hosts, facts.host, facts.login_seen)) findings.add(Finding::kHostNotAllowed);
}

}  // namespace

bool ServerGroup::on_port(const Facts& facts) const noexcept {
    const std::uint16_t port = facts.server_port;
    if (ports.empty() || facts.port_announced) return true;
    // Azure SQL sends a client that it does not proxy on to these ports, under a name of the same
    // domain; whichever worker saw the first connection, the name says so.
    constexpr PortRange kAzureRedirect{11000, 11999};
    const bool redirect = kAzureRedirect.first <= port && port <= kAzureRedirect.last;
    if (redirect && facts.server_name.ends_with(".database.windows.net") &&
        matches_any(names, facts.server_name)) {
        return true;
    }
    return std::any_of(ports.begin(), ports.end(),
                       [&](PortRange range) { return range.first <= port && port <= range.last; });
}

bool client_applies(const Model& model, const Rule& rule, AddressMap::SetId client) noexcept {
    return rule.clients.empty() || holds_any(model.clients, client, rule.clients);
}

Applies server_applies(const Model& model, const Rule& rule, AddressMap::SetId server,
                       const Facts& facts) noexcept {
    if (rule.servers.empty()) return Applies::kYes;
    Applies best = Applies::kNo;
    for (const GroupIndex index : rule.servers) {
        const ServerGroup& group = model.server_groups[index];
        if (group.has_addresses && !model.servers.holds(server, index)) continue;
        if (!group.names.empty() && !facts.name_known) {
            best = Applies::kUnknown;
            continue;
        }
        const bool named = group.names.empty() || matches_any(group.names, facts.server_name);
        if (named && group.on_port(facts)) return Applies::kYes;
    }
    return best;
}

Findings violations(const Model& model, const Rule& rule, AddressMap::SetId client,
                    const Facts& facts) noexcept {
    Findings findings;
    if (rule.action == Action::kDeny) {
        findings.add(Finding::kDenied);
        return findings;
    }
    judge_encryption(rule, facts, findings);
    judge_login(rule, facts, findings);
    if (rule.statements && !facts.statements.within(*rule.statements)) {
        findings.add(Finding::kStatementNotAllowed);
    }
    if (rule.hours && facts.time != Timestamp{} &&
        !rule.hours->contains(facts.time, model.utc_offset_minutes)) {
        findings.add(Finding::kOutsideHours);
    }
    if (!rule.gateways.empty() && !holds_any(model.clients, client, rule.gateways)) {
        findings.add(Finding::kNotThroughGateway);
    }
    const auto above = [](std::uint64_t bytes, std::uint64_t limit) {
        return limit != 0 && bytes > limit;
    };
    if (above(facts.to_server_today, rule.to_server_a_day) ||
        above(facts.to_client_today, rule.to_client_a_day)) {
        findings.add(Finding::kVolumeAboveLimit);
    }
    return findings;
}

Decision otherwise(const Model& model, AddressMap::SetId server, const Facts& facts) noexcept {
    const auto is_internal = [&](const IpAddress& address) {
        return model.internal.find(address) != 0;
    };
    const auto& groups = model.servers.sets()[server];
    const bool named = std::any_of(groups.begin(), groups.end(), [&](GroupIndex group) {
        return model.server_groups[group].on_port(facts);
    });
    Decision decision{.rule = "default"};
    const Defaults& defaults = model.defaults;
    const bool outside = !is_internal(facts.server);
    Finding finding = Finding::kClientNotAllowed;
    if (outside) {
        decision.action = defaults.external_server;
        if (!named) finding = Finding::kExternalServerNotAllowed;
    } else if (!named) {
        decision.action = defaults.internal_server_unknown;
        finding = Finding::kServerNotAllowed;
    } else {
        decision.action =
            is_internal(facts.client) ? defaults.internal_to_internal : defaults.external_client;
    }
    if (decision.action == Action::kAllow) return decision;
    decision.findings.add(finding);
    if (decision.action == Action::kDeny) decision.findings.add(Finding::kDenied);
    return decision;
}

}  // namespace querytap::policy
