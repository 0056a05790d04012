// One TDS connection, both directions: contiguous bytes in, messages out (MS-TDS 2.2). Bytes may be
// cut anywhere; what comes out does not depend on where (values may arrive in other chunks, nothing
// else). Works from the handshake on, mid-stream, one-directional, after gaps, and across MARS
// (SMP).
//
// One thread. A Session holds no heap memory of its own; larger buffers are borrowed from the
// SessionPool while a message needs them and given back after it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <querytap/base/bytes.h>
#include <querytap/base/counter.h>
#include <querytap/tds/message.h>
#include <querytap/tls/session.h>

namespace querytap::tds {

/// Receives what a session says, in the order of the wire. Between on_message_begin and
/// on_message_end of one (direction, smp_session) come only the callbacks of that message, but
/// messages of the two directions and of several MARS sessions interleave.
class Handler {
  public:
    virtual ~Handler() = default;

    virtual void on_message_begin(const MessageInfo&) {}
    virtual void on_message_end(const MessageInfo&) {}
    /// The message as it stands in the stream: headers and payload of its packets, in pieces, each
    /// before what is read in it. Never of messages that log in: those hold passwords and tokens.
    virtual void on_packet_bytes(const MessageInfo&, Bytes) {}

    virtual void on_prelogin(const MessageInfo&, const Prelogin&) {}
    virtual void on_login(const MessageInfo&, const Login7&) {}
    /// NTLM in an SSPI message: the user of an integrated login is first named here.
    virtual void on_ntlm(const MessageInfo&, const NtlmIdentity&) {}

    virtual void on_sql(const MessageInfo&, SqlSource, const Chunk&) {}
    virtual void on_rpc(const MessageInfo&, const RpcCall&) {}
    virtual void on_parameter(const MessageInfo&, const Parameter&) {}
    /// The value of the last parameter, when it is text or binary and is not SQL text.
    virtual void on_parameter_value(const MessageInfo&, const Chunk&) {}
    /// The same of an integer that is not null.
    virtual void on_parameter_number(const MessageInfo&, std::int64_t) {}

    virtual void on_column(const MessageInfo&, const ResultColumn&) {}
    /// Text or binary of result columns and RETURNVALUEs, as many as were read together.
    virtual void on_result_values(const MessageInfo&, std::span<const Chunk>) {}
    virtual void on_error(const MessageInfo&, const ResultError&) {}
    virtual void on_login_ack(const MessageInfo&, const LoginAck&) {}
    /// FEATUREEXTACK: what the server has of the client's FeatureExt, a bit for each FeatureId
    /// below 32.
    virtual void on_features(const MessageInfo&, std::uint32_t acknowledged) { (void)acknowledged; }
    virtual void on_federation(const MessageInfo&, const Federation&) {}
    virtual void on_env_change(const MessageInfo&, EnvChange, std::string_view new_value,
                               std::string_view old_value) {
        (void)new_value, (void)old_value;
    }
    virtual void on_done(const MessageInfo&, const Done&) {}
    virtual void on_return_status(const MessageInfo&, std::int32_t) {}
    virtual void on_result_end(const MessageInfo&, const ResultSummary&) {}

    /// What a TLS handshake said in the clear. At most once.
    virtual void on_tls(TlsMode, const tls::Handshake&) {}
    /// Login succeeded in TLS, or the whole session is encrypted: no SQL will be seen (after_login
    /// false), or TLS ended and clear TDS follows (after_login true).
    virtual void on_encrypted(Direction, bool after_login) { (void)after_login; }
    /// Bytes that are TDS no longer: after kFramingLost the stream goes on here, raw.
    virtual void on_raw(Direction, Bytes) {}
    virtual void on_anomaly(Direction, Anomaly) {}
};

struct SessionLimits {
    std::size_t buffers = 4096;     ///< borrowed buffers of a worker, kBufferSize each
    std::size_t statements = 4096;  ///< texts of prepared statements kept by a worker, 2 KB each
    tls::Limits tls{};
};

struct SessionCounters {
    Counter buffers_in_use;
    Counter buffers_exhausted;
    Counter resynchronised;
    Counter statements_dropped;  ///< prepared texts that gave way to newer ones
    Counter handles_unknown;     ///< executions of what was prepared before, or gave way
};

/// The larger buffers that the sessions of one worker share, and what they count. Outlives them.
class SessionPool {
  public:
    static constexpr std::size_t kBufferSize = 4096;

    explicit SessionPool(SessionLimits limits);
    ~SessionPool();
    SessionPool(const SessionPool&) = delete;
    SessionPool& operator=(const SessionPool&) = delete;

    const SessionCounters& counters() const noexcept;
    const tls::Counters& tls_counters() const noexcept;

    struct Impl;
    Impl& impl() noexcept { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

class Session {
  public:
    /// midstream: the handshake of the connection was not seen.
    Session(SessionPool& pool, bool midstream) noexcept;
    ~Session();  ///< gives borrowed buffers back; says nothing to a handler
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void feed(Direction direction, Bytes bytes, Handler& handler);
    /// Bytes are missing before what comes next. Unfinished messages of that direction end
    /// (complete = false) and the next plausible header is looked for.
    void gap(Direction direction, Handler& handler);
    /// End of the flow: unfinished messages end with complete = false.
    void finish(Handler& handler);

    bool logged_in() const noexcept;  ///< LOGINACK seen, or requests and results both seen

  private:
    struct State;
    // Sized and checked in session.cpp; in place, so that a session is one block of a worker's
    // array.
    static constexpr std::size_t kStateSize = 832;
    alignas(8) unsigned char state_[kStateSize];
    State& state() noexcept;
    const State& state() const noexcept;
};

}  // namespace querytap::tds
