#include <algorithm>
#include <array>

#include "walk.h"

namespace querytap::packet {
namespace {

constexpr std::uint16_t kGenevePort = 6081;

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
    walk.add_vlan(header.u16be() & 0x0fff);
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
    const std::uint16_t id = header.u16be();
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

    // Hosts that leave segmentation to the NIC (TSO) are captured with size 0: all there is.
    if (total_size != 0) walk.limit_to(total_size - header_size);
    constexpr std::uint16_t kMore = 0x2000;
    constexpr std::uint16_t kOffset = 0x1fff;
    if ((fragment & (kMore | kOffset)) != 0) [[unlikely]] {
        walk.part = {.id = id,
                     .offset = static_cast<std::uint16_t>((fragment & kOffset) * 8),
                     .more = (fragment & kMore) != 0,
                     .ipv6 = false,
                     .protocol = protocol};
        return Header::kFragmentData;
    }
    if (protocol == 6) [[likely]]
        return Header::kTcp;
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
    if (payload_size != 0) walk.limit_to(payload_size);  // 0: TSO, or a jumbogram (RFC 2675)
    if (next_header == 6) [[likely]]
        return Header::kTcp;
    return after_ipv6_header(walk, next_header);
}

// RFC 9293 section 3.1
/// RFC 7323 section 2.2; options as in RFC 9293 section 3.1.
[[gnu::noinline]] std::uint8_t window_scale_in(Bytes options) noexcept {
    constexpr std::uint8_t kEndOfOptions = 0;
    constexpr std::uint8_t kNoOperation = 1;
    constexpr std::uint8_t kWindowScale = 3;
    constexpr std::uint8_t kMax = 14;  // what is more means this, section 2.3
    Reader reader(options);
    while (reader.remaining() != 0) {
        const std::uint8_t kind = reader.u8();
        if (kind == kEndOfOptions) break;
        if (kind == kNoOperation) continue;
        const std::uint8_t size = reader.u8();
        if (size < 2) break;
        Reader value(reader.bytes(size - 2u));
        if (!reader.ok()) break;
        if (kind == kWindowScale && value.remaining() == 1) return std::min(value.u8(), kMax);
    }
    return kNoWindowScale;
}

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
    const Bytes options = walk.rest.bytes(header_size - kFixedSize);
    if (!walk.rest.ok()) return walk.end_too_short();
    if ((out.tcp_flags & kSyn) != 0) out.window_scale = window_scale_in(options);
    out.payload = walk.rest.rest();
    return Header::kEnd;
}

bool is_vxlan_port(const Options& options, std::uint16_t port) noexcept {
    bool found = false;
    for (const std::uint16_t vxlan_port : options.vxlan_ports)
        found |= port == vxlan_port;
    return found && port != 0;
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
    if (out.destination_port == kGenevePort) return Header::kGeneve;
    return is_vxlan_port(walk.options, out.destination_port) ? Header::kVxlan : Header::kEnd;
}

/// Walks from `next` on; the number of headers walked, `headers` included.
[[gnu::noinline]] int walk_from(Walk& walk, Header next, int headers) noexcept {
    for (; next != Header::kEnd; ++headers) {
        if (headers == kHeadersMax) {
            walk.out.payload = {};  // of UDP, where a tunnel would have followed
            walk.result = Decoded::kTooDeep;
            break;
        }
        switch (next) {
            case Header::kEthernet:
                next = ethernet(walk);
                break;
            case Header::kVlan:
                next = vlan(walk);
                break;
            case Header::kMpls:
                next = mpls(walk);
                break;
            case Header::kPppoe:
                next = pppoe(walk);
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
            case Header::kFragmentData:
                next = fragment_data(walk);
                break;
            case Header::kIpv4InIp:
                next = ipv4_in_ip(walk);
                break;
            case Header::kIpv6InIp:
                next = ipv6_in_ip(walk);
                break;
            case Header::kGre:
                next = gre(walk);
                break;
            case Header::kVxlan:
                next = vxlan(walk);
                break;
            case Header::kGeneve:
                next = geneve(walk);
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
    return headers;
}

/// Behind the IP header of `first`. inner: null where a fragment in it is of no use.
Decoded decode_behind(const Fragment& first, Bytes bytes, bool whole, PacketView& out,
                      Fragment* inner, const Options& options) noexcept {
    out = first.around;
    Walk walk{
        .rest = Reader(bytes), .out = out, .options = options, .whole = whole, .fragment = inner};
    while (walk.vlans < kVlansMax && out.envelope.vlans[walk.vlans] != 0)
        ++walk.vlans;
    const Header next = first.ipv6 ? after_ipv6_header(walk, first.protocol)
                                   : after_ip_protocol(walk, first.protocol);
    const int headers = walk_from(walk, next, first.headers);
    if (inner != nullptr) inner->headers = static_cast<std::uint8_t>(headers);
    return walk.result;
}

}  // namespace

Decoded decode(Bytes frame, PacketView& out, const Options& options) noexcept {
    out = PacketView{};
    out.wire_size = static_cast<std::uint32_t>(frame.size());
    Walk walk{.rest = Reader(frame), .out = out, .options = options};
    // Nearly all of what a tap sees, without a call.
    Header next = ethernet(walk);
    int headers = 1;
    if (next == Header::kVlan) {
        next = vlan(walk);
        ++headers;
        if (next == Header::kVlan) {
            next = vlan(walk);
            ++headers;
        }
    }
    if (next == Header::kIpv4) {
        next = ipv4(walk);
        ++headers;
    } else if (next == Header::kIpv6) {
        next = ipv6(walk);
        ++headers;
    }
    if (next == Header::kTcp) {
        next = tcp(walk);
    } else if (next == Header::kUdp) {
        next = udp(walk);
        ++headers;
    }
    if (next == Header::kEnd) return walk.result;
    Walk more = walk;  // a copy, so that the walk above needs no address
    walk_from(more, next, headers);
    return more.result;
}

Decoded decode_fragment(Bytes frame, Fragment& out, const Options& options) noexcept {
    PacketView view;
    view.wire_size = static_cast<std::uint32_t>(frame.size());
    Walk walk{.rest = Reader(frame), .out = view, .options = options, .fragment = &out};
    out.headers = static_cast<std::uint8_t>(walk_from(walk, Header::kEthernet, 0));
    return walk.result;
}

Decoded decode_datagram(const Fragment& first, Bytes datagram, PacketView& out, Fragment& inner,
                        const Options& options) noexcept {
    return decode_behind(first, datagram, true, out, &inner, options);
}

Decoded decode_beginning(const Fragment& first, PacketView& out, const Options& options) noexcept {
    return decode_behind(first, first.data, false, out, nullptr, options);
}

std::string_view name(Decoded decoded) noexcept {
    static constexpr std::array<std::string_view, kDecodedCount> kNames{
        "ok", "not_ip", "not_tcp_udp", "fragment", "truncated", "malformed", "too_deep"};
    return kNames[static_cast<std::size_t>(decoded)];
}

std::string_view name(Encapsulation encapsulation) noexcept {
    static constexpr std::array<std::string_view, kEncapsulationCount> kNames{
        "none",  "gre",    "nvgre", "erspan1", "erspan2", "erspan3",
        "vxlan", "geneve", "ipip",  "6in4",    "4in6",    "6in6"};
    return kNames[static_cast<std::size_t>(encapsulation)];
}

}  // namespace querytap::packet
