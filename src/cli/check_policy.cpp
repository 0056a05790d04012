// querytap check --policy, --explain: does a policy load, and what does it say of a conversation?
#include <fmt/format.h>

#include <querytap/policy/policy.h>

#include "check_options.h"
#include "exit_status.h"

namespace querytap::cli {

int check_policy(const CheckOptions& options) {
    if (options.policy.empty()) {
        return fail(kUsage, {.message = "--explain needs a policy",
                             .hint = "give one with --policy, or a configuration that names one"});
    }
    const auto policy = policy::Policy::load(options.policy);
    if (!policy) return fail(kUsage, policy.error());
    if (options.explain.empty()) {
        fmt::print("{}: no errors\n", options.policy);
        return kDone;
    }
    const auto facts = policy::parse_facts(options.explain);
    if (!facts) return fail(kUsage, facts.error());
    fmt::print("{}", (*policy)->explain(*facts));
    return kDone;
}

}  // namespace querytap::cli
