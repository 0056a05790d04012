#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <querytap/config/yaml_reader.h>
#include <querytap/verdict/evidence.h>

namespace querytap::verdict {
namespace {

constexpr Kind kProtocol = Kind::kProtocol;
constexpr Kind kPolicy = Kind::kPolicy;
constexpr Kind kBehaviour = Kind::kBehaviour;

// In the order of the enumeration.
constexpr std::array<EvidenceTraits, kEvidenceCount> kTable{{
    {"non-tds-on-sql-port", kProtocol, 40, "T1571", "another protocol than TDS on a SQL port"},
    {"non-tds-unanswered", kProtocol, 10, "T1046",
     "another protocol than TDS on a SQL port, and nobody answers"},
    {"shell-on-sql-port", kProtocol, 90, "T1059", "a shell in plain text on a SQL port"},
    {"tds-on-other-port", kProtocol, 10, "T1571",
     "TDS on a port where no SQL Server was announced"},
    {"sybase-tds", kProtocol, 5, "", "TDS 4 or 5, which Sybase speaks and SQL Server does not"},

    // What mssqlproxy does after its login; no client of Microsoft's ever does.
    {"framing-lost", kProtocol, 50, "T1572",
     "after the login the stream is not TDS any longer: a tunnel in the session"},
    {"undefined-packet-type", kProtocol, 30, "T1001.003",
     "packet types that MS-TDS does not define"},
    {"tls-unwrapped", kProtocol, 20, "T1001.003",
     "TLS stands bare where PRELOGIN packets must wrap it"},
    {"encryption-contradiction", kProtocol, 20, "T1001.003",
     "encryption differs from what both sides agreed on"},
    {"bad-header", kProtocol, 10, "T1001.003", "a packet header that contradicts itself"},
    {"bad-prelogin", kProtocol, 10, "T1001.003", "a PRELOGIN message that contradicts itself"},
    {"bad-login7", kProtocol, 10, "T1001.003", "a LOGIN7 message that contradicts itself"},
    {"bad-rpc", kProtocol, 5, "T1001.003", "an RPC request that contradicts itself"},
    {"bad-token-stream", kProtocol, 5, "T1001.003", "a result that contradicts itself"},
    {"bad-all-headers", kProtocol, 10, "T1001.003",
     "a stream header (ALL_HEADERS) that contradicts itself"},
    {"ssrp-overflow", kProtocol, 90, "T1210",
     "an SSRP request that overruns the server's buffer (CVE-2002-0649, the Slammer worm)"},
    {"conflicting-overlap", kProtocol, 30, "T1001",
     "TCP segments that overlap with different content"},
    {"urgent-data", kProtocol, 20, "T1001",
     "urgent data, which no TDS peer sends: a receiver may read other bytes than an inspector"},
    {"data-without-ack", kProtocol, 20, "T1001",
     "TCP data without ACK, which no receiver takes: an inspector is to read other bytes"},
    {"data-for-a-gap", kProtocol, 10, "T1001",
     "data for a hole that nobody filled in time: a receiver may have read what was not inspected"},
    {"overlapping-fragments", kProtocol, 40, "T1001",
     "IP fragments that contradict each other: a receiver may read other bytes than an inspector"},

    {"denied", kPolicy, 60, "", "the policy denies this conversation"},
    {"server-not-allowed", kPolicy, 15, "", "no rule of the policy allows this server"},
    {"external-server-not-allowed", kPolicy, 25, "T1102",
     "a server outside, which no rule of the policy allows"},
    {"client-not-allowed", kPolicy, 15, "",
     "no rule of the policy allows this client to speak to this server"},
    {"clear-text-where-encrypted-expected", kPolicy, 50, "",
     "clear text where the policy requires encryption"},
    {"encrypted-where-clear-expected", kPolicy, 50, "T1573",
     "encryption where the policy expects clear text"},
    {"login-not-allowed", kPolicy, 50, "T1078", "a login that the policy does not allow"},
    {"application-not-allowed", kPolicy, 50, "", "an application that the policy does not allow"},
    {"tls-version-too-old", kPolicy, 30, "", "an older TLS version than the policy requires"},
    {"certificate-not-expected", kPolicy, 50, "T1557",
     "a certificate of the server that the policy does not expect"},
    {"tds-version-not-allowed", kPolicy, 30, "", "a TDS version that the policy does not allow"},
    {"host-not-allowed", kPolicy, 30, "", "a host name that the policy does not allow"},
    {"database-not-allowed", kPolicy, 50, "T1213", "a database that the policy does not allow"},
    {"statement-not-allowed", kPolicy, 50, "T1505.001",
     "statements of a kind that the policy does not allow"},
    {"outside-hours", kPolicy, 30, "", "at a time that the policy does not allow"},
    {"not-through-gateway", kPolicy, 50, "T1090",
     "past the gateways through which the policy leads this conversation"},
    {"volume-above-limit", kPolicy, 50, "T1030", "more bytes on one day than the policy allows"},

    {"new-pair", kBehaviour, 5, "", "this client has not spoken with this server before"},
    {"new-login", kBehaviour, 5, "T1078", "a login that this server has not seen before"},
    {"new-application", kBehaviour, 5, "", "an application that this server has not seen before"},
    {"new-query-shape", kBehaviour, 2, "", "a query of a shape that this server was never asked"},
    {"new-result-shape", kBehaviour, 1, "", "a result of a shape that this server never gave"},
}};

}  // namespace

const EvidenceTraits& traits(Evidence evidence) noexcept {
    return kTable[static_cast<std::size_t>(evidence)];
}

std::optional<Evidence> find_evidence(std::string_view id) noexcept {
    const auto found = std::find_if(kTable.begin(), kTable.end(),
                                    [&](const EvidenceTraits& entry) { return entry.id == id; });
    if (found == kTable.end()) return std::nullopt;
    return static_cast<Evidence>(found - kTable.begin());
}

Weights default_weights() noexcept {
    Weights weights;
    for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i] = kTable[i].weight;
    return weights;
}

Result<Weights> weights_of(const config::Verdict& verdict) {
    Weights weights = default_weights();
    for (const config::Weight& weight : verdict.weights) {
        if (const auto evidence = find_evidence(weight.finding)) {
            weights[static_cast<std::size_t>(*evidence)] = weight.weight;
            continue;
        }
        std::set<std::string, std::less<>> known;
        for (const EvidenceTraits& entry : kTable)
            known.emplace(entry.id);
        Error error = weight.place;
        error.message = "there is no finding '" + weight.finding + "'";
        const std::string meant = config::nearest(weight.finding, known);
        error.hint =
            meant.empty() ? "src/verdict/README.md lists them" : "did you mean '" + meant + "'?";
        return error;
    }
    return weights;
}

}  // namespace querytap::verdict
