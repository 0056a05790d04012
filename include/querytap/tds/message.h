// The nouns of MS-TDS as they come out of a Session: packet types, login facts, RPC calls, results.
// Strings are UTF-8, already converted and bounded; views live only during the callback.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <querytap/base/bounded_text.h>
#include <querytap/base/bytes.h>

namespace querytap::tds {

enum class Direction : std::uint8_t { kToServer, kToClient };

/// MS-TDS 2.2.3.1.1, Type.
enum class PacketType : std::uint8_t {
    kSqlBatch = 1,
    kPreTds7Login = 2,
    kRpc = 3,
    kTabularResult = 4,
    kAttention = 6,
    kBulkLoad = 7,
    kFedAuthToken = 8,
    kTransactionManager = 14,
    kLogin7 = 16,
    kSspi = 17,
    kPrelogin = 18,
};
/// "sql_batch", "rpc", ...; "unknown" for undefined types. As in metrics and EVE.
std::string_view name(PacketType type) noexcept;

/// MS-TDS 2.2.3.1.2, Status.
enum StatusBit : std::uint8_t {
    kEndOfMessage = 0x01,
    kIgnoreEvent = 0x02,
    kResetConnection = 0x08,
    kResetConnectionSkipTran = 0x10,
};

struct MessageInfo {
    PacketType type{};
    Direction direction{};
    std::uint8_t status = 0;  ///< of the first packet; of the last one in on_message_end
    std::uint16_t spid = 0;
    std::uint16_t smp_session = 0;  ///< MARS session id; 0 without MARS
    bool complete =
        true;  ///< on_message_end: false when a gap, an error or the end of the flow cut it
    std::uint64_t size = 0;  ///< payload bytes without packet headers; known at the end
    std::uint32_t packets = 0;
};

/// MS-TDS 2.2.6.5, ENCRYPTION.
enum class Encryption : std::uint8_t {
    kOff = 0,
    kOn = 1,
    kNotSupported = 2,
    kRequired = 3,
    kAbsent = 0xff
};

struct Prelogin {
    Direction direction{};
    std::array<std::uint8_t, 6>
        version{};  ///< major, minor, build (BE), sub-build (LE) as on the wire
    Encryption encryption = Encryption::kAbsent;
    std::uint8_t encryption_raw = 0xff;  ///< with bits 0x20 (EXT) and 0x80 (CERT) as sent
    BoundedText<128> instance;
    bool mars = false;
    std::uint32_t thread_id = 0;  ///< of the client, says the client
    std::uint8_t option_count = 0;
    bool has_trace_id = false;
    bool has_fedauth = false;
    bool has_nonce = false;
};

/// MS-TDS 2.2.6.4. No password in any form.
struct Login7 {
    std::uint32_t tds_version = 0;  ///< as sent, e.g. 0x74000004
    std::uint32_t packet_size = 0;
    std::uint32_t client_program_version = 0;
    std::uint32_t client_pid = 0;
    std::uint32_t connection_id = 0;
    std::int32_t time_zone = 0;  ///< ClientTimZone, minutes
    std::uint32_t lcid = 0;      ///< ClientLCID: locale, comparison flags and version
    std::uint32_t features = 0;  ///< FeatureExt: a bit for each FeatureId below 32
    std::array<std::uint8_t, 4> option_flags{};  ///< OptionFlags1, 2, TypeFlags, OptionFlags3
    std::array<std::uint8_t, 6> client_id{};     ///< MAC address, says the client
    BoundedText<256> host;
    BoundedText<256> user;
    BoundedText<256> application;
    BoundedText<256> server;
    BoundedText<256> library;  ///< CltIntName
    BoundedText<256> language;
    BoundedText<256> database;
    BoundedText<256> attach_file;
    bool has_password = false;  ///< a non-empty Password field; the field itself is not read
    bool changes_password = false;
    bool integrated = false;  ///< SSPI data present
    bool fedauth = false;
    BoundedText<256>
        ntlm_domain;  ///< of an NTLM NEGOTIATE or AUTHENTICATE message (MS-NLMP), if any
    BoundedText<256> ntlm_user;
    BoundedText<256> ntlm_workstation;
};

/// MS-NLMP: which of the client's two messages names were found in.
enum class NtlmMessage : std::uint8_t { kNone, kNegotiate, kAuthenticate };

/// Who an NTLM client says it is.
struct NtlmIdentity {
    NtlmMessage message = NtlmMessage::kNone;
    BoundedText<256> domain;
    BoundedText<256> user;  ///< only in AUTHENTICATE
    BoundedText<256> workstation;
};

enum class Encoding : std::uint8_t { kUtf16le, kSingleByte, kBinary };

/// Part of a text or binary value, as it stands on the wire. Values come in one or more chunks;
/// `begin` and `end` mark the first and the last. A chunk may be empty, and may cut a character.
struct Chunk {
    Bytes bytes;
    Encoding encoding = Encoding::kUtf16le;
    bool begin = false;
    bool end = false;
};

/// Where SQL text came from.
enum class SqlSource : std::uint8_t {
    kBatch,      ///< SQLBatch
    kStatement,  ///< @stmt of sp_executesql, sp_prepare, sp_prepexec, cursor procedures
    kPrepared,   ///< the text that a handle of sp_execute stands for
};

/// MS-TDS 2.2.6.6.
struct RpcCall {
    std::string_view procedure;      ///< UTF-8; for a ProcID its name ("sp_executesql")
    std::uint16_t procedure_id = 0;  ///< 0 when called by name
    std::uint16_t options = 0;
    std::uint16_t index = 0;  ///< of the call in its message
};

struct Parameter {
    std::string_view name;  ///< UTF-8, with '@'; empty when positional
    std::uint16_t index = 0;
    std::uint8_t type = 0;  ///< TYPE_INFO token, MS-TDS 2.2.5.4
    bool output = false;
};

struct ResultError {
    std::uint32_t number = 0;
    std::uint8_t state = 0;
    std::uint8_t severity = 0;  ///< Class
    bool is_info = false;       ///< INFO token rather than ERROR
    std::string_view message;   ///< UTF-8, bounded
    std::string_view server;
    std::string_view procedure;
    std::uint32_t line = 0;
};

struct ResultColumn {
    std::string_view name;
    std::uint16_t index = 0;
    std::uint8_t type = 0;
};

struct LoginAck {
    std::uint8_t interface = 0;     ///< 0 SQL_DFLT, 1 SQL_TSQL
    std::uint32_t tds_version = 0;  ///< in LOGIN7's order, e.g. 0x74000004
    std::string_view program;
    std::uint32_t program_version = 0;
};

/// FEDAUTHINFO, MS-TDS 2.2.7.12: where the client is to get its token.
struct Federation {
    std::string_view sts_url;
    std::string_view spn;
};

/// DONE, DONEPROC and DONEINPROC, MS-TDS 2.2.7.6 to 2.2.7.8.
struct Done {
    std::uint8_t token = 0;
    std::uint16_t status = 0;
    std::uint16_t command = 0;
    std::uint64_t rows = 0;  ///< means something where the status has DONE_COUNT
};

struct ResultSummary {
    std::uint64_t rows = 0;
    std::uint64_t affected = 0;  ///< sum of DoneRowCount where DONE_COUNT is set
    std::uint32_t columns = 0;   ///< of the last COLMETADATA
    std::uint32_t errors = 0;
    std::uint32_t result_sets = 0;
};

enum class EnvChange : std::uint8_t {  // MS-TDS 2.2.7.9
    kDatabase = 1,
    kLanguage = 2,
    kCharset = 3,
    kPacketSize = 4,
    kCollation = 7,
    kRouting = 20,
    kEnhancedRouting = 21,
};

/// How TLS is carried.
enum class TlsMode : std::uint8_t {
    kWrapped,  ///< handshake in PRELOGIN packets (MS-TDS 2.2.6.5)
    kStrict,   ///< TDS 8.0: TLS before anything else, ALPN tds/8.0
    kBare,     ///< neither
};
/// "wrapped", "strict", "bare": as in EVE.
std::string_view name(TlsMode mode) noexcept;

/// Things that no correct peer says; evidence with a name each, never a reason to stop looking.
enum class Anomaly : std::uint8_t {
    kBadHeader,    ///< length < 8, or a type that MS-TDS does not define, where a header must stand
    kFramingLost,  ///< after a login the stream is TDS no longer (a tunnel?)
    kUndefinedPacketType,  ///< well-formed header, type unknown to MS-TDS
    kBadPrelogin,
    kBadLogin7,
    kBadRpc,
    kBadTokenStream,
    kBadAllHeaders,
    kEncryptionContradiction,  ///< ENCRYPTION value or its use contradicts MS-TDS
    kUnwrappedTls,             ///< TLS record where PRELOGIN packets should wrap it
    kResynchronised,           ///< after a gap a plausible header was found again
    kLimit,                    ///< a bound of ours cut a value or a session short
    kSsrpOverflow,             ///< SSRP asks for an instance whose name no server has room for
};
inline constexpr std::size_t kAnomalyCount = 13;
/// "framing-lost", ...: as in metrics, EVE and verdict reasons.
std::string_view name(Anomaly anomaly) noexcept;

}  // namespace querytap::tds
