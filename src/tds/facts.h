// What a session has said about itself so far, and how its parsers speak to the outside.
#pragma once

#include <array>
#include <cstdint>

#include <querytap/tds/message.h>

#include "pool.h"

namespace querytap::tds {

/// What the version changes for a reader of bytes. 7.3 and 7.4 differ from 7.2 only in what they
/// may say, not in how.
enum class Dialect : std::uint8_t {
    kUnknown,
    k70,  ///< no collations
    k71,
    k72,  ///< ALL_HEADERS, user types of 4 bytes, row counts of 8
};

/// `version` in LOGIN7's order.
constexpr Dialect dialect_of(std::uint32_t version) noexcept {
    switch (version >> 24) {
        case 0x70:
            return Dialect::k70;
        case 0x71:
            return Dialect::k71;
        case 0x72:
        case 0x73:
        case 0x74:
        case 0x08:  // TDS 8.0
            return Dialect::k72;
        default:
            return Dialect::kUnknown;
    }
}

constexpr std::size_t index(Direction direction) noexcept {
    return static_cast<std::size_t>(direction);
}

constexpr Direction other(Direction direction) noexcept {
    return direction == Direction::kToServer ? Direction::kToClient : Direction::kToServer;
}

struct Facts {
    std::uint64_t connection = 0;  ///< its name in the table of prepared statements
    bool prepared = false;         ///< something stands there

    Dialect dialect = Dialect::kUnknown;
    std::uint8_t classification_version = 0;  ///< of DATACLASSIFICATION; 0 before FEATUREEXTACK
    bool column_encryption = false;           ///< COLMETADATA begins with a table of keys

    bool prelogin_seen = false;
    bool login_sent = false;
    bool login_acknowledged = false;
    bool request_seen = false;
    bool result_seen = false;
    std::array<bool, 2> raw{};  ///< by direction: TDS no longer

    std::array<std::uint8_t, 2> encryption{0xff, 0xff};  ///< ENCRYPTION as sent; 0xff: not seen
    bool contradiction_reported = false;
    bool tls_wrapped = false;         ///< a handshake in PRELOGIN packets was seen
    bool tls_bare = false;            ///< TLS records on the stream itself
    bool encrypted_reported = false;  ///< on_encrypted, that all is
    bool clear_reported = false;      ///< on_encrypted, that clear TDS follows
    bool unwrapped_reported = false;
    std::uint32_t encrypted_bytes = 0;  ///< application data in TLS records

    bool logged_in() const noexcept {
        return login_acknowledged || (request_seen && (result_seen || login_sent));
    }
};

class TlsLayer;

/// What a parser is handed for one call.
struct Scope {
    Handler& handler;
    Facts& facts;
    SessionPool::Impl& pool;
    TlsLayer& tls;
    bool decrypted = false;  ///< the bytes come out of TLS: what is said of TLS is not said of them
};

class Exchange;

/// The same with the message that it parses.
struct MessageScope : Scope {
    const MessageInfo& info;
    Exchange& exchange;

    void anomaly(Anomaly what) const { handler.on_anomaly(info.direction, what); }
};

}  // namespace querytap::tds
