#include "rule_reader.h"

#include <algorithm>
#include <array>

namespace querytap::policy {
namespace {

using config::YamlMap;

template <typename Value>
struct Word {
    std::string_view word;
    Value value;
};

constexpr std::array kActions{Word<Action>{"allow", Action::kAllow},
                              Word<Action>{"watch", Action::kWatch},
                              Word<Action>{"deny", Action::kDeny}};
constexpr std::array kEncryptions{
    Word<EncryptionDemand>{"any", EncryptionDemand::kAny},
    Word<EncryptionDemand>{"required", EncryptionDemand::kRequired},
    Word<EncryptionDemand>{"forbidden", EncryptionDemand::kForbidden}};
constexpr std::array kTlsVersions{
    Word<std::uint16_t>{"1.0", 0x0301}, Word<std::uint16_t>{"1.1", 0x0302},
    Word<std::uint16_t>{"1.2", 0x0303}, Word<std::uint16_t>{"1.3", 0x0304}};
/// High byte of LOGIN7's version (MS-TDS 2.2.6.4).
constexpr std::array kTdsVersions{Word<std::uint8_t>{"7.0", 0x70}, Word<std::uint8_t>{"7.1", 0x71},
                                  Word<std::uint8_t>{"7.2", 0x72}, Word<std::uint8_t>{"7.3", 0x73},
                                  Word<std::uint8_t>{"7.4", 0x74}, Word<std::uint8_t>{"8.0", 0x08}};
using sql::StatementClass;
constexpr std::array kStatements{Word<StatementClass>{"read", StatementClass::kRead},
                                 Word<StatementClass>{"write", StatementClass::kWrite},
                                 Word<StatementClass>{"ddl", StatementClass::kDdl},
                                 Word<StatementClass>{"admin", StatementClass::kAdmin},
                                 Word<StatementClass>{"execution", StatementClass::kExecution}};

template <typename Words>
auto find_word(YamlMap& map, std::string_view key, const Words& words, const std::string& text) {
    const auto found =
        std::find_if(words.begin(), words.end(), [&](const auto& w) { return w.word == text; });
    if (found == words.end()) {
        std::string all;
        for (const auto& word : words)
            all += (all.empty() ? "" : ", ") + std::string(word.word);
        map.problems().add(map.node(key).Mark(), "'" + std::string(key) + "' must be one of " +
                                                     all + ", not '" + text + "'");
    }
    return found;
}

template <typename Words, typename Value>
void read_word(YamlMap& map, std::string_view key, const Words& words, Value& value) {
    std::string text;
    map.read(key, text);
    if (text.empty()) return;
    if (const auto found = find_word(map, key, words, text); found != words.end()) {
        value = found->value;
    }
}

void read_certificate(YamlMap& rule, Rule& read) {
    YamlMap map(rule.node("certificate"), "'certificate'", rule.problems());
    map.read("subjects", read.certificate_subjects);
    map.read("issuers", read.certificate_issuers);
    map.read("signed", read.certificate_signed);
    map.finish();
}

void read_statements(YamlMap& map, Rule& rule) {
    std::vector<std::string> texts;
    map.read("statements", texts);
    if (texts.empty()) return;
    rule.statements.emplace();
    for (const std::string& text : texts) {
        const auto found = find_word(map, "statements", kStatements, text);
        if (found != kStatements.end()) rule.statements->add(found->value);
    }
}

void read_hours(YamlMap& map, Rule& rule) {
    std::vector<std::string> texts;
    map.read("hours", texts);
    if (texts.empty()) return;
    rule.hours.emplace();
    for (const std::string& text : texts) {
        if (const Status added = rule.hours->add(text); !added) {
            map.problems().add(map.node("hours").Mark(), added.error().message, added.error().hint);
        }
    }
}

void read_volume(YamlMap& rule, Rule& read) {
    constexpr std::uint64_t kMegabyte = 1'000'000;
    YamlMap map(rule.node("volume"), "'volume'", rule.problems());
    std::uint64_t to_server = 0;
    std::uint64_t to_client = 0;
    map.read("to_server_mb_a_day", to_server, 1, 1'000'000'000);
    map.read("to_client_mb_a_day", to_client, 1, 1'000'000'000);
    map.finish();
    read.to_server_a_day = to_server * kMegabyte;
    read.to_client_a_day = to_client * kMegabyte;
}

}  // namespace

Action read_action(YamlMap& map, std::string_view key, Action otherwise) {
    read_word(map, key, kActions, otherwise);
    return otherwise;
}

RuleReader::RuleReader(const Model& model, config::Problems& problems) : problems_(problems) {
    for (std::size_t i = 0; i < model.client_groups.size(); ++i)
        clients_.emplace(model.client_groups[i], static_cast<GroupIndex>(i));
    for (std::size_t i = 0; i < model.server_groups.size(); ++i)
        servers_.emplace(model.server_groups[i].name, static_cast<GroupIndex>(i));
}

/// Empty: any.
std::vector<GroupIndex> RuleReader::select(YamlMap& map, std::string_view key,
                                           const Names& groups) {
    std::vector<std::string> names;
    map.read(key, names);
    std::vector<GroupIndex> selected;
    for (const std::string& name : names) {
        if (name == "any") return {};
        const auto found = groups.find(name);
        if (found != groups.end()) {
            selected.push_back(found->second);
            continue;
        }
        std::set<std::string, std::less<>> known{"any"};
        for (const auto& [group, unused] : groups)
            known.insert(group);
        const std::string meant = config::nearest(name, known);
        map.problems().add(
            map.node(key).Mark(),
            "there is no '" + name + "' among the " + (key == "servers" ? "servers" : "clients"),
            meant.empty() ? "" : "did you mean '" + meant + "'?");
    }
    return selected;
}

Rule RuleReader::read(const YAML::Node& node, std::size_t number) const {
    YamlMap map(node, "a rule", problems_);
    Rule rule;
    rule.name = "rule " + std::to_string(number);
    map.read("name", rule.name);
    rule.action = read_action(map, "action", Action::kAllow);
    rule.clients = select(map, "clients", clients_);
    rule.servers = select(map, "servers", servers_);
    rule.gateways = select(map, "gateways", clients_);
    read_word(map, "encryption", kEncryptions, rule.encryption);
    read_word(map, "tls_min", kTlsVersions, rule.tls_min);
    read_certificate(map, rule);
    std::vector<std::string> versions;
    map.read("tds_versions", versions);
    for (const std::string& text : versions) {
        const auto found = find_word(map, "tds_versions", kTdsVersions, text);
        if (found != kTdsVersions.end()) rule.tds_versions.push_back(found->value);
    }
    map.read("logins", rule.logins);
    map.read("applications", rule.applications);
    map.read("hosts", rule.hosts);
    map.read("databases", rule.databases);
    read_statements(map, rule);
    read_hours(map, rule);
    read_volume(map, rule);
    map.finish();
    return rule;
}

}  // namespace querytap::policy
