// Everything that can be held against a conversation, beside signatures: one table with id, weight,
// MITRE technique and plain words. src/verdict/README.md explains it, querytap.yaml may change the
// weights.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <querytap/config/config.h>
#include <querytap/verdict/verdict.h>

namespace querytap::verdict {

enum class Evidence : std::uint8_t {
    // What is spoken where (Kind::kProtocol).
    kNonTdsOnSqlPort,
    kNonTdsUnanswered,
    kShellOnSqlPort,
    kTdsOnOtherPort,
    kSybaseTds,
    // What no correct peer says (Kind::kProtocol).
    kFramingLost,
    kUndefinedPacketType,
    kTlsUnwrapped,
    kEncryptionContradiction,
    kBadHeader,
    kBadPrelogin,
    kBadLogin7,
    kBadRpc,
    kBadTokenStream,
    kBadAllHeaders,
    kSsrpOverflow,
    kConflictingOverlap,
    kUrgentData,
    kDataWithoutAck,
    kLateData,
    kOverlappingFragments,
    // What the owner's policy says of it (Kind::kPolicy).
    kDenied,
    kServerNotAllowed,
    kExternalServerNotAllowed,
    kClientNotAllowed,
    kClearTextWhereEncryptedExpected,
    kEncryptedWhereClearExpected,
    kLoginNotAllowed,
    kApplicationNotAllowed,
    kTlsVersionTooOld,
    kCertificateNotExpected,
    kTdsVersionNotAllowed,
    kHostNotAllowed,
    kDatabaseNotAllowed,
    kStatementNotAllowed,
    kOutsideHours,
    kNotThroughGateway,
    kVolumeAboveLimit,
    // What was never seen before (Kind::kBehaviour).
    kNewPair,
    kNewLogin,
    kNewApplication,
    kNewQueryShape,
    kNewResultShape,
};
inline constexpr std::size_t kEvidenceCount = 43;

struct EvidenceTraits {
    std::string_view id;  ///< EVE verdict.reasons[].id, label of querytap_findings_total
    Kind kind{};
    std::uint16_t weight = 0;
    std::string_view technique;
    std::string_view text;  ///< plain words, where nothing more particular is known
};

const EvidenceTraits& traits(Evidence evidence) noexcept;
std::optional<Evidence> find_evidence(std::string_view id) noexcept;

/// By Evidence.
using Weights = std::array<std::uint16_t, kEvidenceCount>;
Weights default_weights() noexcept;
/// The table's, but for those that the configuration names. An unknown finding is an error, with
/// the nearest known one.
Result<Weights> weights_of(const config::Verdict& verdict);

}  // namespace querytap::verdict
