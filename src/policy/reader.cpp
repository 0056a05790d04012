#include "reader.h"

#include <charconv>

#include <querytap/config/yaml_reader.h>

namespace querytap::policy {
namespace {

using config::Problems;
using config::YamlMap;

using Groups = std::map<std::string, Group, std::less<>>;

bool parse_port(std::string_view text, std::uint16_t& port) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
    return code == std::errc{} && end == text.data() + text.size();
}

bool parse_ports(std::string_view text, PortRange& range) {
    const std::size_t dash = text.find('-');
    if (!parse_port(text.substr(0, dash), range.first)) return false;
    range.last = range.first;
    if (dash == std::string_view::npos) return true;
    return parse_port(text.substr(dash + 1), range.last) && range.first <= range.last;
}

Group read_group(const YAML::Node& node, const std::string& name, bool with_ports,
                 Problems& problems) {
    Group group;
    YamlMap map(node, "'" + name + "'", problems);
    std::vector<std::string> texts;
    map.read("addresses", texts);
    for (const std::string& text : texts) {
        auto prefix = Prefix::parse(text);
        if (prefix.ok()) {
            group.addresses.push_back(*prefix);
        } else {
            problems.add(map.node("addresses").Mark(), prefix.error().message, prefix.error().hint);
        }
    }
    if (texts.empty()) {
        problems.add(node.Mark(), "'" + name + "' has no addresses",
                     "for example 'addresses: [10.1.0.0/16]'");
    }
    if (with_ports) {
        texts.clear();
        map.read("ports", texts);
        for (const std::string& text : texts) {
            PortRange range;
            if (!parse_ports(text, range)) {
                problems.add(map.node("ports").Mark(), "'" + text + "' is not a port or a range",
                             "write 1433 or 11000-11999");
            }
            group.ports.push_back(range);
        }
    }
    map.finish();
    return group;
}

Groups read_groups(YamlMap& root, std::string_view key, bool with_ports) {
    Groups groups;
    const YAML::Node node = root.node(key);
    if (!node.IsDefined() || node.IsNull()) return groups;
    if (!node.IsMap()) {
        root.problems().add(node.Mark(), "'" + std::string(key) + "' must map names to addresses");
        return groups;
    }
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        groups.emplace(name, read_group(entry.second, name, with_ports, root.problems()));
    }
    return groups;
}

std::vector<Group> select(YamlMap& map, std::string_view key, const Groups& groups) {
    std::vector<std::string> names;
    map.read(key, names);
    std::vector<Group> selected;
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
        map.problems().add(map.node(key).Mark(),
                           "there is no '" + name + "' among the " + std::string(key),
                           meant.empty() ? "" : "did you mean '" + meant + "'?");
    }
    return selected;
}

template <typename Enum>
Enum read_word(YamlMap& map, std::string_view key,
               std::initializer_list<std::pair<std::string_view, Enum>> words, Enum otherwise) {
    std::string text;
    map.read(key, text);
    if (text.empty()) return otherwise;
    std::string all;
    for (const auto& [word, value] : words) {
        if (text == word) return value;
        all += (all.empty() ? "" : ", ") + std::string(word);
    }
    map.problems().add(map.node(key).Mark(),
                       "'" + std::string(key) + "' must be one of " + all + ", not '" + text + "'");
    return otherwise;
}

Action read_action(YamlMap& map, std::string_view key, Action otherwise) {
    return read_word<Action>(
        map, key, {{"allow", Action::kAllow}, {"watch", Action::kWatch}, {"deny", Action::kDeny}},
        otherwise);
}

Rule read_rule(const YAML::Node& node, const Groups& clients, const Groups& servers,
               std::size_t number, Problems& problems) {
    YamlMap map(node, "a rule", problems);
    Rule rule;
    rule.name = "rule " + std::to_string(number);
    map.read("name", rule.name);
    rule.action = read_action(map, "action", Action::kAllow);
    rule.clients = select(map, "clients", clients);
    rule.servers = select(map, "servers", servers);
    rule.encryption = read_word<EncryptionDemand>(map, "encryption",
                                                  {{"any", EncryptionDemand::kAny},
                                                   {"required", EncryptionDemand::kRequired},
                                                   {"forbidden", EncryptionDemand::kForbidden}},
                                                  EncryptionDemand::kAny);
    map.read("logins", rule.logins);
    map.read("applications", rule.applications);
    map.finish();
    return rule;
}

Model read_root(const YAML::Node& node, Problems& problems) {
    Model policy;
    YamlMap root(node, "the policy", problems);
    const Groups clients = read_groups(root, "clients", false);
    const Groups servers = read_groups(root, "servers", true);
    policy.otherwise = read_action(root, "default", Action::kWatch);
    const YAML::Node rules = root.node("rules");
    if (rules.IsDefined() && !rules.IsNull() && !rules.IsSequence()) {
        problems.add(rules.Mark(), "'rules' must be a list");
    } else if (rules.IsDefined()) {
        for (const YAML::Node& rule : rules) {
            policy.rules.push_back(
                read_rule(rule, clients, servers, policy.rules.size() + 1, problems));
        }
    }
    root.finish();
    return policy;
}

}  // namespace

Result<Model> read(std::string_view yaml, std::string_view name) {
    Problems problems{std::string(name)};
    try {
        Model policy = read_root(YAML::Load(std::string(yaml)), problems);
        if (problems.any()) return problems.first();
        return policy;
    } catch (const YAML::Exception& error) {
        problems.add(error.mark, "is not valid YAML: " + error.msg);
        return problems.first();
    }
}

}  // namespace querytap::policy
