// Between Ethernet and IP: MPLS labels and PPPoE sessions.
#include "walk.h"

namespace querytap::packet {
namespace {

/// RFC 4448 section 4.6: an Ethernet pseudowire may begin with a control word: four zero bits,
/// twelve reserved zero bits, a sequence number. Nothing says whether it does, and an address may
/// begin with zeros too: what counts is where an ethertype stands that means something.
bool has_control_word(Bytes label_payload) noexcept {
    constexpr std::size_t kControlWord = 4;
    constexpr std::size_t kEthertype = 12;
    Reader bytes(label_payload);
    if (bytes.u16be() != 0) return false;
    bytes.skip(kControlWord + kEthertype - 2);
    return header_of_ethertype(bytes.u16be()) != Header::kEnd;
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
    const Bytes rest = peek.rest();
    if (rest.empty()) return walk.end_too_short();
    switch (rest[0] >> 4) {
        case 4:
            return Header::kIpv4;
        case 6:
            return Header::kIpv6;
        case 1:  // associated channel (RFC 4385 section 5): supervision of the path
            return walk.end(Decoded::kNotIp);
        default:
            if (has_control_word(rest)) walk.rest.skip(4);
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
