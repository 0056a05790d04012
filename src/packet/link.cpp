// Between Ethernet and IP: MPLS labels and PPPoE sessions.
#include "walk.h"

namespace querytap::packet {
namespace {

constexpr std::size_t kControlWord = 4;

/// Does a frame begin here: an ethertype that means something and, of IP, its version behind it?
bool is_ethernet(Reader bytes) noexcept {
    bytes.skip(12);
    const Header next = header_of_ethertype(bytes.u16be());
    const int version = bytes.u8() >> 4;
    if (!bytes.ok()) return false;
    if (next == Header::kIpv4) return version == 4;
    if (next == Header::kIpv6) return version == 6;
    return next != Header::kEnd;
}

/// RFC 4448 section 4.6: an Ethernet pseudowire may begin with a control word: four zero bits,
/// twelve reserved zero bits, a sequence number. Nothing says whether it does, and an address may
/// begin with zeros too.
bool has_control_word(Reader bytes) noexcept {
    if (Reader(bytes).u16be() != 0 || is_ethernet(bytes)) return false;
    bytes.skip(kControlWord);
    return is_ethernet(bytes);
}

/// RFC 791 section 3.1: the sum of the header with its checksum is 0. Routers that put labels on
/// have made it right, whatever the host left to its NIC.
bool has_ipv4_checksum(Reader bytes) noexcept {
    Reader header(bytes.bytes((Reader(bytes).u8() & 0x0fu) * std::size_t{4}));
    if (header.remaining() < 20) return false;
    std::uint32_t sum = 0;
    while (header.remaining() != 0)
        sum += header.u16be();
    return sum % 0xffff == 0;
}

/// RFC 8200 section 3: the size fits.
bool has_ipv6_size(Reader bytes) noexcept {
    bytes.skip(4);
    const std::size_t size = bytes.u16be();
    bytes.skip(34);
    return bytes.ok() && size <= bytes.remaining();
}

/// What a pseudowire carries may go to an address that begins like IP: it is a frame when it can be
/// one, and cannot be IP.
Header ip_or_ethernet(Header ip, Reader bytes) noexcept {
    if (!is_ethernet(bytes)) return ip;
    const bool is_ip = ip == Header::kIpv4 ? has_ipv4_checksum(bytes) : has_ipv6_size(bytes);
    return is_ip ? ip : Header::kEthernet;
}

}  // namespace

// RFC 3032 section 2.1. Each label is a header; what follows the last one is not said, so its first
// four bits are looked at (RFC 4928 section 3).
Header mpls(Walk& walk) noexcept {
    Reader label(walk.rest.bytes(4));
    if (!walk.rest.ok()) return walk.end_too_short();
    constexpr std::uint32_t kBottomOfStack = 0x100;
    if ((label.u32be() & kBottomOfStack) == 0) return Header::kMpls;

    Reader peek = walk.rest;
    const std::uint8_t first = peek.u8();
    if (!peek.ok()) return walk.end_too_short();
    switch (first >> 4) {
        case 4:
            return ip_or_ethernet(Header::kIpv4, walk.rest);
        case 6:
            return ip_or_ethernet(Header::kIpv6, walk.rest);
        case 1:  // associated channel (RFC 4385 section 5): supervision of the path
            if (first == 0x10 && peek.u8() == 0 && peek.ok()) return walk.end(Decoded::kNotIp);
            return Header::kEthernet;
        default:
            if (has_control_word(walk.rest)) walk.rest.skip(kControlWord);
            return Header::kEthernet;
    }
}

// RFC 2516 section 4, PPP (RFC 1661) inside
Header pppoe(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(6));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint8_t version_and_type = header.u8();
    const std::uint8_t code = header.u8();
    header.skip(2);  // session
    const std::size_t size = header.u16be();
    if (version_and_type != 0x11 || code != 0) return walk.end(Decoded::kMalformed);
    walk.limit_to(size);

    Reader protocol(walk.rest.bytes(2));
    if (!walk.rest.ok()) return walk.end_too_short();
    switch (protocol.u16be()) {
        case 0x0021:
            return Header::kIpv4;
        case 0x0057:
            return Header::kIpv6;
        case 0x0281:
            return Header::kMpls;
        default:  // LCP, IPCP, ... : the session's own
            return walk.end(Decoded::kNotIp);
    }
}

}  // namespace querytap::packet
