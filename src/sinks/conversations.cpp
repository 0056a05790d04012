#include "conversations.h"

#include <algorithm>

namespace querytap::sinks {
namespace {

using pipeline::EventType;
using verdict::Level;

constexpr std::size_t kReasonsMax = 12;

void add_reason(Conversation& conversation, const verdict::Reason& reason) {
    auto& reasons = conversation.reasons;
    const auto known = std::find_if(reasons.begin(), reasons.end(), [&](const auto& other) {
        return other.id.view() == reason.id.view();
    });
    if (known != reasons.end()) {
        known->count = std::max(known->count, reason.count);
        return;
    }
    if (reasons.size() >= kReasonsMax) return;
    const auto heavier = [&](const auto& other) { return other.weight >= reason.weight; };
    reasons.insert(std::find_if_not(reasons.begin(), reasons.end(), heavier), reason);
}

void add_verdict(Conversation& conversation, const pipeline::Verdict& verdict) {
    conversation.level = std::max(conversation.level, verdict.level);
    conversation.score = std::max(conversation.score, verdict.score);
    for (std::size_t i = 0; i < verdict.reason_count; ++i) {
        add_reason(conversation, verdict.reasons[i]);
    }
}

void add_flow(Conversation& conversation, const pipeline::FlowEnd& flow) {
    ++conversation.connections;
    conversation.requests += flow.tds_messages_to_server;
    conversation.bytes += flow.to_server.bytes + flow.to_client.bytes;
    conversation.first = std::min(conversation.first, flow.first);
    conversation.last = std::max(conversation.last, flow.last);
    conversation.level = std::max(conversation.level, flow.level);
    if (conversation.user.empty()) conversation.user = flow.user.view();
    if (conversation.application.empty()) conversation.application = flow.application.view();
}

/// "TLS 1.2 (strict) to db01.contoso.com, certificate CN=db01 (self-signed)".
std::string words_of(const pipeline::Tls& tls) {
    const auto& [client, server, certificate] = tls.handshake;
    std::string text(server.seen ? tls::name(server.version) : "TLS");
    text.append(" (").append(tds::name(tls.mode)).append(")");
    if (!client.sni.empty()) text.append(" to ").append(client.sni.view());
    if (certificate.seen) {
        text.append(", certificate ").append(certificate.subject.view());
        if (certificate.self_signed) text.append(" (self-signed)");
    }
    return text;
}

}  // namespace

void Conversations::add(const pipeline::Event& event) {
    const bool tls = event.type == EventType::kTds && event.tds.kind == pipeline::TdsKind::kTls;
    if (event.type != EventType::kVerdict && event.type != EventType::kFlow && !tls) return;
    Conversation* conversation = place(event);
    if (conversation == nullptr) return;
    if (event.conversation.app != protocol::Protocol::kUndecided) {
        conversation->app = event.conversation.app;
    }
    if (event.type == EventType::kVerdict) {
        add_verdict(*conversation, event.verdict);
    } else if (tls) {
        if (conversation->tls.empty()) conversation->tls = words_of(event.tls);
    } else {
        add_flow(*conversation, event.flow);
    }
}

Conversation* Conversations::place(const pipeline::Event& event) {
    const pipeline::Conversation& who = event.conversation;
    const Key key{who.client.address, who.server.address, who.server.port};
    const auto known = all_.find(key);
    if (known != all_.end()) return &known->second;
    if (all_.size() >= size_max_ && !make_room(event)) {
        ++left_out_;
        return nullptr;
    }
    Conversation& fresh = all_[key];
    fresh.client = who.client.address;
    fresh.server = who.server.address;
    fresh.port = who.server.port;
    fresh.first = fresh.last = event.order.time;
    return &fresh;
}

/// A conversation with a verdict takes the place of one without.
bool Conversations::make_room(const pipeline::Event& event) {
    if (event.type != EventType::kVerdict || event.verdict.level < Level::kSuspicious) return false;
    const auto least = std::find_if(all_.begin(), all_.end(), [](const auto& entry) {
        return entry.second.level < Level::kSuspicious;
    });
    if (least == all_.end()) return false;
    all_.erase(least);
    ++left_out_;
    return true;
}

std::vector<const Conversation*> Conversations::sorted() const {
    std::vector<const Conversation*> rows;
    rows.reserve(all_.size());
    for (const auto& [key, conversation] : all_)
        rows.push_back(&conversation);
    std::stable_sort(rows.begin(), rows.end(), [](const Conversation* a, const Conversation* b) {
        return std::tuple(b->level, b->score, a->first) < std::tuple(a->level, a->score, b->first);
    });
    return rows;
}

}  // namespace querytap::sinks
