#include <algorithm>
#include <array>

#include <querytap/base/reader.h>
#include <querytap/packet/decode.h>

namespace querytap::packet {
namespace {

/// What stands next in the frame. A new encapsulation is a value here, a function, and a case in
/// decode().
enum class Header : std::uint8_t {
    kVlan,
    kIpv4,
    kIpv6,
    kIpv6Options,
    kIpv6Fragment,
    kAuthentication,
    kTcp,
    kUdp,
    kEnd,
};

struct Walk {
    Reader rest;  // from the next header on
    PacketView& out;
    bool tagged = false;
    bool whole = false;  // `rest` ends where the IP length says, not where the capture was cut
    Decoded result = Decoded::kOk;

    Header end(Decoded reason) noexcept {
        result = reason;
        return Header::kEnd;
    }
    /// A header does not fit: either the capture was cut, or the IP length lies.
    Header end_too_short() noexcept {
        return end(whole ? Decoded::kMalformed : Decoded::kTruncated);
    }
};

// Each header takes its fixed part at once: one check, after which the reads inside it cannot fail
// and the compiler drops theirs.

Header after_ethertype(Walk& walk, std::uint16_t ethertype) noexcept {
    switch (ethertype) {
        case 0x0800:
            return Header::kIpv4;
        case 0x86dd:
            return Header::kIpv6;
        case 0x8100:  // 802.1Q
        case 0x88a8:  // 802.1ad
        case 0x9100:  // QinQ from before the standard
            return Header::kVlan;
        default:  // below 0x600 it is the length of an 802.3 frame with LLC
            return walk.end(Decoded::kNotIp);
    }
}

Header after_ip_protocol(Walk& walk, std::uint8_t protocol) noexcept {
    switch (protocol) {
        case 6:
            return Header::kTcp;
        case 17:
            return Header::kUdp;
        case 51:
            return Header::kAuthentication;
        default:
            return walk.end(Decoded::kNotTcpUdp);
    }
}

Header after_ipv6_header(Walk& walk, std::uint8_t next_header) noexcept {
    switch (next_header) {
        case 0:   // hop-by-hop options
        case 43:  // routing
        case 60:  // destination options
            return Header::kIpv6Options;
        case 44:
            return Header::kIpv6Fragment;
        default:
            return after_ip_protocol(walk, next_header);
    }
}

/// Cuts what follows the datagram: link-layer padding and trailers.
void limit_to(Walk& walk, std::size_t size) noexcept {
    if (size > walk.rest.remaining()) return;  // the capture was cut first
    walk.rest = Reader(walk.rest.bytes(size));
    walk.whole = true;
}

Header ethernet(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(14));
    if (!walk.rest.ok()) return walk.end_too_short();
    header.skip(12);
    return after_ethertype(walk, header.u16be());
}

// IEEE 802.1Q section 9.6
Header vlan(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(4));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint16_t id = header.u16be() & 0x0fff;
    if (!walk.tagged) walk.out.vlan = id;
    walk.tagged = true;
    return after_ethertype(walk, header.u16be());
}

// RFC 791 section 3.1
Header ipv4(Walk& walk) noexcept {
    constexpr std::size_t kFixedSize = 20;
    Reader header(walk.rest.bytes(kFixedSize));
    if (!walk.rest.ok()) return walk.end_too_short();

    const std::uint8_t version_and_size = header.u8();
    const std::size_t header_size = (version_and_size & 0x0fu) * std::size_t{4};
    header.skip(1);
    const std::size_t total_size = header.u16be();
    header.skip(2);
    const std::uint16_t fragment = header.u16be();
    header.skip(1);
    const std::uint8_t protocol = header.u8();
    header.skip(2);
    walk.out.source = IpAddress::v4(header.bytes(4));
    walk.out.destination = IpAddress::v4(header.bytes(4));

    if (version_and_size >> 4 != 4 || header_size < kFixedSize) {
        return walk.end(Decoded::kMalformed);
    }
    if (total_size != 0 && total_size < header_size) return walk.end(Decoded::kMalformed);
    walk.rest.skip(header_size - kFixedSize);
    if (!walk.rest.ok()) return walk.end_too_short();

    constexpr std::uint16_t kMoreFragmentsOrOffset = 0x3fff;
    if ((fragment & kMoreFragmentsOrOffset) != 0) return walk.end(Decoded::kFragment);
    // Hosts that leave segmentation to the NIC (TSO) are captured with size 0: all there is.
    if (total_size != 0) limit_to(walk, total_size - header_size);
    return after_ip_protocol(walk, protocol);
}

