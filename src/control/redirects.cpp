#include "redirects.h"

namespace querytap::control {
namespace {

// A client goes there at once; what is older, or more than this, is somebody else's.
constexpr Duration kLifetime = std::chrono::minutes(1);
constexpr std::size_t kRedirectsMax = 1024;

}  // namespace

void Redirects::apply(pipeline::Event& event) {
    using pipeline::TdsKind;
    if (event.type != pipeline::EventType::kTds) return;
    const TdsKind kind = event.tds.kind;
    if (kind == TdsKind::kRedirect) {
        remember(event);
    } else if (kind == TdsKind::kLogin ||
               (kind == TdsKind::kPrelogin && event.tds.direction == tds::Direction::kToServer)) {
        event.tds.redirected_from = origin_of(event);
    }
}

void Redirects::remember(const pipeline::Event& event) {
    if (recent_.size() == kRedirectsMax) recent_.pop_front();
    recent_.push_back({.client = event.conversation.client.address,
                       .port = event.tds.redirect_port,
                       .time = event.order.time,
                       .from = event.conversation.flow_id});
}

std::uint64_t Redirects::origin_of(const pipeline::Event& event) {
    while (!recent_.empty() && event.order.time - recent_.front().time > kLifetime)
        recent_.pop_front();
    const std::uint64_t flow = event.conversation.flow_id;
    for (auto redirect = recent_.rbegin(); redirect != recent_.rend(); ++redirect) {
        if (redirect->client != event.conversation.client.address ||
            redirect->port != event.conversation.server.port || redirect->from == flow) {
            continue;
        }
        if (redirect->to == 0) redirect->to = flow;
        if (redirect->to == flow) return redirect->from;
    }
    return 0;
}

}  // namespace querytap::control
