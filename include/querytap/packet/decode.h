// Ethernet frame -> PacketView: addresses, ports, TCP fields and the payload, as pointers into the
// frame. VLAN and QinQ (802.1Q, 802.1ad), MPLS (RFC 3032), PPPoE (RFC 2516), IPv4 (RFC 791), IPv6
// with extension headers (RFC 8200), TCP (RFC 9293), UDP (RFC 768); and through tunnels: GRE (RFC
// 2784, 2890), NVGRE (RFC 7637), ERSPAN I to III, VXLAN (RFC 7348), Geneve (RFC 8926), IP in IP
// (RFC 2003, 2473, 4213). What counts is the innermost packet; the tunnel around it is kept beside.
// Checksums are not verified: taps deliver offloaded frames.
//
// Thread-safe: no state. Linear and bounded: at most kHeadersMax headers are walked.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <querytap/base/bytes.h>
#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>

namespace querytap::packet {

/// Enough for a mirrored frame of a virtual network (VLAN, IP, GRE, ERSPAN, VLAN, IP, UDP, VXLAN,
/// VLAN, IP, TCP) with room for extension headers.
inline constexpr int kHeadersMax = 16;
inline constexpr std::size_t kVlansMax = 3;
inline constexpr std::size_t kVxlanPortsMax = 8;

/// What cannot be known from the frame itself.
struct Options {
    /// UDP ports of VXLAN, also of mirrors in a cloud; 0 = unused. 4789 is IANA's, 8472 Linux'.
    std::array<std::uint16_t, kVxlanPortsMax> vxlan_ports{4789, 8472};
};
inline constexpr Options kDefaultOptions{};

/// One frame as it came from the port, in order of arrival.
struct Frame {
    Bytes bytes;                ///< from the Ethernet header on
    Timestamp time;             ///< never decreases from one frame of a source to the next
    std::uint64_t ordinal = 0;  ///< place in the source, from 1; orders events of several workers
    bool elsewhere = false;  ///< another worker inspects it; what it announces is for all of them
};

enum class IpProtocol : std::uint8_t { kTcp = 6, kUdp = 17 };

enum TcpFlag : std::uint8_t {
    kFin = 0x01,
    kSyn = 0x02,
    kRst = 0x04,
    kPsh = 0x08,
    kAck = 0x10,
    kUrg = 0x20,
};

enum class Encapsulation : std::uint8_t {
    kNone,
    kGre,
    kNvgre,
    kErspan1,
    kErspan2,
    kErspan3,
    kVxlan,
    kGeneve,
    kIpip,
    k6in4,
    k4in6,
    k6in6,
};
inline constexpr std::size_t kEncapsulationCount = 12;

/// The innermost tunnel around a packet. Without one (kNone) the other members mean nothing.
struct Outer {
    Encapsulation kind = Encapsulation::kNone;
    std::uint8_t depth = 0;  ///< tunnels one in the other
    std::uint32_t id = 0;    ///< VNI, NVGRE's VSID, GRE's key, ERSPAN's session; 0 = none
    IpAddress source;
    IpAddress destination;
};

/// VLAN ids, outermost first; 0 = no more. The tags inside the tunnel, or, if there are none, those
/// outside. A priority tag (id 0) is no VLAN.
using Vlans = std::array<std::uint16_t, kVlansMax>;

/// What was around the packet that counts.
struct Envelope {
    Vlans vlans{};
    Outer outer;
    bool empty() const noexcept { return vlans[0] == 0 && outer.kind == Encapsulation::kNone; }
};

/// Of a SYN that says nothing of it, and of any other packet.
inline constexpr std::uint8_t kNoWindowScale = 15;

struct PacketView {
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    IpProtocol protocol = IpProtocol::kTcp;
    std::uint8_t tcp_flags = 0;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 0;
    std::uint8_t window_scale = kNoWindowScale;  ///< of a SYN, RFC 7323 section 2: 0 to 14
    Bytes payload;                ///< of TCP or UDP, without link-layer padding
    std::uint32_t wire_size = 0;  ///< size of the whole frame, for byte counts
    Envelope envelope;
};

/// What became of a frame. Each value but kOk and kFragment is a counter in the metrics
/// (querytap_drops_total{reason=...}).
enum class Decoded : std::uint8_t {
    kOk,
    kNotIp,      ///< ARP, LLDP, ... : nothing for us
    kNotTcpUdp,  ///< another transport
    kFragment,   ///< part of an IP datagram: for the Defragmenter
    kTruncated,  ///< headers reach past the end of the frame
    kMalformed,  ///< a length or version field contradicts itself
    kTooDeep,    ///< more than kHeadersMax headers
};
inline constexpr std::size_t kDecodedCount = 7;

Decoded decode(Bytes frame, PacketView& out, const Options& options = kDefaultOptions) noexcept;

/// Part of an IP datagram, and what is needed to go on once the datagram is whole.
struct Fragment {
    PacketView around;  ///< addresses, tunnel and VLANs of the datagram; no ports, no payload
    Bytes data;
    std::uint32_t id = 0;
    std::uint16_t offset = 0;  ///< bytes
    bool more = false;
    bool ipv6 = false;
    std::uint8_t protocol = 0;  ///< of IPv4; next header of IPv6
    std::uint8_t headers = 0;   ///< walked so far
};

/// For frames that decode() calls a fragment: the same answer, or why it is of no use (cut, or in
/// contradiction to itself).
Decoded decode_fragment(Bytes frame, Fragment& out,
                        const Options& options = kDefaultOptions) noexcept;

/// Goes on behind the IP header of `first`, with `datagram` being all there is behind it. When the
/// datagram carries (through a tunnel) another fragment, the answer is kFragment and `inner` that.
Decoded decode_datagram(const Fragment& first, Bytes datagram, PacketView& out, Fragment& inner,
                        const Options& options = kDefaultOptions) noexcept;

/// Goes on behind the IP header of `first` as far as its own data goes: whose datagram it is,
/// before the rest of it is there.
Decoded decode_beginning(const Fragment& first, PacketView& out,
                         const Options& options = kDefaultOptions) noexcept;

/// "not_ip", "truncated", ...: as in metrics.
std::string_view name(Decoded decoded) noexcept;

/// "vxlan", "gre", "6in4", ...: EVE tunnel.type.
std::string_view name(Encapsulation encapsulation) noexcept;

}  // namespace querytap::packet
