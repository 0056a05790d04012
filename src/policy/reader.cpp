#include "reader.h"

#include <charconv>

#include "rule_reader.h"

namespace querytap::policy {
namespace {

using config::Problems;
using config::YamlMap;

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

/// Adds the prefixes of a list, or of one text alone; an error says the line of its own prefix.
std::size_t read_prefixes(const YAML::Node& list, GroupIndex group, AddressMap& map,
                          Problems& problems) {
    if (!list.IsDefined() || list.IsNull()) return 0;
    std::size_t count = 0;
    const auto add = [&](const YAML::Node& node) {
        ++count;
        if (!node.IsScalar()) {
            problems.add(node.Mark(), "an address must be a text", "write 10.0.0.0/8");
            return;
        }
        const auto prefix = Prefix::parse(node.Scalar());
        if (prefix.ok()) {
            map.add(*prefix, group);
        } else {
            problems.add(node.Mark(), prefix.error().message, prefix.error().hint);
        }
    };
    if (!list.IsSequence()) {
        add(list);
    } else {
        for (const YAML::Node& node : list)
            add(node);
    }
    return count;
}

void read_ports(YamlMap& map, std::vector<PortRange>& ports) {
    std::vector<std::string> texts;
    map.read("ports", texts);
    for (const std::string& text : texts) {
        PortRange range;
        if (!parse_ports(text, range)) {
            map.problems().add(map.node("ports").Mark(), "'" + text + "' is not a port or a range",
                               "write 1433 or 11000-11999");
        }
        ports.push_back(range);
    }
}

void read_client(const YAML::Node& node, const std::string& name, Model& model,
                 Problems& problems) {
    const auto group = static_cast<GroupIndex>(model.client_groups.size());
    model.client_groups.push_back(name);
    YamlMap map(node, "'" + name + "'", problems);
    if (read_prefixes(map.node("addresses"), group, model.clients, problems) == 0) {
        problems.add(node.Mark(), "'" + name + "' has no addresses",
                     "for example 'addresses: [10.1.0.0/16]'");
    }
    map.finish();
}

void read_server(const YAML::Node& node, const std::string& name, Model& model,
                 Problems& problems) {
    const auto index = static_cast<GroupIndex>(model.server_groups.size());
    ServerGroup group;
    group.name = name;
    YamlMap map(node, "'" + name + "'", problems);
    group.has_addresses = read_prefixes(map.node("addresses"), index, model.servers, problems) > 0;
    read_ports(map, group.ports);
    map.read("names", group.names);
    if (!group.has_addresses && group.names.empty()) {
        problems.add(node.Mark(), "'" + name + "' has no addresses",
                     "for example 'addresses: [10.1.0.0/16]', or in a cloud 'names: "
                     "[\"*.database.windows.net\"]'");
    }
    map.finish();
    model.server_groups.push_back(std::move(group));
}

template <typename ReadOne>
void read_groups(YamlMap& root, std::string_view key, ReadOne read_one) {
    const YAML::Node node = root.node(key);
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsMap()) {
        root.problems().add(node.Mark(), "'" + std::string(key) + "' must map names to addresses");
        return;
    }
    std::size_t count = 0;
    std::set<std::string, std::less<>> names;
    for (const auto& entry : node) {
        const std::string& name = entry.first.Scalar();
        if (++count > kGroupsMax) {
            root.problems().add(entry.first.Mark(),
                                "more than " + std::to_string(kGroupsMax) + " " + std::string(key));
            return;
        }
        if (name == "any" || !names.insert(name).second) {
            root.problems().add(entry.first.Mark(),
                                name == "any" ? "'any' stands for all: it cannot be a name"
                                              : "'" + name + "' is there twice");
        }
        read_one(entry.second, name);
    }
}

void read_internal(YamlMap& root, Model& model) {
    const YAML::Node list = root.node("internal");
    if (read_prefixes(list, 0, model.internal, root.problems()) > 0) return;
    for (const Prefix& prefix : private_addresses())
        model.internal.add(prefix, 0);
}

/// One word for all that no rule decides, or one for each kind.
void read_defaults(YamlMap& root, Defaults& defaults) {
    const YAML::Node node = root.node("default");
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsMap()) {
        const Action action = read_action(root, "default", Action::kWatch);
        defaults = {action, action, action, action};
        return;
    }
    YamlMap map(node, "'default'", root.problems());
    defaults.internal_server_unknown =
        read_action(map, "internal_server_unknown", defaults.internal_server_unknown);
    defaults.external_server = read_action(map, "external_server", defaults.external_server);
    defaults.internal_to_internal =
        read_action(map, "internal_to_internal", defaults.internal_to_internal);
    defaults.external_client = read_action(map, "external_client", defaults.external_client);
    map.finish();
}

void read_rules(YamlMap& root, Model& model) {
    const YAML::Node rules = root.node("rules");
    if (!rules.IsDefined() || rules.IsNull()) return;
    if (!rules.IsSequence()) {
        root.problems().add(rules.Mark(), "'rules' must be a list");
        return;
    }
    const RuleReader reader(model, root.problems());
    for (const YAML::Node& rule : rules) {
        if (model.rules.size() == kRulesMax) {
            root.problems().add(rule.Mark(), "more than " + std::to_string(kRulesMax) + " rules",
                                "put addresses together into groups");
            return;
        }
        model.rules.push_back(reader.read(rule, model.rules.size() + 1));
    }
}

Model read_root(const YAML::Node& node, Problems& problems) {
    Model model;
    YamlMap root(node, "the policy", problems);
    read_groups(root, "clients", [&](const YAML::Node& group, const std::string& name) {
        read_client(group, name, model, problems);
    });
    read_groups(root, "servers", [&](const YAML::Node& group, const std::string& name) {
        read_server(group, name, model, problems);
    });
    read_internal(root, model);
    read_defaults(root, model.defaults);
    std::string offset;
    root.read("utc_offset", offset);
    if (!offset.empty()) {
        const auto minutes = parse_utc_offset(offset);
        if (minutes.ok()) {
            model.utc_offset_minutes = *minutes;
        } else {
            problems.add(root.node("utc_offset").Mark(), minutes.error().message,
                         minutes.error().hint);
        }
    }
    read_rules(root, model);
    root.finish();
    model.clients.build();
    model.servers.build();
    model.internal.build();
    return model;
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
