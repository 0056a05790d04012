// Rule files -> parsed rules. No Hyperscan here.
#pragma once

#include <string_view>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>

#include "rule_model.h"

namespace querytap::signature {

class Parser {
  public:
    explicit Parser(const LoadOptions& options);

    /// All rules of one file, added to what was read before. Without `lenient` the first fault ends
    /// it.
    Status parse(std::string_view text, std::string_view file);

    const Variables& variables() const noexcept { return variables_; }
    std::vector<ParsedRule>& rules() noexcept { return rules_; }
    std::vector<Error>& skipped() noexcept { return skipped_; }

  private:
    Status add(ParsedRule rule, const Error& duplicate);

    bool lenient_;
    Variables variables_;
    std::vector<ParsedRule> rules_;
    std::vector<Error> skipped_;
    /// (sid, gid) -> where it was defined
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> known_;
};

}  // namespace querytap::signature
