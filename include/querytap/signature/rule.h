// One signature, as parsed and as events show it. Grammar: Suricata 7 rules, with the sticky
// buffers tds.* (signatures/README.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace querytap::signature {

/// What a rule's contents look at.
enum class Buffer : std::uint8_t {
    kTdsSql,        ///< tds.sql: normalised SQL, and each dynamic view
    kTdsSqlRaw,     ///< tds.sql.raw: UTF-8 as sent
    kTdsLiteral,    ///< tds.literal: decoded string literals
    kTdsDecoded,    ///< tds.decoded: text that stood in literals or values as base64
    kTdsParam,      ///< tds.param: text values of RPC parameters
    kTdsProc,       ///< tds.proc: procedure name of an RPC, lower case
    kTdsLoginUser,  ///< tds.login.user, ...
    kTdsLoginHost,
    kTdsLoginApp,
    kTdsLoginLibrary,
    kTdsLoginServer,
    kTdsLoginDatabase,
    kTdsLoginDomain,      ///< of an integrated login (NTLM)
    kTdsPreloginVersion,  ///< tds.prelogin.version: "16.0.4035.4"
    kTdsQueryHash,        ///< tds.query_hash: shape of a statement, 16 hexadecimal digits
    kTdsResult,           ///< tds.result: text of result columns
    kTdsColumn,           ///< tds.column: names of result columns
    kTdsError,            ///< tds.error: ERROR and INFO text
    kTdsTunnel,           ///< tds.tunnel: what comes after a stream has stopped being TDS, raw
    kTlsSni,              ///< tls.sni, ...: of a TLS handshake
    kTlsCertSubject,
    kTlsCertIssuer,
    kJa4Hash,  ///< ja4.hash
    kPayload,  ///< a TDS message, raw, with its packet headers; also what tds.tunnel has
};
inline constexpr std::size_t kBufferCount = 24;
std::string_view name(Buffer buffer) noexcept;  ///< "tds.sql", ...

/// What integer keywords compare; one message may have several of a kind (errors).
enum class Number : std::uint8_t {
    kTdsType,         ///< tds.type: of the packet header (MS-TDS 2.2.3.1.1)
    kTdsVersion,      ///< tds.version: as version_number() has it
    kTdsRows,         ///< tds.rows: of a response, all its results together
    kTdsErrorNumber,  ///< tds.error_number: of ERROR and INFO tokens
};
inline constexpr std::size_t kNumberCount = 4;

/// TDS versions in their order.
constexpr std::uint64_t version_number(unsigned major, unsigned minor) noexcept {
    return major * 16 + minor;
}

enum class Action : std::uint8_t { kAlert, kPass };

/// threshold and detection_filter: how often a rule must hold, or may be told.
enum class RateType : std::uint8_t { kLimit, kThreshold, kBoth, kDetectionFilter };
enum class Track : std::uint8_t { kBySource, kByDestination, kByBoth, kByRule };
struct Rate {
    RateType type{};
    Track track{};
    std::uint32_t count = 1;
    std::uint32_t seconds = 1;
};

struct Metadata {
    std::string key;
    std::string value;
};

/// What the rest of the house needs to know of a rule. Matching conditions stay in the compiler.
struct Rule {
    std::uint32_t sid = 0;
    std::uint32_t gid = 1;
    std::uint32_t rev = 0;
    std::uint8_t priority = 3;  ///< 1 most severe; of the classtype unless given
    Action action = Action::kAlert;
    std::string message;
    std::string classtype;
    std::string technique;  ///< metadata mitre_technique_id, e.g. "T1505.001"; may be empty
    std::string threat;     ///< metadata threat, e.g. "sqlc2"; may be empty
    std::string
        confidence;  ///< metadata confidence: "high", "medium" or "low"; "medium" unless given
    std::vector<Metadata> metadata;
    std::vector<std::string> references;
    std::optional<Rate> rate;
    std::string file;
    int line = 0;
};

}  // namespace querytap::signature
