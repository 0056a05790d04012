// One TCP connection that is, or may be, TDS: its two halves of reassembly, its TDS session, the
// messages being matched, the evidence so far.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <querytap/pipeline/event.h>
#include <querytap/signature/scanner.h>
#include <querytap/stream/reassembler.h>
#include <querytap/tds/session.h>
#include <querytap/verdict/evidence.h>

#include "connection_list.h"
#include "context.h"
#include "message_match.h"

namespace querytap::pipeline {

class Connection final : public tds::Handler {
  public:
    /// `flow` outlives the connection.
    Connection(Context& context, flow::Flow& flow, const flow::Details& details);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// The stream is known to be TDS (or TLS where TDS is expected).
    void begin_session(protocol::Protocol app) noexcept;
    /// The stream stands on a SQL port and is something else, or nobody knows what.
    void watch(protocol::Protocol app) noexcept;

    /// False for a RST that the receiver will not believe, and for a FIN whose turn has not come.
    bool may_end(flow::Side side, const packet::PacketView& packet) const noexcept;
    /// The side has sent all: everything before its FIN or RST has come.
    bool ended(flow::Side side) const noexcept;
    /// The side has sent more behind its FIN or RST.
    bool went_on(flow::Side side) const noexcept;

    void packet(flow::Side side, const packet::PacketView& packet) noexcept;

    /// A datagram of this connection was dropped since its fragments overlap.
    void overlapping_fragments() noexcept;

    /// It turned out to be something else: `app` of the flow says what.
    bool abandoned() const noexcept { return stage_ == Stage::kAbandoned; }

    /// It is a session that is worth its place: both sides have spoken, or somebody logged in.
    bool settled() const noexcept;
    flow::Flow& flow() noexcept { return flow_; }
    ConnectionLinks links;

    /// The flow ends: what was held back is read, unfinished messages are decided.
    void finish() noexcept;

    void fill(FlowEnd& record) const noexcept;

  private:
    enum class Stage : std::uint8_t { kProbing, kSession, kWatched, kAbandoned };

    /// One direction, as the reassembler sees it.
    class Lane final : public stream::Consumer {
      public:
        Lane(Connection& owner, tds::Direction direction) : owner_(owner), direction_(direction) {}
        void on_stream(Bytes bytes) override { owner_.stream(*this, bytes); }
        void on_gap(std::uint32_t) override { owner_.gap(*this); }
        void on_conflicting_overlap() override { owner_.conflicting_overlap(); }
        void on_late_bytes() override { owner_.late_bytes(); }

        tds::Direction direction() const noexcept { return direction_; }
        stream::Half half;
        std::array<std::uint8_t, protocol::kDecisionBytes> prefix;  ///< while probing
        std::uint8_t prefix_size = 0;
        bool midstream = false;  ///< where it begins is not known
        bool left_out = false;   ///< what comes is not looked at

      private:
        Connection& owner_;
        tds::Direction direction_;
    };

    /// Reports the hits of one message as alerts and evidence.
    class Hits final : public signature::HitSink {
      public:
        Hits(Connection& owner, const MessageMatch& message) : owner_(owner), message_(message) {}
        void on_hit(const signature::Hit& hit) override { owner_.hit(message_, hit); }

      private:
        Connection& owner_;
        const MessageMatch& message_;
    };

    // tds::Handler
    void on_message_begin(const tds::MessageInfo& info) override;
    void on_message_end(const tds::MessageInfo& info) override;
    void on_packet_bytes(const tds::MessageInfo& info, Bytes bytes) override;
    void on_prelogin(const tds::MessageInfo& info, const tds::Prelogin& prelogin) override;
    void on_login(const tds::MessageInfo& info, const tds::Login7& login) override;
    void on_ntlm(const tds::MessageInfo& info, const tds::NtlmIdentity& identity) override;
    void on_sql(const tds::MessageInfo& info, tds::SqlSource, const tds::Chunk& chunk) override;
    void on_rpc(const tds::MessageInfo& info, const tds::RpcCall& call) override;
    void on_parameter(const tds::MessageInfo& info, const tds::Parameter& parameter) override;
    void on_parameter_value(const tds::MessageInfo& info, const tds::Chunk& chunk) override;
    void on_parameter_number(const tds::MessageInfo& info, std::int64_t value) override;
    void on_column(const tds::MessageInfo& info, const tds::ResultColumn& column) override;
    void on_result_values(const tds::MessageInfo& info,
                          std::span<const tds::Chunk> values) override;
    void on_error(const tds::MessageInfo& info, const tds::ResultError& error) override;
    void on_login_ack(const tds::MessageInfo& info, const tds::LoginAck& ack) override;
    void on_features(const tds::MessageInfo& info, std::uint32_t acknowledged) override;
    void on_federation(const tds::MessageInfo& info, const tds::Federation& federation) override;
    void on_env_change(const tds::MessageInfo& info, tds::EnvChange kind,
                       std::string_view new_value, std::string_view old_value) override;
    void on_result_end(const tds::MessageInfo& info, const tds::ResultSummary& summary) override;
    void on_tls(tds::TlsMode mode, const tls::Handshake& handshake) override;
    void on_encrypted(tds::Direction direction, bool after_login) override;
    void on_raw(tds::Direction direction, Bytes bytes) override;
    void on_anomaly(tds::Direction direction, tds::Anomaly anomaly) override;

