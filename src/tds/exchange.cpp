#include "exchange.h"

namespace querytap::tds {

using Kind = Statements::Kind;

void Exchange::begin_request(const MessageInfo& info, const Scope& scope) noexcept {
    if (info.type == PacketType::kAttention || info.type == PacketType::kPrelogin) return;
    drop_awaited(scope);
    // A pooled connection gets a new owner, and the server forgets all handles (2.2.3.1.2).
    const bool reset = (info.status & (kResetConnection | kResetConnectionSkipTran)) != 0;
    if (reset && scope.facts.prepared) {
        scope.pool.statements.forget_all(scope.facts.connection);
    }
    learning_ = turn_ != Turn::kAhead;
    turn_ = learning_ ? Turn::kAsked : Turn::kAnswered;
    answering_ = false;
    preparing_ = false;
}

void Exchange::begin_call(std::uint16_t index, const Procedure* procedure, Facts& facts) noexcept {
    call_ = index;
    preparing_ = procedure != nullptr && learning_ && index < kCallsMax &&
                 (procedure->handles.gives_prepared || procedure->handles.gives_cursor);
    if (!preparing_) return;
    facts.prepared = true;
    const auto bit = static_cast<std::uint16_t>(1U << index);
    if (procedure->handles.gives_prepared) gives_prepared_ |= bit;
    if (procedure->handles.gives_cursor) gives_cursor_ |= bit;
}

void Exchange::statement(const Chunk& chunk, const Scope& scope) noexcept {
    if (!preparing_) return;
    const Statements::Key key = awaited(call_, scope);
    if (chunk.begin) scope.pool.statements.begin(key, chunk.encoding);
    scope.pool.statements.append(key, chunk.bytes);
}

void Exchange::use_handle(const Procedure& procedure, std::uint32_t number,
                          const MessageScope& scope) {
    const Statements::Key key{scope.facts.connection, number, procedure.handles.takes};
    Statements& statements = scope.pool.statements;
    if (procedure.handles.forgets) {
        statements.forget(key);
        return;
    }
    Statements::Text text;
    if (!statements.find(key, text)) {
        scope.pool.counters.handles_unknown.add();
        return;
    }
    const Chunk chunk{.bytes = text.bytes, .encoding = text.encoding, .begin = true, .end = true};
    scope.handler.on_sql(scope.info, SqlSource::kPrepared, chunk);
    statement(chunk, scope);  // the cursor that sp_cursorexecute opens stands for it too
}

void Exchange::begin_answer() noexcept {
    numbers_ = 0;
    answered_ = 0;
    attention_ = false;
    answering_ = turn_ == Turn::kAsked;
    if (turn_ == Turn::kAnswered) {
        turn_ = Turn::kAhead;
    } else if (turn_ == Turn::kAhead) {
        turn_ = Turn::kUnknown;
    }
}

void Exchange::next_call() noexcept {
    numbers_ = 0;
    if (answered_ < kCallsMax) ++answered_;
}

void Exchange::return_number(bool null, std::uint32_t number, const Scope& scope) noexcept {
    if (!answering_ || answered_ >= kCallsMax) return;
    const unsigned bit = 1U << answered_;
    const bool prepared = (gives_prepared_ & bit) != 0;
    const bool cursor = (gives_cursor_ & bit) != 0;
    // Small output parameters are returned in their order (2.2.7.19), and handles stand first.
    Kind kind = Kind::kNone;
    if (numbers_ == 0 && prepared) kind = Kind::kPrepared;
    if (numbers_ == (prepared ? 1 : 0) && cursor) kind = Kind::kCursor;
    if (numbers_ < 2) ++numbers_;
    if (kind == Kind::kNone || null) return;
    scope.pool.statements.copy(awaited(answered_, scope), {scope.facts.connection, number, kind});
}

void Exchange::end_answer(const Scope& scope) noexcept {
    // The acknowledgement of an attention may come as an answer of its own, to nothing else.
    if (attention_) turn_ = Turn::kAnswered;
    if (!answering_) return;
    turn_ = Turn::kAnswered;
    answering_ = false;
    drop_awaited(scope);
}

void Exchange::lose(const Scope& scope) noexcept {
    turn_ = Turn::kUnknown;
    learning_ = false;
    answering_ = false;
    preparing_ = false;
    drop_awaited(scope);
}

Statements::Key Exchange::awaited(std::uint16_t call, const Scope& scope) const noexcept {
    return {scope.facts.connection, std::uint32_t{smp_session_} << 16 | call, Kind::kAwaited};
}

void Exchange::drop_awaited(const Scope& scope) noexcept {
    const unsigned calls = gives_prepared_ | gives_cursor_;
    for (std::uint16_t call = 0; calls >> call != 0; ++call) {
        if ((calls >> call & 1) != 0) scope.pool.statements.forget(awaited(call, scope));
    }
    gives_prepared_ = 0;
    gives_cursor_ = 0;
}

}  // namespace querytap::tds
