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

SearchVerdict judge_found(Bytes window, bool at_start, const PacketHeader& nearby) noexcept {
    if (at_start && tls::is_content_type(window[0])) {
        if (window.size() < tls::kRecordHeaderSize) return SearchVerdict::kMore;
        return tls::read_record_header(window).good ? SearchVerdict::kFound : SearchVerdict::kNo;
    }
    const bool smp = window[0] == kSmpByte;
    if (!smp) {
        if (window.size() < kHeaderSize) return SearchVerdict::kMore;
        const PacketHeader header = read_packet_header(window);
        if (!is_strict(header)) return SearchVerdict::kNo;
        // A later packet of a message has nothing of its own to be known by: it must stand where
        // the search began, or continue what was seen before.
        const bool continues = header.type == nearby.type && header.spid == nearby.spid &&
                               (header.ends_message() || header.size == nearby.size);
        if (header.packet_id > 1 && !at_start && !continues) return SearchVerdict::kNo;
        const std::size_t wanted = std::min<std::size_t>(kSearchWindow, header.size);
        if (window.size() < wanted) return SearchVerdict::kMore;
    } else if (window.size() < kSearchWindow) {
        return SearchVerdict::kMore;
    }
    const bool found = protocol::identify(window, true) == protocol::Protocol::kTds;
    return found ? SearchVerdict::kFound : SearchVerdict::kNo;
}

}  // namespace querytap::tds
