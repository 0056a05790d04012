#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <querytap/policy/learner.h>

#include "model.h"

namespace querytap::policy {
namespace {

/// As one word of YAML between double quotes.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

template <typename Texts>
std::string listed(const Texts& texts) {
    std::string out;
    for (const std::string& text : texts)
        out += (out.empty() ? "[" : ", ") + in_quotes(text);
    return out + ']';
}

std::string date(Timestamp time) {
    return fmt::format("{:%Y-%m-%d %H:%M}",
                       std::chrono::time_point_cast<std::chrono::seconds>(time));
}

std::string counted(std::uint64_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

template <typename Texts>
void insert(Texts& texts, std::string_view text) {
    if (!text.empty()) texts.emplace(text);
}

/// "7.4": high byte of the version; TDS 8.0 stands in the low one.
std::uint8_t version_byte(std::uint32_t version) noexcept {
    return version == 8 ? std::uint8_t{0x08} : static_cast<std::uint8_t>(version >> 24);
}

bool is_internal(const IpAddress& address) {
    static const AddressMap kMap = [] {
        AddressMap map;
        for (const Prefix& prefix : private_addresses())
            map.add(prefix, 0);
        map.build();
        return map;
    }();
    return kMap.find(address) != 0;
}

std::string_view tls_name(std::uint16_t version) noexcept {
    static constexpr std::array<std::string_view, 4> kNames{"1.0", "1.1", "1.2", "1.3"};
    const unsigned minor = version - 0x0301u;
    return minor < kNames.size() ? kNames[minor] : std::string_view{};
}

/// The versions that a rule can name; with any other one, none is written.
std::string tds_list(const std::set<std::uint8_t>& versions) {
    std::string out;
    for (const std::uint8_t version : versions) {
        const bool known = version == 0x08 || (version >= 0x70 && version <= 0x74);
        if (!known) return {};
        out +=
            fmt::format("{}\"{}\"", out.empty() ? "[" : ", ",
                        version == 0x08 ? std::string("8.0") : fmt::format("7.{}", version & 0xf));
    }
    return out.empty() ? out : out + "]";
}

}  // namespace

void Learner::Seen::merge(const Seen& other) {
    first = std::min(first, other.first);
    last = std::max(last, other.last);
    logins_seen += other.logins_seen;
    logins.insert(other.logins.begin(), other.logins.end());
    applications.insert(other.applications.begin(), other.applications.end());
    hosts.insert(other.hosts.begin(), other.hosts.end());
    databases.insert(other.databases.begin(), other.databases.end());
    names.insert(other.names.begin(), other.names.end());
    tds_versions.insert(other.tds_versions.begin(), other.tds_versions.end());
    any_application |= other.any_application;
    any_host |= other.any_host;
    clear |= other.clear;
    encrypted |= other.encrypted;
    if (tls_min == 0 || (other.tls_min != 0 && other.tls_min < tls_min)) tls_min = other.tls_min;
    statements.add(other.statements);
    // Who was seen to send none (encrypted, or idle) is not held to what others send.
    statements_unknown |= other.statements_unknown;
}

Learner::Seen& Learner::at(const Facts& facts) {
    return pairs_[{{facts.server, facts.server_port}, facts.client}];
}

void Learner::add(const Facts& facts) {
    Seen& seen = at(facts);
    seen.first = std::min(seen.first, facts.time);
    seen.last = std::max(seen.last, facts.time);
    insert(seen.names, facts.server_name);
    seen.clear |= facts.transport == Transport::kClear;
    seen.encrypted |= facts.transport == Transport::kEncrypted;
    if (facts.tls_version != 0 && (seen.tls_min == 0 || facts.tls_version < seen.tls_min)) {
        seen.tls_min = facts.tls_version;
    }
    seen.statements.add(facts.statements);
    if (!facts.login_seen) return;
    ++seen.logins_seen;
    insert(seen.logins, facts.user);
    insert(seen.applications, facts.application);
    insert(seen.hosts, facts.host);
    insert(seen.databases, facts.database);
    seen.any_application |= facts.application.empty();
    seen.any_host |= facts.host.empty();
    seen.tds_versions.insert(version_byte(facts.tds_version));
    if (facts.user == "sa" && facts.transport == Transport::kClear) {
        seen.risks.emplace("logs in as sa in clear text");
    }
}

Learner::Texts Learner::risks(const Pair& pair, const Seen& seen) const {
    Texts all = seen.risks;
    if (!allow_external_ && !is_internal(pair.where.server)) all.emplace("a server outside");
    return all;
}

Learner::Rules Learner::rules() const {
    Rules all;
    for (const auto& [pair, seen] : pairs_) {
        if (!risks(pair, seen).empty()) continue;
        LearntRule& rule = all[{pair.where, seen.logins, seen.applications}];
        rule.clients.insert(pair.client);
        rule.seen.merge(seen);
    }
    return all;
}

void Learner::write_groups(std::string& out, const Rules& rules) {
    out += "clients:\n";
    std::size_t number = 0;
    for (const auto& [key, rule] : rules) {
        out += fmt::format("  clients-{}:\n    addresses:\n", ++number);
        for (const IpAddress& client : rule.clients)
            out += fmt::format("    - {}\n", in_quotes(client.to_string()));
    }
    out += "\nservers:\n";
    std::set<Where> written;
    for (const auto& [key, rule] : rules) {
        if (!written.insert(key.where).second) continue;
        const std::string address = key.where.server.to_string();
        out += fmt::format("  {}:\n    addresses: [{}]\n    ports: [{}]\n",
                           in_quotes(fmt::format("{} port {}", address, key.where.port)),
                           in_quotes(address), key.where.port);
    }
}

void Learner::write_rule(std::string& out, const RuleKey& key, const LearntRule& rule,
                         std::size_t number) {
    const Seen& seen = rule.seen;
    out += fmt::format("- name: learnt {}\n", number);
    out += fmt::format("  # {}, {}, {} to {} (UTC)\n", counted(rule.clients.size(), "client"),
                       counted(seen.logins_seen, "login"), date(seen.first), date(seen.last));
    if (!seen.databases.empty()) {
        out += fmt::format("  # databases at login: {}\n", listed(seen.databases));
    }
    if (!seen.names.empty()) out += fmt::format("  # server names: {}\n", listed(seen.names));
    out += fmt::format("  clients: clients-{}\n", number);
    out += fmt::format(
        "  servers: {}\n",
        in_quotes(fmt::format("{} port {}", key.where.server.to_string(), key.where.port)));
    if (seen.clear != seen.encrypted) {
        out += fmt::format("  encryption: {}\n", seen.clear ? "forbidden" : "required");
    }
    if (const auto tls = tls_name(seen.tls_min); !tls.empty()) {
        out += fmt::format("  tls_min: \"{}\"\n", tls);
    }
    if (const auto tds = tds_list(seen.tds_versions); !tds.empty()) {
        out += fmt::format("  tds_versions: {}\n", tds);
    }
    if (!seen.logins.empty()) out += fmt::format("  logins: {}\n", listed(seen.logins));
    if (!seen.applications.empty() && !seen.any_application) {
        out += fmt::format("  applications: {}\n", listed(seen.applications));
    }
    if (!seen.hosts.empty() && !seen.any_host) {
        out += fmt::format("  hosts: {}\n", listed(seen.hosts));
    }
    if (seen.statements.any() && !seen.statements_unknown) {
        std::string classes;
        for (std::size_t i = 0; i < sql::kStatementClassCount; ++i) {
            const auto which = static_cast<sql::StatementClass>(i);
            if (!seen.statements.has(which)) continue;
            classes += (classes.empty() ? "" : ", ") + std::string(sql::name(which));
        }
        out += fmt::format("  statements: [{}]\n", classes);
    }
}

void Learner::write_risks(std::string& out) const {
    bool heading = false;
    for (const auto& [pair, seen] : pairs_) {
        const Texts all = risks(pair, seen);
        if (all.empty()) continue;
        if (!heading) {
            out += "\n# NOT allowed, look at each and write a rule if it is legitimate:\n";
            heading = true;
        }
        std::string why;
        for (const std::string& risk : all)
            why += (why.empty() ? "" : "; ") + risk;
        std::replace_if(
            why.begin(), why.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
        out += fmt::format("#   {} -> {} port {}: {} (logins {}, applications {})\n",
                           pair.client.to_string(), pair.where.server.to_string(), pair.where.port,
                           why, listed(seen.logins), listed(seen.applications));
    }
}

std::string Learner::to_yaml() const {
    const Rules all = rules();
    std::string out =
        "# Written by querytap learn from what it saw. Read it before you use it: what an "
        "attacker\n"
        "# did in that time is in here, too. deploy/POLICY.md explains the keys.\n\n";
    if (!all.empty()) write_groups(out, all);
    out += all.empty() ? "rules: []\n" : "\nrules:\n";
    std::size_t number = 0;
    for (const auto& [key, rule] : all)
        write_rule(out, key, rule, ++number);
    out += "\ndefault: watch\n";
    write_risks(out);
    return out;
}

}  // namespace querytap::policy
