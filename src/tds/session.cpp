#include <new>

#include <querytap/tds/session.h>

#include "encryption.h"
#include "stream.h"
#include "tls_layer.h"

namespace querytap::tds {

struct Session::State {
    State(SessionPool& session_pool, bool midstream) noexcept
        : pool(session_pool.impl()),
          streams{Stream{Direction::kToServer, midstream}, Stream{Direction::kToClient, midstream}},
          tls(session_pool.impl().tls) {
        facts.connection = pool.statements.new_connection();
    }
    ~State() {
        if (facts.prepared) pool.statements.forget_all(facts.connection);
    }

    Stream& stream(Direction direction) noexcept { return streams[index(direction)]; }
    Stream::Shared shared(Direction direction, Handler& handler) noexcept {
        return {direction == Direction::kToServer ? requests : responses, multiplexer,
                Scope{handler, facts, pool, tls}};
    }

    SessionPool::Impl& pool;
    Facts facts;
    std::array<Stream, 2> streams;
    Exchange exchange{0};
    Lane requests{Direction::kToServer, 0, exchange};
    Lane responses{Direction::kToClient, 0, exchange};
    Multiplexer multiplexer;
    TlsLayer tls;
};

Session::Session(SessionPool& pool, bool midstream) noexcept {
    static_assert(sizeof(State) <= kStateSize && alignof(State) <= 8);
    new (state_) State(pool, midstream);
}

Session::~Session() {
    state().~State();
}

Session::State& Session::state() noexcept {
    return *std::launder(reinterpret_cast<State*>(state_));
}

const Session::State& Session::state() const noexcept {
    return *std::launder(reinterpret_cast<const State*>(state_));
}

void Session::feed(Direction direction, Bytes bytes, Handler& handler) {
    state().stream(direction).feed(bytes, state().shared(direction, handler));
}

void Session::gap(Direction direction, Handler& handler) {
    state().stream(direction).gap(state().shared(direction, handler));
}

void Session::finish(Handler& handler) {
    for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
        const Stream::Shared shared = state().shared(direction, handler);
        shared.lane.abort(shared.scope);
    }
    const Stream::Shared shared = state().shared(Direction::kToServer, handler);
    state().multiplexer.abort(shared.scope);
    shared.scope.tls.finish(shared);
    note_end(shared.scope);
}

bool Session::logged_in() const noexcept {
    return state().facts.logged_in();
}

}  // namespace querytap::tds
