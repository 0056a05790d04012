// What is this TCP stream really? Decided from the first bytes of each direction only; the port is
// a hint for the reader of the verdict, never for the decision.
//
// Thread-safe: no state.
#pragma once

#include <cstdint>
#include <string_view>

#include <querytap/base/bytes.h>

namespace querytap::protocol {

enum class Protocol : std::uint8_t {
    kUndecided,  ///< too few bytes so far
    kUnknown,
    kTds,  ///< TDS 7.x: PRELOGIN, LOGIN7, or a plausible packet picked up mid-stream; or SMP (MARS)
    kTds5,  ///< Sybase TDS 4.2/5.0 login
    kTls,
    kHttp,
    kSsh,
    kSmb,
    kRdp,
    kMysql,
    kPostgresql,
    kOracle,  ///< TNS
    kMongodb,
    kRedis,
    kVnc,
    kTelnet,
    kSocks,  ///< SOCKS 5
    kDceRpc,
    // Never from the first bytes, only from more of them (content.h):
    kShell,
    kHighEntropy,
};
inline constexpr std::size_t kProtocolCount = 20;

inline constexpr std::size_t kDecisionBytes = 16;  ///< with this many bytes the answer is final

/// `first` = the first bytes of one direction of a stream. `midstream`: no handshake was seen, so
/// the first byte may stand anywhere and TDS must look stricter to be believed.
Protocol identify(Bytes first, bool midstream) noexcept;

/// EVE app_proto: "tds", "tls", "unknown", ...
std::string_view name(Protocol protocol) noexcept;

}  // namespace querytap::protocol