// RFC 8200 section 3
Header ipv6(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(40));
    if (!walk.rest.ok()) return walk.end_too_short();

    const std::uint8_t version = header.u8() >> 4;
    header.skip(3);
    const std::size_t payload_size = header.u16be();
    const std::uint8_t next_header = header.u8();
    header.skip(1);
    walk.out.source = IpAddress::v6(header.bytes(16));
    walk.out.destination = IpAddress::v6(header.bytes(16));

    if (version != 6) return walk.end(Decoded::kMalformed);
    if (payload_size != 0) limit_to(walk, payload_size);  // 0: TSO, or a jumbogram (RFC 2675)
    return after_ipv6_header(walk, next_header);
}

// RFC 8200 sections 4.3, 4.4 and 4.6: the three have one layout.
Header ipv6_options(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(2));
    const std::uint8_t next_header = header.u8();
    const std::size_t size = (header.u8() + std::size_t{1}) * 8;
    walk.rest.skip(size - 2);
    if (!walk.rest.ok()) return walk.end_too_short();
    return after_ipv6_header(walk, next_header);
}

// RFC 8200 section 4.5
Header ipv6_fragment(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(8));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint8_t next_header = header.u8();
    header.skip(1);
    // An "atomic fragment" (RFC 6946) has neither offset nor more-fragments: it is whole.
    constexpr std::uint16_t kMoreFragmentsOrOffset = 0xfff9;
    if ((header.u16be() & kMoreFragmentsOrOffset) != 0) return walk.end(Decoded::kFragment);
    return after_ipv6_header(walk, next_header);
}

// RFC 4302 section 2: length in 4-byte words, minus 2
Header authentication(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(2));
    const std::uint8_t next_header = header.u8();
    const std::size_t size = (header.u8() + std::size_t{2}) * 4;
    walk.rest.skip(size - 2);
    if (!walk.rest.ok()) return walk.end_too_short();
    return after_ipv6_header(walk, next_header);
}

// RFC 9293 section 3.1
Header tcp(Walk& walk) noexcept {
    constexpr std::size_t kFixedSize = 20;
    Reader header(walk.rest.bytes(kFixedSize));
    if (!walk.rest.ok()) return walk.end_too_short();

    PacketView& out = walk.out;
    out.protocol = IpProtocol::kTcp;
    out.source_port = header.u16be();
    out.destination_port = header.u16be();
    out.sequence = header.u32be();
    out.acknowledgement = header.u32be();
    const std::size_t header_size = (header.u8() >> 4) * std::size_t{4};
    out.tcp_flags = header.u8();
    out.window = header.u16be();

    if (header_size < kFixedSize) return walk.end(Decoded::kMalformed);
    walk.rest.skip(header_size - kFixedSize);
    if (!walk.rest.ok()) return walk.end_too_short();
    out.payload = walk.rest.rest();
    return Header::kEnd;
}

// RFC 768
Header udp(Walk& walk) noexcept {
    constexpr std::size_t kSize = 8;
    Reader header(walk.rest.bytes(kSize));
    if (!walk.rest.ok()) return walk.end_too_short();

    PacketView& out = walk.out;
    out.protocol = IpProtocol::kUdp;
    out.source_port = header.u16be();
    out.destination_port = header.u16be();
    const std::size_t size = header.u16be();

    // 0 as for IP above: segmentation offload (USO) or a jumbogram.
    if (size != 0 && size < kSize) return walk.end(Decoded::kMalformed);
    const std::size_t there = walk.rest.remaining();
    const std::size_t payload_size = size == 0 ? there : size - kSize;
    if (payload_size > there && walk.whole) return walk.end(Decoded::kMalformed);
    out.payload = walk.rest.bytes(std::min(payload_size, there));
    return Header::kEnd;
}

}  // namespace

Decoded decode(Bytes frame, PacketView& out) noexcept {
    out = PacketView{};
    out.wire_size = static_cast<std::uint32_t>(frame.size());
    Walk walk{.rest = Reader(frame), .out = out};

    Header next = ethernet(walk);
    for (int headers = 1; next != Header::kEnd; ++headers) {
        if (headers == kHeadersMax) return Decoded::kTooDeep;
        switch (next) {
            case Header::kVlan:
                next = vlan(walk);
                break;
            case Header::kIpv4:
                next = ipv4(walk);
                break;
            case Header::kIpv6:
                next = ipv6(walk);
                break;
            case Header::kIpv6Options:
                next = ipv6_options(walk);
                break;
            case Header::kIpv6Fragment:
                next = ipv6_fragment(walk);
                break;
            case Header::kAuthentication:
                next = authentication(walk);
                break;
            case Header::kTcp:
                next = tcp(walk);
                break;
            case Header::kUdp:
                next = udp(walk);
                break;
            case Header::kEnd:
                break;
        }
    }
    return walk.result;
}

std::string_view name(Decoded decoded) noexcept {
    static constexpr std::array<std::string_view, kDecodedCount> kNames{
        "ok", "not_ip", "not_tcp_udp", "fragment", "truncated", "malformed", "too_deep"};
    return kNames[static_cast<std::size_t>(decoded)];
}

}  // namespace querytap::packet