    Lane& lane(flow::Side side) noexcept { return side == flow_.client ? to_server_ : to_client_; }
    const Lane& lane(flow::Side side) const noexcept {
        return side == flow_.client ? to_server_ : to_client_;
    }
    void stream(Lane& lane, Bytes bytes) noexcept;
    void probe(Lane& lane, Bytes bytes) noexcept;
    void take_prefixes() noexcept;
    void gap(Lane& lane) noexcept;
    void conflicting_overlap() noexcept;
    void late_bytes() noexcept;
    void urgent_data() noexcept;
    void look_at_flags(const packet::PacketView& packet) noexcept;
    void feed(Lane& lane, Bytes bytes) noexcept;
    std::optional<Shed> to_leave_out(const Lane& lane) const noexcept;
    void leave_out(Lane& lane, Shed what, std::size_t bytes) noexcept;

    void refresh_conversation() noexcept;
    signature::FlowFacts facts(tds::Direction direction) noexcept;
    MessageMatch* find(const tds::MessageInfo& info) noexcept;
    MessageMatch* open(const tds::MessageInfo& info) noexcept;
    void close(MessageMatch& message) noexcept;
    void tell_version(MessageMatch& message) noexcept;
    void write_record(const MessageMatch& message) noexcept;
    void hit(const MessageMatch& message, const signature::Hit& hit) noexcept;

    void watched(tds::Direction direction, Bytes bytes) noexcept;
    void end_watch() noexcept;
    void judge_port() noexcept;
    void judge_tls(tds::TlsMode mode, const tls::Handshake& handshake) noexcept;

    policy::Facts known_facts() const noexcept;
    void check_policy() noexcept;
    void check_policy(const policy::Facts& facts) noexcept;
    void check_login(const tds::Login7& login) noexcept;
    void check_tls(const tls::Handshake& handshake) noexcept;
    void match_tls(const tls::Handshake& handshake);
    void check_database(std::string_view database) noexcept;
    void check_statements(sql::StatementClasses statements) noexcept;
    void add_policy_findings(const policy::Decision& decision, const policy::Facts& facts) noexcept;
    void finish_policy() noexcept;
    void count_volume(tds::Direction direction, std::size_t bytes) noexcept;
    void check_volume() noexcept;
    void look_for_news_of_login() noexcept;
    void look_for_new_shapes(const MessageMatch& message) noexcept;
    template <typename What>
    void look_for_news(novelty::Thing thing, const What& what, verdict::Evidence evidence,
                       std::string_view shown = {}) noexcept;
    /// `text`: plain words, where more is known than the table says.
    void add_evidence(verdict::Evidence evidence, std::string_view text = {}) noexcept;
    void add_reason(verdict::Kind kind, std::string_view id, std::string_view text,
                    std::string_view technique, std::uint16_t weight) noexcept;
    void write_verdict() noexcept;
    verdict::Level level() const noexcept;
    Findings& findings() noexcept;

    Context& context_;
    flow::Flow& flow_;
    Lane to_server_{*this, tds::Direction::kToServer};
    Lane to_client_{*this, tds::Direction::kToClient};
    tds::Session session_;
    Stage stage_ = Stage::kProbing;
    Conversation conversation_;
    Findings* findings_ = nullptr;  ///< once there is something
    MessageMatch* messages_ = nullptr;
    MessageMatch* raw_[2] = {nullptr, nullptr};  ///< matching of what follows lost framing

    BoundedText<128> user_;
    BoundedText<128> application_;
    BoundedText<128> server_name_;  ///< SNI, or ServerName of LOGIN7
    policy::Findings violated_;     ///< of the policy, so far
    policy::Transport transport_ = policy::Transport::kUnknown;
    FirstBytes* first_bytes_ = nullptr;  ///< while the stream is watched
    bool urgent_seen_ = false;           ///< evidence, should this be a session
    bool port_judged_ = false;
    bool allowed_ = false;           ///< by the policy
    bool name_known_ = false;        ///< no other server_name_ will come
    bool policy_pending_ = false;    ///< until it is
    VolumeTable::Volume volume_;     ///< not yet in the table
    std::uint32_t tds_version_ = 0;  ///< of LOGIN7; 0 before it
    signature::FlowBits flow_bits_ = 0;
    Degraded degraded_;
    bool verdict_stale_ = false;  ///< evidence came since the last verdict event
    verdict::Level told_{};       ///< by the last verdict event
    std::uint64_t messages_to_server_ = 0;
    std::uint64_t messages_to_client_ = 0;
    std::uint32_t gaps_ = 0;
    std::uint32_t alerts_ = 0;
};
static_assert(sizeof(Connection) + 128 <= 2048, "an idle TDS connection and its flow");

}  // namespace querytap::pipeline
