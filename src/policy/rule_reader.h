// One rule of policy.yaml -> the model. Names of groups are resolved here.
#pragma once

#include <map>
#include <string>

#include <querytap/config/yaml_reader.h>

#include "model.h"

namespace querytap::policy {

Action read_action(config::YamlMap& map, std::string_view key, Action otherwise);

class RuleReader {
  public:
    /// The groups of `model` are complete.
    RuleReader(const Model& model, config::Problems& problems);

    Rule read(const YAML::Node& node, std::size_t number) const;

  private:
    using Names = std::map<std::string, GroupIndex, std::less<>>;

    static std::vector<GroupIndex> select(config::YamlMap& map, std::string_view key,
                                          const Names& names);

    config::Problems& problems_;
    Names clients_;
    Names servers_;
};

}  // namespace querytap::policy
