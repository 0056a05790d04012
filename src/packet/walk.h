// The state of one decode, and what each header says follows it. A new encapsulation is a value of
// Header, a function that takes a Walk, and a case in decode.cpp.
#pragma once

#include <cstdint>

#include <querytap/base/reader.h>
#include <querytap/packet/decode.h>

namespace querytap::packet {

/// What stands next in the frame.
enum class Header : std::uint8_t {
    kEthernet,
    kVlan,
    kMpls,
    kPppoe,
    kIpv4,
    kIpv6,
    kIpv6Options,
    kIpv6Fragment,
    kAuthentication,
    kFragmentData,
    kIpv4InIp,
    kIpv6InIp,
    kGre,
    kVxlan,
    kGeneve,
    kTcp,
    kUdp,
    kEnd,
};

/// Which part of a datagram a fragment is.
struct FragmentFields {
    std::uint32_t id = 0;
    std::uint16_t offset = 0;
    bool more = false;
    bool ipv6 = false;
    std::uint8_t protocol = 0;
};

struct Walk {
    Reader rest;  // from the next header on
    PacketView& out;
    const Options& options;
    bool whole = false;           // `rest` ends where the IP length says, not where it was cut
    bool entered_tunnel = false;  // since the last VLAN
    std::uint8_t vlans = 0;       // ids in the envelope
    Decoded result = Decoded::kOk;
    FragmentFields part{};         // where kFragmentData follows
    Fragment* fragment = nullptr;  // where the caller wants fragments

    Header end(Decoded reason) noexcept {
        result = reason;
        return Header::kEnd;
    }
    /// A header does not fit: either the capture was cut, or the IP length lies.
    Header end_too_short() noexcept {
        return end(whole ? Decoded::kMalformed : Decoded::kTruncated);
    }
    /// Cuts what follows the datagram: link-layer padding and trailers.
    void limit_to(std::size_t size) noexcept {
        // Less than announced: the capture, or a mirror that cuts what it sends, ended first.
        whole = size <= rest.remaining();
        if (whole) rest = Reader(rest.bytes(size));
    }
    /// The next id of a tag. A priority tag (id 0) is no VLAN, and leaves those outside the tunnel.
    void add_vlan(std::uint16_t id) noexcept {
        if (id == 0) return;
        if (entered_tunnel) {
            entered_tunnel = false;
            vlans = 0;
            out.envelope.vlans = {};
        }
        if (vlans < kVlansMax) out.envelope.vlans[vlans++] = id;
    }
    /// What was the packet becomes the way it came.
    void enter_tunnel(Encapsulation kind, std::uint32_t id) noexcept;
};

// What a number in one header says of the next. Inline, and all else is not: the walk of an
// ordinary frame then calls nothing, and its state stays in registers.

/// kEnd: nothing for us.
constexpr Header header_of_ethertype(std::uint16_t ethertype) noexcept {
    switch (ethertype) {
        case 0x0800:
            return Header::kIpv4;
        case 0x86dd:
            return Header::kIpv6;
        case 0x8100:  // 802.1Q
        case 0x88a8:  // 802.1ad
        case 0x9100:  // QinQ from before the standard
            return Header::kVlan;
        case 0x8847:  // unicast
        case 0x8848:  // upstream-assigned labels (RFC 5332)
            return Header::kMpls;
        case 0x8864:  // 0x8863 is discovery
            return Header::kPppoe;
        default:  // below 0x600 it is the length of an 802.3 frame with LLC
            return Header::kEnd;
    }
}

inline Header after_ethertype(Walk& walk, std::uint16_t ethertype) noexcept {
    const Header next = header_of_ethertype(ethertype);
    return next == Header::kEnd ? walk.end(Decoded::kNotIp) : next;
}

inline Header after_ip_protocol(Walk& walk, std::uint8_t protocol) noexcept {
    switch (protocol) {
        case 6:
            return Header::kTcp;
        case 17:
            return Header::kUdp;
        case 4:
            return Header::kIpv4InIp;
        case 41:
            return Header::kIpv6InIp;
        case 47:
            return Header::kGre;
        case 51:
            return Header::kAuthentication;
        case 137:  // RFC 4023
            return Header::kMpls;
        default:
            return walk.end(Decoded::kNotTcpUdp);
    }
}

inline Header after_ipv6_header(Walk& walk, std::uint8_t next_header) noexcept {
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

// Each header takes its fixed part at once: one check, after which the reads inside it cannot fail
// and the compiler drops theirs.

// link.cpp
Header mpls(Walk& walk) noexcept;
Header pppoe(Walk& walk) noexcept;

// ip_headers.cpp
Header ipv6_options(Walk& walk) noexcept;
Header ipv6_fragment(Walk& walk) noexcept;
Header authentication(Walk& walk) noexcept;
Header fragment_data(Walk& walk) noexcept;

// tunnel.cpp
Header ipv4_in_ip(Walk& walk) noexcept;
Header ipv6_in_ip(Walk& walk) noexcept;
Header gre(Walk& walk) noexcept;
Header vxlan(Walk& walk) noexcept;
Header geneve(Walk& walk) noexcept;

}  // namespace querytap::packet
