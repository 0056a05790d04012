#include "pairs.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace querytap::control {

Pairs::Pairs(const config::Verdict& options, std::function<void(const pipeline::Event&)> write)
    : book_({.half_life = std::chrono::hours(options.half_life_h),
             .pairs = options.pairs,
             .records_a_minute = options.records_a_minute}),
      habits_(options.pairs),
      write_(std::move(write)) {}

bool Pairs::before(const pipeline::Event& event) {
    now_ = std::max(now_, event.order.time);
    book_.advance(now_, [&](const auto& pair, const auto& verdict) { this->write(pair, verdict); });
    const pipeline::Conversation& who = event.conversation;
    due_pair_ = {who.client.address, who.server.address, who.server.port};
    if (event.type == pipeline::EventType::kFlow) flow_ended(event);
    if (event.type != pipeline::EventType::kVerdict) return true;
    verdict::PairBook::Outcome outcome =
        book_.add(due_pair_, who.flow_id, event.verdict.level,
                  std::span(event.verdict.reasons).first(event.verdict.reason_count),
                  event.verdict.degraded.bits(), now_);
    due_ = std::move(outcome.pair);
    stats_.pairs.set(book_.size());
    stats_.left_out.set(book_.left_out());
    if (!outcome.write_flow) stats_.folded.add();
    return outcome.write_flow;
}

/// That a suspicious pair polls is news, even when its level stays.
void Pairs::flow_ended(const pipeline::Event& event) {
    const protocol::Protocol app = event.conversation.app;
    if (app != protocol::Protocol::kTds && app != protocol::Protocol::kTls) return;
    const pipeline::FlowEnd& flow = event.flow;
    if (!habits_.add(due_pair_, flow.first, flow.user.view(), flow.encrypted)) return;
    due_ = book_.look(due_pair_, now_);
    if (due_ && due_->level < verdict::Level::kSuspicious) due_.reset();
}

void Pairs::after() {
    if (due_) write(due_pair_, *std::exchange(due_, std::nullopt));
}

void Pairs::finish() {
    book_.finish(now_, [&](const auto& pair, const auto& verdict) { this->write(pair, verdict); });
}

void Pairs::write(const verdict::Pair& pair, const verdict::PairVerdict& verdict) {
    event_.type = pipeline::EventType::kVerdict;
    event_.order.time = now_;
    event_.conversation = {};
    event_.conversation.client = {pair.client, 0};
    event_.conversation.server = {pair.server, pair.port};
    event_.conversation.protocol = packet::IpProtocol::kTcp;
    pipeline::Verdict& record = *std::construct_at(&event_.verdict);
    record.level = verdict.level;
    record.previous = verdict.previous;
    record.score = verdict.score;
    record.of_pair = true;
    record.flows = verdict.flows;
    record.folded_records = verdict.folded;
    record.degraded = pipeline::Degraded(verdict.left_out);
    record.reason_count = verdict.reason_count;
    record.reasons = verdict.reasons;
    record.text.assign(habits_.words(pair));
    for (std::size_t i = 0; i < verdict.reason_count; ++i) {
        record.text.append(i == 0 ? ": " : "; ");
        record.text.append(verdict.reasons[i].text.view());
    }
    write_(event_);
}

}  // namespace querytap::control
