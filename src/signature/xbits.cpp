// What xbits ask and do when a rule holds.
#include <algorithm>

#include "rule_model.h"

namespace querytap::signature {
namespace {

XbitTable::Bit bit_of(const XbitCommand& command, const FlowFacts& facts) noexcept {
    return {command.name, command.track, facts.to_server ? facts.client : facts.server,
            facts.to_server ? facts.server : facts.client};
}

}  // namespace

bool XbitConditions::changes() const noexcept {
    return std::any_of(commands.begin(), commands.end(),
                       [](const XbitCommand& command) { return !command.asks(); });
}

bool XbitConditions::holds(const FlowFacts& facts) const noexcept {
    return std::all_of(commands.begin(), commands.end(), [&](const XbitCommand& command) {
        if (!command.asks()) return true;
        const bool set = facts.xbits != nullptr && facts.xbits->is_set(bit_of(command, facts));
        return set == (command.kind == XbitCommand::Kind::kIsSet);
    });
}

void XbitConditions::apply(const FlowFacts& facts) const noexcept {
    if (facts.xbits == nullptr) return;
    for (const XbitCommand& command : commands) {
        if (command.asks()) continue;
        const XbitTable::Bit bit = bit_of(command, facts);
        const bool unset = command.kind == XbitCommand::Kind::kUnset ||
                           (command.kind == XbitCommand::Kind::kToggle && facts.xbits->is_set(bit));
        if (unset) {
            facts.xbits->unset(bit);
        } else {
            facts.xbits->set(bit, command.seconds);
        }
    }
}

}  // namespace querytap::signature
