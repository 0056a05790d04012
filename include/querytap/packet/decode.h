// Ethernet frame -> PacketView: addresses, ports, TCP fields and the payload, as pointers into the
// frame. VLAN and QinQ (802.1Q, 802.1ad), IPv4 (RFC 791), IPv6 with extension headers (RFC 8200),
// TCP (RFC 9293), UDP (RFC 768). Checksums are not verified: taps deliver offloaded frames.
//
// Thread-safe: no state. Linear and bounded: at most kHeadersMax headers are walked.
#pragma once

#include <cstdint>
#include <string_view>

#include <querytap/base/bytes.h>
#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>

namespace querytap::packet {

inline constexpr int kHeadersMax = 16;

/// One frame as it came from the port, in order of arrival.
struct Frame {
    Bytes bytes;                ///< from the Ethernet header on
    Timestamp time;             ///< never decreases from one frame of a source to the next
    std::uint64_t ordinal = 0;  ///< place in the source, from 1; orders events of several workers
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

struct PacketView {
    IpAddress source;
    IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    IpProtocol protocol = IpProtocol::kTcp;
    std::uint8_t tcp_flags = 0;
    std::uint16_t vlan = 0;  ///< outermost VLAN id; 0 = untagged
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint16_t window = 0;
    Bytes payload;                ///< of TCP or UDP, without link-layer padding
    std::uint32_t wire_size = 0;  ///< size of the whole frame, for byte counts
};

/// What became of a frame. Each value but kOk is a counter in the metrics
/// (querytap_drops_total{reason=...}).
enum class Decoded : std::uint8_t {
    kOk,
    kNotIp,      ///< ARP, LLDP, ... : nothing for us
    kNotTcpUdp,  ///< another transport
    kFragment,   ///< an IP fragment, not reassembled
    kTruncated,  ///< headers reach past the end of the frame
    kMalformed,  ///< a length or version field contradicts itself
    kTooDeep,    ///< more than kHeadersMax headers
};
inline constexpr std::size_t kDecodedCount = 7;

Decoded decode(Bytes frame, PacketView& out) noexcept;

/// "not_ip", "truncated", ...: as in metrics.
std::string_view name(Decoded decoded) noexcept;

}  // namespace querytap::packet
