#include "evidence.h"

namespace querytap::pipeline {

AnomalyEvidence evidence_of(tds::Anomaly anomaly) noexcept {
    using tds::Anomaly;
    switch (anomaly) {
        case Anomaly::kFramingLost:
            // What mssqlproxy does after its login; no client of Microsoft's ever does.
            return {"after the login the stream is not TDS any longer: a tunnel in the session",
                    "T1572", 50};
        case Anomaly::kUndefinedPacketType:
            return {"packet types that MS-TDS does not define", "T1001.003", 30};
        case Anomaly::kUnwrappedTls:
            return {"TLS stands bare where PRELOGIN packets must wrap it", "T1001.003", 20};
        case Anomaly::kEncryptionContradiction:
            return {"encryption differs from what both sides agreed on", "T1001.003", 20};
        case Anomaly::kBadHeader:
            return {"a packet header that contradicts itself", "T1001.003", 10};
        case Anomaly::kBadPrelogin:
            return {"a PRELOGIN message that contradicts itself", "T1001.003", 10};
        case Anomaly::kBadLogin7:
            return {"a LOGIN7 message that contradicts itself", "T1001.003", 10};
        case Anomaly::kBadRpc:
            return {"an RPC request that contradicts itself", "T1001.003", 5};
        case Anomaly::kBadTokenStream:
            return {"a result that contradicts itself", "T1001.003", 5};
        case Anomaly::kBadAllHeaders:
            return {"a stream header (ALL_HEADERS) that contradicts itself", "T1001.003", 10};
        case Anomaly::kSsrpOverflow:
            return {
                "an SSRP request that overruns the server's buffer (CVE-2002-0649, the Slammer "
                "worm)",
                "T1210", 90};
        case Anomaly::kResynchronised:  // says something of the tap, not of the peers
        case Anomaly::kLimit:
            return {};
    }
    return {};
}

}  // namespace querytap::pipeline
