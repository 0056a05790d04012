#include "encryption.h"

namespace querytap::tds {
namespace {

constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kUnseen = 0xff;
constexpr std::uint8_t kExtended = 0x20;
constexpr std::uint8_t kClientCertificate = 0x80;

// A login has at most 128 KiB, and with NTLM or SQL authentication far less. More than this is a
// session that stays encrypted whatever was negotiated.
constexpr std::uint32_t kLoginMax = 32768;

enum class Agreed : std::uint8_t { kUnknown, kNothing, kLogin, kAll };

std::uint8_t value(std::uint8_t raw) noexcept {
    return static_cast<std::uint8_t>(raw & ~(kExtended | kClientCertificate));
}

constexpr std::uint8_t code(Encryption encryption) noexcept {
    return static_cast<std::uint8_t>(encryption);
}

constexpr std::uint8_t kOff = code(Encryption::kOff);
constexpr std::uint8_t kOn = code(Encryption::kOn);
constexpr std::uint8_t kNotSupported = code(Encryption::kNotSupported);
constexpr std::uint8_t kRequired = code(Encryption::kRequired);

/// The server decides.
Agreed agreed(const Facts& facts) noexcept {
    const std::uint8_t raw = facts.encryption[index(Direction::kToClient)];
    if (raw == kUnseen) return Agreed::kUnknown;
    switch (value(raw)) {
        case kOff:
            return Agreed::kLogin;
        case kOn:
        case kRequired:
            return Agreed::kAll;
        case kNotSupported:
            return Agreed::kNothing;
        default:
            return Agreed::kUnknown;
    }
}

/// The table of 2.2.6.5: what a server may answer.
bool may_answer(std::uint8_t client, std::uint8_t server) noexcept {
    switch (client) {
        case kOff:
            return true;
        case kOn:
        case kRequired:
            return server != kOff;
        case kNotSupported:
            return server == kNotSupported || server == kRequired;
        default:
            return false;
    }
}

void contradiction(Direction direction, const Scope& scope) {
    if (scope.facts.contradiction_reported) return;
    scope.facts.contradiction_reported = true;
    scope.handler.on_anomaly(direction, Anomaly::kEncryptionContradiction);
}

void report_encrypted(Direction direction, const Scope& scope) {
    if (scope.facts.encrypted_reported) return;
    scope.facts.encrypted_reported = true;
    scope.handler.on_encrypted(direction, false);
}

}  // namespace

void note_encryption(Direction direction, std::uint8_t raw, const Scope& scope) {
    // Within TLS the option means nothing (TDS 8.0); without it there is nothing to note.
    if (raw == kUnseen || scope.decrypted) return;
    Facts& facts = scope.facts;
    facts.encryption[index(direction)] = raw;
    const bool certificate_without_tls =
        (raw & kClientCertificate) != 0 && value(raw) == kNotSupported;
    if (value(raw) > kRequired || certificate_without_tls) contradiction(direction, scope);
    const std::uint8_t client = facts.encryption[index(Direction::kToServer)];
    const std::uint8_t server = facts.encryption[index(Direction::kToClient)];
    if (client == kUnseen || server == kUnseen) return;
    if (!may_answer(value(client), value(server))) contradiction(direction, scope);
}

void note_wrapped_tls(Direction direction, const Scope& scope) {
    if (scope.decrypted) return;
    scope.facts.tls_wrapped = true;
    if (agreed(scope.facts) == Agreed::kNothing) contradiction(direction, scope);
}

void note_bare_tls(Direction direction, std::uint8_t content_type, std::size_t size, bool expected,
                   const Scope& scope) {
    if (scope.decrypted) return;
    Facts& facts = scope.facts;
    facts.tls_bare = true;
    if (expected) {
        report_encrypted(direction, scope);
        return;
    }
    if (facts.prelogin_seen && !facts.tls_wrapped && content_type == kHandshake &&
        !facts.unwrapped_reported) {
        facts.unwrapped_reported = true;
        scope.handler.on_anomaly(direction, Anomaly::kUnwrappedTls);
    }
    if (content_type != kApplicationData) return;
    facts.encrypted_bytes += static_cast<std::uint32_t>(size);
    switch (agreed(facts)) {
        case Agreed::kAll:
            report_encrypted(direction, scope);
            break;
        case Agreed::kNothing:
            contradiction(direction, scope);
            report_encrypted(direction, scope);
            break;
        case Agreed::kLogin:
        case Agreed::kUnknown:
            if (facts.encrypted_bytes > kLoginMax) report_encrypted(direction, scope);
            break;
    }
}

void note_clear_message(const MessageInfo& info, const Scope& scope) {
    if (scope.decrypted) return;
    Facts& facts = scope.facts;
    const bool tls = facts.tls_wrapped || facts.tls_bare;
    const bool login = info.type == PacketType::kLogin7;
    if (agreed(facts) == Agreed::kAll && (tls || login)) contradiction(info.direction, scope);
    if (!tls || facts.clear_reported) return;
    facts.clear_reported = true;
    scope.handler.on_encrypted(info.direction, true);
}

void note_end(const Scope& scope) {
    const Facts& facts = scope.facts;
    const bool tls = facts.tls_wrapped || facts.tls_bare;
    if (tls && !facts.clear_reported) report_encrypted(Direction::kToServer, scope);
}

}  // namespace querytap::tds
