// What a TDS session says, as it reaches the matcher, the EVE records and the evidence.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "alerts.h"
#include "connection_novelty.h"
#include "evidence.h"

namespace querytap::pipeline {

using tds::Direction;

namespace {

template <std::size_t kSize>
void copy_text(BoundedText<kSize>& to, const BoundedText<kSize>& from) noexcept {
    if (from.truncated()) {
        to = from;
    } else {
        to.assign(from.view());
    }
}

/// Texts as far as they go: most of a record is room for them.
void copy_record(Tds& to, const Tds& from) noexcept {
    static_assert(std::is_trivially_copyable_v<Tds>);
    std::memcpy(static_cast<void*>(&to), &from, offsetof(Tds, user));
    copy_text(to.user, from.user);
    copy_text(to.host, from.host);
    copy_text(to.application, from.application);
    copy_text(to.library, from.library);
    copy_text(to.server, from.server);
    copy_text(to.database, from.database);
    copy_text(to.domain, from.domain);
    copy_text(to.procedure, from.procedure);
    copy_text(to.parameters, from.parameters);
    copy_text(to.text, from.text);
}

}  // namespace

MessageMatch* Connection::find(const tds::MessageInfo& info) noexcept {
    for (MessageMatch* message = messages_; message != nullptr; message = message->next) {
        if (message->is(info)) return message;
    }
    return nullptr;
}

MessageMatch* Connection::open(const tds::MessageInfo& info) noexcept {
    MessageMatch* message = context_.messages.acquire(context_, info, facts(info.direction));
    if (message == nullptr) context_.counters.messages_exhausted.add();
    return message;
}

signature::FlowFacts Connection::facts(Direction direction) noexcept {
    return {.client = conversation_.client.address,
            .server = conversation_.server.address,
            .client_port = conversation_.client.port,
            .server_port = conversation_.server.port,
            .to_server = direction == Direction::kToServer,
            .established = true,
            .is_tds = true,
            .bits = &flow_bits_,
            .xbits = &context_.xbits};
}

void Connection::on_message_begin(const tds::MessageInfo& info) {
    if (MessageMatch* unfinished = find(info); unfinished != nullptr) close(*unfinished);
    MessageMatch* message = open(info);
    if (message == nullptr) return;
    message->next = messages_;
    messages_ = message;
    message->number(signature::Number::kTdsType, static_cast<std::uint64_t>(info.type));
    tell_version(*message);
}

void Connection::on_message_end(const tds::MessageInfo& info) {
    auto& by_type = context_.counters.tds_messages;
    by_type[std::min<std::size_t>(static_cast<std::size_t>(info.type), by_type.size() - 1)].add();
    ++(info.direction == Direction::kToServer ? messages_to_server_ : messages_to_client_);
    if (info.complete) judge_port();

    MessageMatch* message = find(info);
    if (message == nullptr) return;
    message->record.complete = info.complete;
    message->record.size = info.size;
    close(*message);
}

void Connection::on_packet_bytes(const tds::MessageInfo& info, Bytes bytes) {
    if (!context_.current->wanted[static_cast<std::size_t>(signature::Buffer::kPayload)]) return;
    if (MessageMatch* message = find(info); message != nullptr) message->packet_bytes(bytes);
}

void Connection::close(MessageMatch& message) noexcept {
    Hits hits(*this, message);
    write_record(message);
    message.finish(hits);
    look_for_new_shapes(message);
    check_statements(message.statements());
    MessageMatch** link = &messages_;
    while (*link != &message)
        link = &(*link)->next;
    *link = message.next;
    context_.messages.release(&message);
}

/// A result without columns, or without their names (NoMetaData), has no shape.
void Connection::look_for_new_shapes(const MessageMatch& message) noexcept {
    if (context_.limits.memory == nullptr) return;
    if (message.record.kind == TdsKind::kQuery && message.query_hash() != 0) {
        look_for_news(novelty::Thing::kQueryShape, message.query_hash(),
                      verdict::Evidence::kNewQueryShape, hexadecimal(message.query_hash()).view());
    }
    if (message.record.kind == TdsKind::kResult && message.column_shape() != 0) {
        look_for_news(novelty::Thing::kResultShape, message.column_shape(),
                      verdict::Evidence::kNewResultShape);
    }
}

void Connection::write_record(const MessageMatch& message) noexcept {
    const Tds& record = message.record;
    const bool query = record.kind == TdsKind::kQuery;
    const bool result = record.kind == TdsKind::kResult;
    if (query) context_.counters.queries.add();
    if (!context_.limits.tds_events || !(query || result)) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        copy_record(event, record);
        event.query_hash = message.query_hash();
    });
}

void Connection::on_sql(const tds::MessageInfo& info, tds::SqlSource source,
                        const tds::Chunk& chunk) {
    MessageMatch* message = find(info);
    if (message == nullptr) return;
    message->record.kind = TdsKind::kQuery;
    if (source == tds::SqlSource::kPrepared) {
        message->prepared(chunk);
    } else {
        message->sql(chunk);
    }
}

