// Packets inside packets. A tunnel that is named by a UDP port alone must also look like one: other
// programs may use the port.
#include "walk.h"

namespace querytap::packet {
namespace {

constexpr std::uint16_t kTransparentEthernet = 0x6558;
constexpr std::uint16_t kErspan = 0x88be;  // types I and II
constexpr std::uint16_t kErspan3 = 0x22eb;

/// draft-foschiano-erspan-03 section 4.2: eight bytes. The mirror may have taken the tag of a trunk
/// off the frame; then it stands here.
Header erspan2(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(8));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint16_t version_and_vlan = header.u16be();
    const std::uint16_t session = header.u16be();
    if (version_and_vlan >> 12 != 1) return walk.end(Decoded::kMalformed);
    walk.enter_tunnel(Encapsulation::kErspan2, session & 0x3ffu);

    constexpr std::uint16_t kTrunk = 0x1800;
    constexpr std::uint16_t kTagWas8021Q = 0x1000;
    if ((session & kTrunk) == kTagWas8021Q) walk.add_vlan(version_and_vlan & 0x0fff);
    return Header::kEthernet;
}

/// Section 4.3: twelve bytes, and eight more when the last bit says so.
Header erspan3(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(12));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint8_t version = header.u8() >> 4;
    header.skip(1);
    const std::uint32_t session = header.u16be() & 0x3ffu;
    header.skip(6);  // time stamp, security group
    const std::uint16_t flags = header.u16be();
    if (version != 2) return walk.end(Decoded::kMalformed);

    constexpr std::uint16_t kSubheaderFollows = 1;
    if ((flags & kSubheaderFollows) != 0) walk.rest.skip(8);
    if (!walk.rest.ok()) return walk.end_too_short();
    walk.enter_tunnel(Encapsulation::kErspan3, session);

    constexpr int kFrameType = 10;
    switch (flags >> kFrameType & 0x1f) {
        case 0:
            return Header::kEthernet;
        case 2: {  // an IP packet without its frame
            Reader peek = walk.rest;
            return peek.u8() >> 4 == 6 ? Header::kIpv6 : Header::kIpv4;
        }
        default:
            return walk.end(Decoded::kNotIp);
    }
}

}  // namespace

void Walk::enter_tunnel(Encapsulation kind, std::uint32_t id) noexcept {
    Outer& outer = out.envelope.outer;
    outer.kind = kind;
    ++outer.depth;
    outer.id = id;
    outer.source = out.source;
    outer.destination = out.destination;
    entered_tunnel = true;
    whole = false;  // mirrors cut what they send, inside a tunnel that is whole
}

// RFC 2003 (4 in 4), RFC 4213 (6 in 4), RFC 2473 (both in 6)
Header ipv4_in_ip(Walk& walk) noexcept {
    walk.enter_tunnel(walk.out.source.is_v4() ? Encapsulation::kIpip : Encapsulation::k4in6, 0);
    return Header::kIpv4;
}

Header ipv6_in_ip(Walk& walk) noexcept {
    walk.enter_tunnel(walk.out.source.is_v4() ? Encapsulation::k6in4 : Encapsulation::k6in6, 0);
    return Header::kIpv6;
}

// RFC 2784 section 2, RFC 2890 section 2
Header gre(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(4));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint16_t flags = header.u16be();
    const std::uint16_t protocol = header.u16be();

    constexpr std::uint16_t kChecksum = 0x8000;
    constexpr std::uint16_t kRouting = 0x4000;
    constexpr std::uint16_t kKey = 0x2000;
    constexpr std::uint16_t kSequence = 0x1000;
    constexpr std::uint16_t kVersion = 0x0007;
    // Version 1 is PPTP's. Source routes were taken out of GRE, and receivers discard them.
    if ((flags & (kVersion | kRouting)) != 0) return walk.end(Decoded::kNotTcpUdp);

    if ((flags & kChecksum) != 0) walk.rest.skip(4);
    const bool has_key = (flags & kKey) != 0;
    const std::uint32_t key = has_key ? walk.rest.u32be() : 0;
    const bool has_sequence = (flags & kSequence) != 0;
    if (has_sequence) walk.rest.skip(4);
    if (!walk.rest.ok()) return walk.end_too_short();

    switch (protocol) {
        case kErspan:
            if (has_sequence) return erspan2(walk);
            walk.enter_tunnel(Encapsulation::kErspan1, 0);  // type I has no header of its own
            return Header::kEthernet;
        case kErspan3:
            return erspan3(walk);
        case kTransparentEthernet: {
            // RFC 7637 section 3.2: a key alone, made of a VSID and 8 bits to spread flows; the
            // first 4,096 VSIDs are reserved. Any other key is GRE's own, all 32 bits of it.
            constexpr std::uint32_t kFirstVsid = 0x1000;
            if (flags == kKey && key >> 8 >= kFirstVsid) {
                walk.enter_tunnel(Encapsulation::kNvgre, key >> 8);
            } else {
                walk.enter_tunnel(Encapsulation::kGre, key);
            }
            return Header::kEthernet;
        }
        default:
            walk.enter_tunnel(Encapsulation::kGre, key);
            return after_ethertype(walk, protocol);
    }
}

// RFC 7348 section 5
Header vxlan(Walk& walk) noexcept {
    Reader tunnel(walk.out.payload);
    constexpr std::uint8_t kHasVni = 0x08;
    const bool has_vni = (tunnel.u8() & kHasVni) != 0;
    tunnel.skip(3);
    const std::uint32_t vni = tunnel.u32be() >> 8;
    if (!tunnel.ok() || !has_vni) return Header::kEnd;  // a datagram of something else
    walk.rest = tunnel;
    walk.out.payload = {};
    walk.enter_tunnel(Encapsulation::kVxlan, vni);
    return Header::kEthernet;
}

// RFC 8926 section 3.4
Header geneve(Walk& walk) noexcept {
    Reader tunnel(walk.out.payload);
    const std::uint8_t version_and_size = tunnel.u8();
    const std::size_t options_size = (version_and_size & 0x3fu) * std::size_t{4};
    tunnel.skip(1);
    const std::uint16_t protocol = tunnel.u16be();
    const std::uint32_t vni = tunnel.u32be() >> 8;
    const bool is_geneve =
        tunnel.ok() && version_and_size >> 6 == 0 &&
        (protocol == kTransparentEthernet || header_of_ethertype(protocol) != Header::kEnd);
    if (!is_geneve) return Header::kEnd;
    walk.rest = tunnel;
    walk.out.payload = {};
    walk.rest.skip(options_size);
    if (!walk.rest.ok()) return walk.end_too_short();
    walk.enter_tunnel(Encapsulation::kGeneve, vni);
    return protocol == kTransparentEthernet ? Header::kEthernet : after_ethertype(walk, protocol);
}

}  // namespace querytap::packet
