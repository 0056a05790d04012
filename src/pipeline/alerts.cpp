#include "alerts.h"

#include <array>
#include <charconv>

namespace querytap::pipeline {

BoundedText<16> evidence_id(const signature::Rule& rule) noexcept {
    std::array<char, 10> digits;  // of a 32-bit number
    const auto end = std::to_chars(digits.begin(), digits.end(), rule.sid).ptr;
    BoundedText<16> id;
    id.assign("sid:");
    id.append({digits.begin(), end});
    return id;
}

/// Source is the sender of the bytes, as in the rule's header.
bool is_told(Context& context, const Conversation& who, const signature::Rule& rule,
             const signature::Rate& rate, bool to_server) noexcept {
    const IpAddress& source = (to_server ? who.client : who.server).address;
    const IpAddress& destination = (to_server ? who.server : who.client).address;
    if (context.rates.tell(rule, rate, source, destination, context.now)) return true;
    context.counters.alerts_below_threshold.add();
    return false;
}

void write_alert(Context& context, const Conversation& who, const signature::Hit& hit,
                 std::uint32_t generation, bool to_server, const BoundedText<128>& user,
                 const BoundedText<128>& application) noexcept {
    const bool written = context.events.write<Alert>(who, [&](Alert& event) {
        event.rule = hit.rule;
        event.generation = generation;
        event.buffer = hit.buffer;
        event.to_server = to_server;
        event.excerpt.assign(hit.excerpt);
        event.user = user;
        event.application = application;
    });
    if (written) context.counters.alerts.add();
}

}  // namespace querytap::pipeline
