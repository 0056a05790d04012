#include "evidence.h"

namespace querytap::pipeline {

std::optional<verdict::Evidence> evidence_of(tds::Anomaly anomaly) noexcept {
    using tds::Anomaly;
    using verdict::Evidence;
    switch (anomaly) {
        case Anomaly::kFramingLost:
            return Evidence::kFramingLost;
        case Anomaly::kUndefinedPacketType:
            return Evidence::kUndefinedPacketType;
        case Anomaly::kUnwrappedTls:
            return Evidence::kTlsUnwrapped;
        case Anomaly::kEncryptionContradiction:
            return Evidence::kEncryptionContradiction;
        case Anomaly::kBadHeader:
            return Evidence::kBadHeader;
        case Anomaly::kBadPrelogin:
            return Evidence::kBadPrelogin;
        case Anomaly::kBadLogin7:
            return Evidence::kBadLogin7;
        case Anomaly::kBadRpc:
            return Evidence::kBadRpc;
        case Anomaly::kBadTokenStream:
            return Evidence::kBadTokenStream;
        case Anomaly::kBadAllHeaders:
            return Evidence::kBadAllHeaders;
        case Anomaly::kSsrpOverflow:
            return Evidence::kSsrpOverflow;
        case Anomaly::kResynchronised:  // says something of the tap, not of the peers
        case Anomaly::kLimit:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace querytap::pipeline