void Connection::on_rpc(const tds::MessageInfo& info, const tds::RpcCall& call) {
    MessageMatch* message = find(info);
    if (message == nullptr) return;
    message->record.kind = TdsKind::kQuery;
    ++message->record.rpc_calls;
    message->procedure(call);
}

void Connection::on_parameter(const tds::MessageInfo& info, const tds::Parameter& parameter) {
    if (MessageMatch* message = find(info); message != nullptr) message->parameter(parameter.name);
}

void Connection::on_parameter_value(const tds::MessageInfo& info, const tds::Chunk& chunk) {
    if (MessageMatch* message = find(info); message != nullptr) message->parameter_value(chunk);
}

void Connection::on_parameter_number(const tds::MessageInfo& info, std::int64_t value) {
    if (MessageMatch* message = find(info); message != nullptr) message->parameter_number(value);
}

void Connection::on_column(const tds::MessageInfo& info, const tds::ResultColumn& column) {
    if (MessageMatch* message = find(info); message != nullptr) {
        message->field(signature::Buffer::kTdsColumn, column.name);
        if (context_.limits.memory != nullptr) message->add_column(column.name);
    }
}

void Connection::on_result_values(const tds::MessageInfo& info,
                                  std::span<const tds::Chunk> values) {
    if (MessageMatch* message = find(info); message != nullptr) message->result_values(values);
}

void Connection::on_error(const tds::MessageInfo& info, const tds::ResultError& error) {
    if (MessageMatch* message = find(info); message != nullptr) {
        message->field(signature::Buffer::kTdsError, error.message);
        message->number(signature::Number::kTdsErrorNumber, error.number);
    }
    if (error.is_info || !context_.limits.tds_events) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        event.kind = TdsKind::kError;
        event.type = info.type;
        event.direction = info.direction;
        event.error_number = error.number;
        event.state = error.state;
        event.severity = error.severity;
        event.procedure.assign(error.procedure);
        event.text.assign(error.message);
    });
}

/// A redirection (Azure, availability groups): the client's next connection goes to the port.
void Connection::on_env_change(const tds::MessageInfo& info, tds::EnvChange kind,
                               std::string_view new_value, std::string_view) {
    if (kind == tds::EnvChange::kDatabase) check_database(new_value);
    if (kind != tds::EnvChange::kRouting && kind != tds::EnvChange::kEnhancedRouting) return;
    const std::string_view place = new_value.substr(0, new_value.rfind('/'));
    const std::size_t colon = std::min(place.rfind(':'), place.size());
    const std::string_view digits = place.substr(std::min(colon + 1, place.size()));
    std::uint16_t port = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), port);
    context_.expected_ports.learn_client(conversation_.client.address, port, context_.now);
    if (!context_.limits.tds_events) return;
    context_.events.write<Tds>(conversation_, [&](Tds& event) {
        event.kind = TdsKind::kRedirect;
        event.type = info.type;
        event.direction = info.direction;
        event.redirect_port = port;
        event.server.assign(place.substr(0, colon));
    });
}

void Connection::on_result_end(const tds::MessageInfo& info, const tds::ResultSummary& summary) {
    MessageMatch* message = find(info);
    if (message == nullptr) return;
    Tds& record = message->record;
    if (record.kind == TdsKind::kLoginAck) {
        if (context_.limits.tds_events) {
            context_.events.write<Tds>(conversation_, [&](Tds& event) { event = record; });
        }
        record.text.clear();
    }
    record.kind = TdsKind::kResult;
    record.result = summary;
    message->number(signature::Number::kTdsRows, summary.rows);
}

void Connection::on_raw(Direction direction, Bytes bytes) {
    MessageMatch*& raw = raw_[direction == Direction::kToServer ? 0 : 1];
    if (raw == nullptr) raw = open({.direction = direction});
    if (raw == nullptr) return;
    Hits hits(*this, *raw);
    raw->tunnel(as_text(bytes), hits);
}

void Connection::on_anomaly(Direction direction, tds::Anomaly anomaly) {
    context_.counters.anomalies[static_cast<std::size_t>(anomaly)].add();
    if (context_.limits.tds_events) {
        context_.events.write<Tds>(conversation_, [&](Tds& event) {
            event.kind = TdsKind::kAnomaly;
            event.direction = direction;
            event.anomaly = anomaly;
        });
    }
    if (const auto evidence = evidence_of(anomaly)) add_evidence(*evidence);
}

void Connection::hit(const MessageMatch& message, const signature::Hit& hit) noexcept {
    const signature::Rule& rule = message.rules().rules()[hit.rule];
    const bool to_server = message.record.direction == Direction::kToServer;
    if (rule.rate && !is_told(context_, conversation_, rule, *rule.rate, to_server)) return;
    if (findings().may_alert(rule.sid)) {
        ++alerts_;
        write_alert(context_, conversation_, hit, message.generation(), to_server, user_,
                    application_);
    } else {
        context_.counters.alerts_suppressed.add();
    }
    add_reason(verdict::Kind::kSignature, evidence_id(rule).view(), rule.message, rule.technique,
               verdict::signature_weight(rule.confidence, rule.priority));
}

}  // namespace querytap::pipeline
