#include <algorithm>
#include <array>

#include <querytap/base/reader.h>
#include <querytap/protocol/identify.h>

#include "match.h"

namespace querytap::protocol {
namespace {

// RFC 8446 section 5.1 and RFC 5246 section 6.2.1: content type, version 3.x, u16be size; a
// handshake begins with its kind and a u24be size.
Match match_tls(Bytes first, bool midstream) noexcept {
    constexpr std::uint8_t kHandshake = 0x16;
    constexpr std::uint16_t kRecordMax = 16384 + 2048;
    Reader reader(first);
    const std::uint8_t content = reader.u8();
    const bool record = content == kHandshake || (midstream && content >= 0x14 && content <= 0x17);
    if (!record) return Match::kNo;
    const std::uint8_t major = reader.u8();
    const std::uint8_t minor = reader.u8();
    if (!reader.ok()) return first.size() < 2 || major == 3 ? Match::kMaybe : Match::kNo;
    const std::uint16_t size = reader.u16be();
    if (major != 3 || minor > 4) return Match::kNo;
    if (!reader.ok()) return Match::kMaybe;
    if (size == 0 || size > kRecordMax) return Match::kNo;
    if (midstream) return Match::kYes;

    const std::uint8_t kind = reader.u8();
    const std::uint8_t size_high = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    const bool hello = kind == 1 || kind == 2;  // ClientHello, ServerHello
    return hello && size_high == 0 ? Match::kYes : Match::kNo;
}

Match match_http(Bytes first) noexcept {
    static constexpr std::array<std::string_view, 12> kStarts{
        "GET ",     "POST ",  "PUT ",   "HEAD ",  "DELETE ",        "OPTIONS ",
        "CONNECT ", "PATCH ", "TRACE ", "HTTP/1", "PRI * HTTP/2.0", "PROPFIND "};
    Match best = Match::kNo;
    for (const std::string_view start : kStarts) {
        best = std::max(best, match_prefix(first, start));
    }
    return best;
}

// MS-SMB2 section 2.1: a zero, u24be size, then FF, FE, FD or FC and "SMB".
Match match_smb(Bytes first) noexcept {
    Reader reader(first);
    if (reader.u8() != 0) return Match::kNo;
    reader.skip(3);
    const std::uint8_t dialect = reader.u8();
    const Bytes mark = reader.bytes(3);
    if (!reader.ok()) return first.size() < 5 || dialect >= 0xfc ? Match::kMaybe : Match::kNo;
    return dialect >= 0xfc && as_text(mark) == "SMB" ? Match::kYes : Match::kNo;
}

// RFC 1006 (TPKT: 3, 0, u16be size) around X.224 connection request E0 or confirm D0
// (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).
Match match_rdp(Bytes first) noexcept {
    constexpr std::uint16_t kTpktSize = 4;
    Reader reader(first);
    if (reader.u8() != 3) return Match::kNo;
    const std::uint8_t reserved = reader.u8();
    const std::uint16_t size = reader.u16be();
    const std::uint8_t x224_size = reader.u8();
    const std::uint8_t code = reader.u8();
    if (!reader.ok()) return reserved == 0 ? Match::kMaybe : Match::kNo;
    const bool plausible = reserved == 0 && (code == 0xe0 || code == 0xd0) && x224_size >= 6 &&
                           size == kTpktSize + 1 + x224_size;
    return plausible ? Match::kYes : Match::kNo;
}

// The server speaks first: u24le size, sequence 0, protocol 10, version as text ("8.0.36").
Match match_mysql(Bytes first) noexcept {
    constexpr std::uint32_t kGreetingMax = 1024;
    Reader reader(first);
    const std::uint32_t size = reader.u16le();
    const std::uint8_t size_high = reader.u8();
    const std::uint8_t sequence = reader.u8();
    const std::uint8_t protocol = reader.u8();
    const std::uint8_t version = reader.u8();
    if (!reader.ok()) {
        return first.size() < 4 || (sequence == 0 && size_high == 0) ? Match::kMaybe : Match::kNo;
    }
    const bool plausible = size >= 16 && size <= kGreetingMax && size_high == 0 && sequence == 0 &&
                           protocol == 10 && version >= '0' && version <= '9';
    return plausible ? Match::kYes : Match::kNo;
}

// PostgreSQL 53.7: u32be size, then protocol 3.x or one of the request codes; the server's answer
// is 'R' (authentication), u32be size, u32be method.
Match match_postgresql(Bytes first) noexcept {
    constexpr std::uint32_t kStartupMax = 10000;       // the server's own limit
    constexpr std::uint32_t kRequestFirst = 80877102;  // cancel; then SSL, GSS encryption
    Reader reader(first);
    const bool server = !first.empty() && first[0] == 'R';
    if (server) reader.skip(1);
    const std::uint32_t size = reader.u32be();
    const std::uint32_t code = reader.u32be();
    if (!reader.ok()) {
        return server || (!first.empty() && first[0] == 0) ? Match::kMaybe : Match::kNo;
    }
    if (size < 8 || size > kStartupMax) return Match::kNo;
    if (server) return code <= 12 ? Match::kYes : Match::kNo;
    const bool known = code >> 16 == 3 || (code >= kRequestFirst && code <= kRequestFirst + 2);
    return known ? Match::kYes : Match::kNo;
}

struct Candidate {
    Protocol protocol;
    Match (*match)(Bytes first, bool midstream) noexcept;
};

// In order: TPKT before TDS, whose RPC header a connection request could be.
constexpr std::array<Candidate, 17> kCandidates{{
    {Protocol::kTls, match_tls},
    {Protocol::kRdp, [](Bytes first, bool) noexcept { return match_rdp(first); }},
    {Protocol::kTds5, [](Bytes first, bool) noexcept { return match_tds5(first); }},
    {Protocol::kTds, match_tds},
    {Protocol::kTds, [](Bytes first, bool) noexcept { return match_smp(first); }},
    {Protocol::kSsh, [](Bytes first, bool) noexcept { return match_prefix(first, "SSH-"); }},
    {Protocol::kHttp, [](Bytes first, bool) noexcept { return match_http(first); }},
    {Protocol::kSmb, [](Bytes first, bool) noexcept { return match_smb(first); }},
    {Protocol::kMysql, [](Bytes first, bool) noexcept { return match_mysql(first); }},
    {Protocol::kPostgresql, [](Bytes first, bool) noexcept { return match_postgresql(first); }},
    {Protocol::kOracle, [](Bytes first, bool) noexcept { return match_oracle(first); }},
    {Protocol::kRedis, [](Bytes first, bool) noexcept { return match_redis(first); }},
    {Protocol::kVnc, [](Bytes first, bool) noexcept { return match_prefix(first, "RFB 00"); }},
    {Protocol::kTelnet, [](Bytes first, bool) noexcept { return match_telnet(first); }},
    {Protocol::kDceRpc, [](Bytes first, bool) noexcept { return match_dce_rpc(first); }},
    {Protocol::kSocks, [](Bytes first, bool) noexcept { return match_socks(first); }},
    {Protocol::kMongodb, [](Bytes first, bool) noexcept { return match_mongodb(first); }},
}};

}  // namespace

Protocol identify(Bytes first, bool midstream) noexcept {
    if (first.empty()) return Protocol::kUndecided;
    const Bytes seen = first.first(std::min(first.size(), kDecisionBytes));
    for (const Candidate& candidate : kCandidates) {
        switch (candidate.match(seen, midstream)) {
            case Match::kYes:
                return candidate.protocol;
            case Match::kMaybe:  // one that comes first may still say yes: no later one decides
                if (seen.size() < kDecisionBytes) return Protocol::kUndecided;
                break;
            case Match::kNo:
                break;
        }
    }
    return Protocol::kUnknown;
}

std::string_view name(Protocol protocol) noexcept {
    static constexpr std::array<std::string_view, kProtocolCount> kNames{
        "undecided", "unknown", "tds",   "tds5",       "tls",    "http",        "ssh",
        "smb",       "rdp",     "mysql", "postgresql", "oracle", "mongodb",     "redis",
        "vnc",       "telnet",  "socks", "dcerpc",     "shell",  "high_entropy"};
    return kNames[static_cast<std::size_t>(protocol)];
}

}  // namespace querytap::protocol
