// What makes sixteen bytes look like TDS (MS-TDS section 2.2.3.1) and not like chance. A wrong yes
// costs a false alarm about SQL on a strange port, so each type of packet is asked for what its
// body must begin with.
#include <algorithm>

#include <querytap/base/reader.h>

#include "match.h"

namespace querytap::protocol {
namespace {

constexpr std::size_t kHeaderSize = 8;
constexpr std::uint16_t kPacketSizeMin = 512;  // negotiated sizes; only a last packet is shorter
constexpr std::uint16_t kPacketSizeMax = 32768;

// MS-TDS section 2.2.3.1.2; 0x04 is no longer described, but servers' clients still send it.
constexpr std::uint8_t kStatusKnown = 0x1f;
constexpr std::uint8_t kEndOfMessage = 0x01;
constexpr std::uint8_t kIgnore = 0x02;
constexpr std::uint8_t kResetConnection = 0x18;  // without and with the transaction kept

enum Type : std::uint8_t {
    kSqlBatch = 1,
    kRpc = 3,
    kResult = 4,
    kAttention = 6,
    kBulkLoad = 7,
    kTransaction = 14,
    kLogin7 = 16,
    kSspi = 17,
    kPrelogin = 18,
};

struct Header {
    std::uint8_t type;
    std::uint8_t status;
    std::uint16_t size;
    std::uint8_t packet_id;
    std::uint8_t window;
};

bool is_known_type(std::uint8_t type) noexcept {
    switch (type) {
        case kSqlBatch:
        case kRpc:
        case kResult:
        case kAttention:
        case kBulkLoad:
        case kTransaction:
        case kLogin7:
        case kSspi:
        case kPrelogin:
            return true;
        default:
            return false;
    }
}

bool is_last(const Header& header) noexcept {
    return (header.status & kEndOfMessage) != 0;
}

bool is_plausible(const Header& header) noexcept {
    const bool ignored = (header.status & kIgnore) != 0;
    return header.size >= kHeaderSize && header.size <= kPacketSizeMax && header.window == 0 &&
           (is_last(header) || !ignored);
}

/// No driver cuts a message so small, but one that wants to hide may, and a server that reads what
/// comes does not mind.
bool is_cut_small(const Header& header) noexcept {
    return !is_last(header) && header.size < kPacketSizeMin;
}

bool is_tls_record(Bytes body) noexcept {
    Reader reader(body);
    const std::uint8_t content = reader.u8();
    const std::uint8_t major = reader.u8();
    return reader.ok() && content >= 0x14 && content <= 0x17 && major == 3;
}

/// MS-TDS section 2.2.6.5: options of token, u16be offset, u16be length. VERSION, six bytes, must
/// come first; its offset counts the options before the data, of five bytes each, and the end mark.
bool is_prelogin(Bytes body, bool strict) noexcept {
    if (is_tls_record(body)) return true;  // the handshake wrapped in PRELOGIN, section 2.2.6.5
    Reader reader(body);
    const std::uint8_t token = reader.u8();
    const std::uint16_t offset = reader.u16be();
    const std::uint16_t size = reader.u16be();
    const std::uint8_t next = reader.u8();
    constexpr std::uint8_t kTokenMax = 7;
    constexpr std::uint8_t kEnd = 0xff;
    if (!reader.ok()) return false;
    // A server that sees a whole handshake accepts more than it sends, and so do we.
    if (!strict) return token <= kTokenMax;
    return token == 0 && size == 6 && offset % 5 == 1 && offset >= 6 &&
           offset <= 5 * (kTokenMax + 1) + 1 && (next <= kTokenMax || next == kEnd);
}

/// MS-TDS section 2.2.6.4: u32le size of the record, u32le version (0x7xxxxxxx; TDS 8.0 is 8).
bool is_login7(Bytes body, const Header& header, bool strict) noexcept {
    constexpr std::uint32_t kFixedSize = 86;
    constexpr std::uint32_t kSizeMax = 128 * 1024;
    Reader reader(body);
    const std::uint32_t size = reader.u32le();
    const std::uint32_t version = reader.u32le();
    const std::uint32_t major = version >> 24;
    if (!reader.ok() || size < kFixedSize || size > kSizeMax) return false;
    if (strict && is_last(header) && size > header.size - kHeaderSize) return false;
    return (major >= 0x70 && major <= 0x74) || version == 8;
}

/// MS-TDS section 2.2.5.3: u32le total, then at least one header of u32le size, itself included.
bool is_all_headers(Bytes body, const Header& header) noexcept {
    Reader reader(body);
    const std::uint32_t total = reader.u32le();
    const std::uint32_t first_size = reader.u32le();
    return reader.ok() && total <= header.size - kHeaderSize && first_size >= 6 &&
           first_size <= total - std::min<std::uint32_t>(total, 4);
}

/// SQL text is mostly ASCII, and each unit of it then has a zero for its high byte.
bool is_narrow_utf16(Bytes text) noexcept {
    if (text.empty()) return false;
    Reader reader(text);
    while (reader.remaining() >= 2) {
        const std::uint16_t unit = reader.u16le();
        if (unit == 0 || unit > 0xff) return false;
    }
    return true;
}

/// Before TDS 7.2: u16le name length and name, or FFFF and a procedure number 1 to 15
/// (MS-TDS section 2.2.6.6).
bool is_rpc_without_headers(Bytes body) noexcept {
    constexpr std::uint16_t kNameMax = 1046;  // server, database, schema and procedure
    Reader reader(body);
    const std::uint16_t name_size = reader.u16le();
    if (!reader.ok()) return false;
    if (name_size == 0xffff) {
        const std::uint16_t procedure = reader.u16le();
        return reader.ok() && procedure >= 1 && procedure <= 15;
    }
    return name_size >= 1 && name_size <= kNameMax && is_narrow_utf16(reader.rest());
}

/// The first token of a server's answer (MS-TDS section 2.2.7).
bool is_token_stream(Bytes body) noexcept {
    Reader reader(body);
    const std::uint8_t token = reader.u8();
    const std::uint16_t second = reader.u16le();
    if (!reader.ok()) return false;
    switch (token) {
        case 0x81:  // COLMETADATA: number of columns, or none
            return second <= 4096 || second == 0xffff;
        case 0xfd:  // DONE, DONEPROC, DONEINPROC: status
        case 0xfe:
        case 0xff:
            return (second & ~0x0137u) == 0;
        case 0xe3: {  // ENVCHANGE: kind
            const std::uint8_t kind = reader.u8();
            return reader.ok() && kind >= 1 && kind <= 21;
        }
        case 0x78:  // OFFSET
        case 0x79:  // RETURNSTATUS
        case 0xa4:  // TABNAME
        case 0xa5:  // COLINFO
        case 0xa9:  // ORDER
        case 0xaa:  // ERROR
        case 0xab:  // INFO
        case 0xac:  // RETURNVALUE
        case 0xad:  // LOGINACK
        case 0xae:  // FEATUREEXTACK
        case 0xe4:  // SESSIONSTATE
        case 0xed:  // SSPI
        case 0xee:  // FEDAUTHINFO
            return true;
        default:
            return false;
    }
}

/// NTLMSSP, or the outer tag of SPNEGO or Kerberos (RFC 4178, RFC 4121).
bool is_sspi(Bytes body) noexcept {
    if (as_text(body).starts_with("NTLMSSP")) return true;
    return !body.empty() && (body[0] == 0x60 || body[0] == 0xa1 || body[0] == 0x6e);
}

/// Packets after the first of a message begin anywhere in it. What asks for a new state of the
/// connection stands in the first.
bool is_continuation(Bytes body, const Header& header) noexcept {
    if (header.packet_id < 2 || (header.status & (kIgnore | kResetConnection)) != 0) return false;
    switch (header.type) {
        case kSqlBatch:  // text, perhaps with a unit cut in half
            return is_narrow_utf16(body) || (!body.empty() && is_narrow_utf16(body.subspan(1)));
        case kRpc:
        case kResult:
        case kBulkLoad:
            return true;
        default:
            return false;
    }
}

bool begins_message(Bytes body, const Header& header, bool midstream) noexcept {
    switch (header.type) {
        case kSqlBatch:
            return is_all_headers(body, header) || is_narrow_utf16(body);
        case kRpc:
            return is_all_headers(body, header) || is_rpc_without_headers(body);
        case kResult:  // PRELOGIN is answered with this type too
            return is_token_stream(body) || is_prelogin(body, true);
        case kAttention:
            return header.size == kHeaderSize;
        case kBulkLoad:
            return !body.empty() && body[0] == 0x81 && is_token_stream(body);
        case kTransaction:
            return is_all_headers(body, header);
        case kLogin7:
            return is_login7(body, header, midstream);
        case kSspi:
            return is_sspi(body);
        case kPrelogin:
            return is_prelogin(body, midstream);
        default:
            return false;
    }
}

/// The header of the same message's next packet, as small as the one before; as far as it is there.
bool is_next_header(Bytes next, const Header& header) noexcept {
    const bool type = next.empty() || next[0] == header.type;
    const bool status = next.size() < 2 || next[1] <= kEndOfMessage;
    const bool size = next.size() < 4 || (next[2] == 0 && next[3] > kHeaderSize);
    return type && status && size;
}

/// ENVCHANGE "database" of TDS 5 has names of single bytes, that of TDS 7 UTF-16.
bool is_tds5_envchange(Bytes body) noexcept {
    Reader reader(body);
    const bool database = reader.u8() == 0xe3 && reader.u16le() != 0 && reader.u8() == 1;
    const std::uint8_t characters = reader.u8();
    const Bytes name = reader.bytes(3);
    return reader.ok() && database && characters >= 2 && name[0] >= 0x20 && name[1] >= 0x20;
}

}  // namespace

Match match_tds(Bytes first, bool midstream) noexcept {
    Reader reader(first);
    Header header{};
    header.type = reader.u8();
    header.status = reader.u8();
    if (!is_known_type(header.type) || (header.status & ~kStatusKnown) != 0) return Match::kNo;
    header.size = reader.u16be();
    reader.skip(2);  // SPID
    header.packet_id = reader.u8();
    header.window = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    if (!is_plausible(header)) return Match::kNo;
    const bool small = is_cut_small(header);
    const bool begins_connection = header.type == kPrelogin || header.type == kLogin7;
    if (small && (midstream || !begins_connection)) return Match::kNo;

    constexpr std::size_t kBodyMax = kDecisionBytes - kHeaderSize;
    const std::size_t wanted = std::min<std::size_t>(kBodyMax, header.size - kHeaderSize);
    if (reader.remaining() < wanted) return Match::kMaybe;
    const Bytes body = reader.bytes(wanted);
    if (header.type == kResult && is_tds5_envchange(body)) return Match::kNo;
    if (small && body.size() < kBodyMax) {
        // Too little of the message to judge; but another of its packets follows.
        if (!is_next_header(reader.rest(), header)) return Match::kNo;
        return first.size() == kDecisionBytes ? Match::kYes : Match::kMaybe;
    }
    const bool yes = begins_message(body, header, midstream || small) ||
                     (midstream && is_continuation(body, header));
    return yes ? Match::kYes : Match::kNo;
}

/// MC-SMP section 2.2.1: 53, one flag, session, u32le size with the header's 16 bytes, ...
Match match_smp(Bytes first) noexcept {
    constexpr std::uint32_t kSmpHeaderSize = 16;
    enum Flag : std::uint8_t { kSyn = 1, kAck = 2, kFin = 4, kData = 8 };
    Reader reader(first);
    if (reader.u8() != 0x53) return Match::kNo;
    const std::uint8_t flags = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    if (flags != kSyn && flags != kAck && flags != kFin && flags != kData) return Match::kNo;
    reader.skip(2);  // session
    const std::uint32_t size = reader.u32le();
    if (!reader.ok()) return Match::kMaybe;
    const bool plausible = flags == kData
                               ? size > kSmpHeaderSize && size <= kSmpHeaderSize + kPacketSizeMax
                               : size == kSmpHeaderSize;
    return plausible ? Match::kYes : Match::kNo;
}

/// TDS 5.0 login: packets of type 2 and 512 bytes, beginning with the host's name, padded with
/// zeros; or the server's answer to it.
Match match_tds5(Bytes first) noexcept {
    constexpr std::uint8_t kTds5Login = 2;
    constexpr std::uint16_t kTds5PacketSize = 512;
    Reader reader(first);
    const std::uint8_t type = reader.u8();
    const std::uint8_t status = reader.u8();
    if ((type != kTds5Login && type != kResult) || status > kEndOfMessage) return Match::kNo;
    const std::uint16_t size = reader.u16be();
    reader.skip(3);  // channel, packet number
    const std::uint8_t window = reader.u8();
    if (!reader.ok()) return Match::kMaybe;
    if (window != 0 || (type == kTds5Login && size != kTds5PacketSize)) return Match::kNo;
    if (size < kDecisionBytes) return Match::kNo;
    const Bytes body = reader.bytes(kDecisionBytes - kHeaderSize);
    if (!reader.ok()) return Match::kMaybe;
    if (type == kResult) return is_tds5_envchange(body) ? Match::kYes : Match::kNo;
    const bool is_name = std::all_of(body.begin(), body.end(), [](std::uint8_t byte) {
        return byte == 0 || (byte >= 0x20 && byte < 0x7f);
    });
    return is_name ? Match::kYes : Match::kNo;
}

}  // namespace querytap::protocol
