#include <querytap/tds/message.h>

namespace querytap::tds {

std::string_view name(PacketType type) noexcept {
    switch (type) {
        case PacketType::kSqlBatch:
            return "sql_batch";
        case PacketType::kPreTds7Login:
            return "pre_tds7_login";
        case PacketType::kRpc:
            return "rpc";
        case PacketType::kTabularResult:
            return "tabular_result";
        case PacketType::kAttention:
            return "attention";
        case PacketType::kBulkLoad:
            return "bulk_load";
        case PacketType::kFedAuthToken:
            return "fedauth_token";
        case PacketType::kTransactionManager:
            return "transaction_manager";
        case PacketType::kLogin7:
            return "login7";
        case PacketType::kSspi:
            return "sspi";
        case PacketType::kPrelogin:
            return "prelogin";
    }
    return "unknown";
}

std::string_view name(TlsMode mode) noexcept {
    switch (mode) {
        case TlsMode::kWrapped:
            return "wrapped";
        case TlsMode::kStrict:
            return "strict";
        case TlsMode::kBare:
            return "bare";
    }
    return "unknown";
}

std::string_view name(Anomaly anomaly) noexcept {
    switch (anomaly) {
        case Anomaly::kBadHeader:
            return "bad-header";
        case Anomaly::kFramingLost:
            return "framing-lost";
        case Anomaly::kUndefinedPacketType:
            return "undefined-packet-type";
        case Anomaly::kBadPrelogin:
            return "bad-prelogin";
        case Anomaly::kBadLogin7:
            return "bad-login7";
        case Anomaly::kBadRpc:
            return "bad-rpc";
        case Anomaly::kBadTokenStream:
            return "bad-token-stream";
        case Anomaly::kBadAllHeaders:
            return "bad-all-headers";
        case Anomaly::kEncryptionContradiction:
            return "encryption-contradiction";
        case Anomaly::kUnwrappedTls:
            return "tls-unwrapped";
        case Anomaly::kResynchronised:
            return "resynchronised";
        case Anomaly::kLimit:
            return "limit";
        case Anomaly::kSsrpOverflow:
            return "ssrp-overflow";
    }
    return "unknown";
}

}  // namespace querytap::tds
