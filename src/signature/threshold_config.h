// threshold.config, as Suricata has it: what the owner does not want to hear of rules that others
// wrote. suppress, threshold and event_filter; one to a line.
#pragma once

#include <filesystem>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>

#include "rule_model.h"

namespace querytap::signature {

/// Applies the file to the rules. `warnings`: lines that name a rule which is not there.
Status apply_thresholds(std::vector<ParsedRule>& rules, const std::filesystem::path& file,
                        const Variables& variables, std::vector<Error>& warnings);

}  // namespace querytap::signature
