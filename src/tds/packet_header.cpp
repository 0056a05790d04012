#include "packet_header.h"

#include <algorithm>

#include <querytap/base/reader.h>
#include <querytap/protocol/identify.h>
#include <querytap/tls/record.h>

#include "smp.h"

namespace querytap::tds {
namespace {

static_assert(kSearchWindow == protocol::kDecisionBytes);

// 0x04 is not described any more, but clients still send it on the first packets of a message.
constexpr std::uint8_t kStatusKnown = 0x1f;
constexpr std::uint16_t kSizeMax = 32768;
constexpr std::uint16_t kSizeMin = 512;  // of a packet that is not a message's last

bool is_defined(std::uint8_t type) noexcept {
    switch (static_cast<PacketType>(type)) {
        case PacketType::kSqlBatch:
        case PacketType::kPreTds7Login:
        case PacketType::kRpc:
        case PacketType::kTabularResult:
        case PacketType::kAttention:
        case PacketType::kBulkLoad:
        case PacketType::kFedAuthToken:
        case PacketType::kTransactionManager:
        case PacketType::kLogin7:
        case PacketType::kSspi:
        case PacketType::kPrelogin:
            return true;
    }
    return false;
}

bool is_sized(const PacketHeader& header) noexcept {
    return header.size >= kHeaderSize && header.size <= kSizeMax;
}

bool is_strict(const PacketHeader& header) noexcept {
    return is_sized(header) && (header.status & ~kStatusKnown) == 0 && header.window == 0 &&
           (header.ends_message() || header.size >= kSizeMin);
}

/// Requests of TDS 7.2 and later (2.2.5.3): u32le of all headers, u32le of the first.
bool has_all_headers(Bytes packet, const PacketHeader& header) noexcept {
    const auto type = static_cast<PacketType>(header.type);
    if (type != PacketType::kSqlBatch && type != PacketType::kRpc &&
        type != PacketType::kTransactionManager) {
        return false;
    }
    constexpr std::uint32_t kHeadersMin = 22;  // TransactionDescriptor, which is always there
    constexpr std::uint32_t kFirstMin = 6;     // length and type
    Reader reader(packet.subspan(kHeaderSize));
    const std::uint32_t all = reader.u32le();
    const std::uint32_t first = reader.u32le();
    return reader.ok() && all >= kHeadersMin && all <= header.payload() && first >= kFirstMin &&
           first <= all - 4;
}

/// A later packet of a message has nothing of its own to be known by: it must stand where the
/// search began, or continue what was seen before; in the same session.
bool is_expected(const PacketHeader& header, const SearchPlace& place) noexcept {
    const PacketHeader& nearby = place.nearby;
    const bool same_session =
        nearby.size == 0 ? !place.resynchronising : header.spid == nearby.spid;
    const bool continues =
        header.type == nearby.type && (header.ends_message() || header.size == nearby.size);
    return same_session && (place.at_start || continues);
}

}  // namespace

PacketHeader read_packet_header(Bytes bytes) noexcept {
    Reader reader(bytes);
    PacketHeader header;
    header.type = reader.u8();
    header.status = reader.u8();
    header.size = reader.u16be();
    header.spid = reader.u16be();
    header.packet_id = reader.u8();
    header.window = reader.u8();
    return header;
}

HeaderVerdict judge(const PacketHeader& header, bool strict) noexcept {
    if (is_defined(header.type)) {
        const bool good = is_sized(header) && (header.status & ~kStatusKnown) == 0;
        return good && (!strict || is_strict(header)) ? HeaderVerdict::kGood : HeaderVerdict::kBad;
    }
    return !strict && is_strict(header) ? HeaderVerdict::kUndefinedType : HeaderVerdict::kBad;
}

bool may_begin(std::uint8_t byte, bool at_start) noexcept {
    return is_defined(byte) || byte == kSmpByte || (at_start && tls::is_content_type(byte));
}

SearchVerdict judge_found(Bytes window, const SearchPlace& place) noexcept {
    if (place.at_start && tls::is_content_type(window[0])) {
        if (window.size() < tls::kRecordHeaderSize) return SearchVerdict::kMore;
        return tls::read_record_header(window).good ? SearchVerdict::kFound : SearchVerdict::kNo;
    }
    const bool smp = window[0] == kSmpByte;
    bool later = false;
    if (!smp) {
        if (window.size() < kHeaderSize) return SearchVerdict::kMore;
        const PacketHeader header = read_packet_header(window);
        if (!is_strict(header)) return SearchVerdict::kNo;
        const std::size_t wanted = std::min<std::size_t>(kSearchWindow, header.size);
        if (window.size() < wanted) return SearchVerdict::kMore;
        // Some drivers count on from message to message; then a request is known by its beginning.
        later = header.packet_id > 1 && !has_all_headers(window, header);
        if (later && !is_expected(header, place)) return SearchVerdict::kNo;
    } else if (window.size() < kSearchWindow) {
        return SearchVerdict::kMore;
    }
    if (protocol::identify(window, true) != protocol::Protocol::kTds) return SearchVerdict::kNo;
    return later ? SearchVerdict::kFoundLater : SearchVerdict::kFound;
}

}  // namespace querytap::tds
