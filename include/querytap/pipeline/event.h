// What leaves a worker: fixed-size records, filled in place in the event ring, read by the control
// thread. No pointer in an event outlives the worker's packet, except `rule`, an index into the
// rule set of `generation`, which the control thread keeps alive as long as events of it may come.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <type_traits>

#include <querytap/base/bounded_text.h>
#include <querytap/base/time.h>
#include <querytap/flow/table.h>
#include <querytap/pipeline/load.h>
#include <querytap/protocol/identify.h>
#include <querytap/signature/rule.h>
#include <querytap/tds/message.h>
#include <querytap/tds/ssrp.h>
#include <querytap/tls/handshake.h>
#include <querytap/verdict/verdict.h>

namespace querytap::pipeline {

/// Place of an event among the events of all workers; the same however many workers there are.
struct Order {
    Timestamp time;             ///< of the packet, or of the deadline that passed
    std::uint64_t ordinal = 0;  ///< of the packet in its source; 0 for a deadline
    std::uint64_t flow_id = 0;
    std::uint32_t index = 0;  ///< among the events of this worker at this place
    auto operator<=>(const Order&) const noexcept = default;
};

enum class EventType : std::uint8_t { kAlert, kVerdict, kFlow, kTds };
inline constexpr std::size_t kEventTypeCount = 4;

/// Who talks to whom, as every event says it. Client is the source.
struct Conversation {
    flow::Endpoint client;
    flow::Endpoint server;
    packet::IpProtocol protocol = packet::IpProtocol::kTcp;
    flow::Key key;  ///< for Community ID
    std::uint64_t flow_id = 0;
    packet::Envelope envelope;
    protocol::Protocol app = protocol::Protocol::kUndecided;
};

struct Alert {
    std::uint32_t rule = 0;
    std::uint32_t generation = 0;
    signature::Buffer buffer{};
    bool to_server = true;
    BoundedText<192> excerpt;
    BoundedText<128> user;  ///< of the session's login
    BoundedText<128> application;
};

struct Verdict {
    verdict::Level level{};
    verdict::Level previous{};
    std::uint32_t score = 0;
    std::uint32_t folded = 0;
    bool of_pair =
        false;  ///< of all flows of a client with a server's port; made by the control thread
    std::uint32_t flows = 0;           ///< of a pair: those that had something against them
    std::uint32_t folded_records = 0;  ///< of a pair: records of its flows that were not written
    BoundedText<512> text;             ///< of a pair: all of it in one sentence
    Degraded degraded;
    std::uint8_t reason_count = 0;
    std::array<verdict::Reason, verdict::kReasonsMax> reasons;
};

struct FlowEnd {
    flow::EndReason reason{};
    flow::State state{};
    Timestamp first;
    Timestamp last;
    std::optional<Duration> handshake;  ///< its round trip
    flow::DirectionCounters to_server;
    flow::DirectionCounters to_client;
    std::uint8_t tcp_flags_to_server = 0;
    std::uint8_t tcp_flags_to_client = 0;
    bool client_known = false;
    bool encrypted = false;  ///< after the login at least
    verdict::Level level{};
    Degraded degraded;
    std::uint64_t tds_messages_to_server = 0;
    std::uint64_t tds_messages_to_client = 0;
    std::uint32_t gaps = 0;
    std::uint32_t alerts = 0;
    BoundedText<128> user;
    BoundedText<128> application;
};

enum class TdsKind : std::uint8_t {
    kPrelogin,
    kLogin,
    kLoginAck,
    kQuery,
    kResult,
    kError,
    kEncrypted,
    kAnomaly,
    kTls,         ///< the record is a Tls
    kRedirect,    ///< the server sends the client elsewhere (MS-TDS 2.2.7.9, routing)
    kSsrp,        ///< the record is an Ssrp
    kFederation,  ///< where the client is sent for a token (MS-TDS 2.2.7.12)
    kNtlm,        ///< who an integrated login says it is (MS-NLMP)
};

/// EVE event_type tds. Which fields mean something depends on `kind`.
struct Tds {
    TdsKind kind{};
    tds::PacketType type{};
    tds::Direction direction{};
    tds::Encryption encryption = tds::Encryption::kAbsent;
    tds::Anomaly anomaly{};
    bool complete = true;
    bool integrated = false;
    bool prepared = false;  ///< the SQL text, or part of it, is what a handle stands for
    std::uint16_t smp_session = 0;
    std::uint32_t tds_version = 0;
    std::uint32_t packet_size = 0;
    std::uint32_t pid = 0;       ///< of a login, says the client
    std::uint32_t lcid = 0;      ///< the same
    std::uint32_t features = 0;  ///< of a login or its answer, a bit for each FeatureId
    std::array<std::uint8_t, 6> client_id{};
    std::uint32_t error_number = 0;
    std::uint8_t severity = 0;
    std::uint8_t state = 0;
    std::uint16_t rpc_calls = 0;
    tds::ResultSummary result;
    std::uint64_t size = 0;
    std::uint64_t query_hash = 0;       ///< shape of the SQL text, or of the call; 0: none
    std::uint64_t redirected_from = 0;  ///< flow_id of the conversation that was sent here
    std::uint16_t redirect_port = 0;
    BoundedText<128> user;
    BoundedText<128> host;
    BoundedText<128> application;
    BoundedText<128> library;
    BoundedText<128> server;
    BoundedText<128> database;
    BoundedText<128> domain;
    BoundedText<128> procedure;
    BoundedText<256> parameters;  ///< of a call, text and binary ones
    BoundedText<1024> text;       ///< SQL text (raw, UTF-8) or error message
};

/// EVE event_type tds of the kind kTls.
struct Tls {
    TdsKind kind = TdsKind::kTls;  // in the place of Tds::kind, by which the two are told apart
    tds::TlsMode mode{};
    tls::Handshake handshake;
};

/// EVE event_type tds of the kind kSsrp: a request, or one instance of an answer.
struct Ssrp {
    TdsKind kind = TdsKind::kSsrp;  // in the place of Tds::kind, by which the two are told apart
    tds::SsrpMessage message{};
    bool clustered = false;
    std::uint16_t tcp_port = 0;
    BoundedText<128> server;
    BoundedText<32> instance;
    BoundedText<32> version;
    BoundedText<128> pipe;
};
static_assert(std::is_standard_layout_v<Tds> && std::is_standard_layout_v<Tls> &&
              std::is_standard_layout_v<Ssrp>);
static_assert(sizeof(Tls) <= sizeof(Tds) && sizeof(Ssrp) <= sizeof(Tds));

struct Event {
    Order order;
    EventType type{};
    Conversation conversation;
    union {
        Alert alert;
        Verdict verdict;
        FlowEnd flow;
        Tds tds;
        Tls tls;
        Ssrp ssrp;
    };
    Event() noexcept {}  // a slot is filled before it is read
};

/// Where an Inspector puts its events.
class EventSink {
  public:
    virtual ~EventSink() = default;
    /// A slot to fill, or nullptr when there is no room (the sink counts that).
    virtual Event* reserve(EventType type) noexcept = 0;
    virtual void publish() noexcept = 0;
};

}  // namespace querytap::pipeline
