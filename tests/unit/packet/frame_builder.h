// Frames for decoder tests, header by header; lengths are right unless a test breaks them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace querytap::packet::test {

using Frame = std::vector<std::uint8_t>;

inline Frame operator+(Frame left, const Frame& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

inline std::uint8_t high(std::size_t value) {
    return static_cast<std::uint8_t>(value >> 8);
}
inline std::uint8_t low(std::size_t value) {
    return static_cast<std::uint8_t>(value);
}

inline Frame text(std::string_view value) {
    return {value.begin(), value.end()};
}

inline Frame ethernet(std::uint16_t ethertype, const Frame& rest) {
    return Frame{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, high(ethertype), low(ethertype)} + rest;
}

inline Frame vlan(std::uint16_t tci, std::uint16_t ethertype, const Frame& rest) {
    return Frame{high(tci), low(tci), high(ethertype), low(ethertype)} + rest;
}

struct Ipv4 {
    std::uint8_t protocol = 6;
    std::uint16_t fragment = 0x4000;  // don't fragment
    std::uint8_t version_and_size = 0x45;
    int total_size = -1;  // -1: right
    Frame options{};
    std::uint8_t network = 10;
    std::uint16_t id = 0x1234;
};

/// From 10.1.2.3 to 10.9.8.7, or in another network.
inline Frame ipv4(const Ipv4& header, const Frame& rest) {
    const std::size_t right = 20 + header.options.size() + rest.size();
    const std::size_t total =
        header.total_size < 0 ? right : static_cast<std::size_t>(header.total_size);
    return Frame{header.version_and_size,
                 0,
                 high(total),
                 low(total),
                 high(header.id),
                 low(header.id),
                 high(header.fragment),
                 low(header.fragment),
                 64,
                 header.protocol,
                 0,
                 0,
                 header.network,
                 1,
                 2,
                 3,
                 header.network,
                 9,
                 8,
                 7} +
           header.options + rest;
}

/// From 2001:db8::1 to 2001:db8::2.
inline Frame ipv6(std::uint8_t next_header, const Frame& rest, int payload_size = -1,
                  std::uint8_t version = 6) {
    const std::size_t size =
        payload_size < 0 ? rest.size() : static_cast<std::size_t>(payload_size);
    Frame header{
        static_cast<std::uint8_t>(version << 4), 0, 0, 0, high(size), low(size), next_header, 64};
    for (const std::uint8_t last : {std::uint8_t{1}, std::uint8_t{2}}) {
        header = header + Frame{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last};
    }
    return header + rest;
}

/// From port 50000 to 1433, sequence 0x01020304, acknowledgement 0x05060708, window 512, PSH ACK.
inline Frame tcp(const Frame& payload, const Frame& options = {}, int words = -1) {
    const std::size_t size = words < 0 ? 5 + options.size() / 4 : static_cast<std::size_t>(words);
    return Frame{0xc3, 0x50, 0x05,           0x99, 1, 2, 3, 4, 5, 6,
                 7,    8,    low(size << 4), 0x18, 2, 0, 0, 0, 0, 0} +
           options + payload;
}

/// From port 50000 to 1434.
inline Frame udp(const Frame& payload, int size = -1) {
    const std::size_t total = size < 0 ? 8 + payload.size() : static_cast<std::size_t>(size);
    return Frame{0xc3, 0x50, 0x05, 0x9a, high(total), low(total), 0, 0} + payload;
}

/// To another port than 1434.
inline Frame udp_to(std::uint16_t port, const Frame& payload) {
    Frame frame = udp(payload);
    frame[2] = high(port);
    frame[3] = low(port);
    return frame;
}

inline Frame mpls(std::uint32_t label, bool bottom, const Frame& rest) {
    return Frame{static_cast<std::uint8_t>(label >> 12), static_cast<std::uint8_t>(label >> 4),
                 static_cast<std::uint8_t>(label << 4 | (bottom ? 1 : 0)), 64} +
           rest;
}

inline Frame pppoe(std::uint16_t protocol, const Frame& rest, int size = -1) {
    const std::size_t right = rest.size() + 2;
    const std::size_t length = size < 0 ? right : static_cast<std::size_t>(size);
    return Frame{0x11, 0, 0, 7, high(length), low(length), high(protocol), low(protocol)} + rest;
}

/// `fields` are what the flags announce: checksum, key, sequence.
inline Frame gre(std::uint16_t flags, std::uint16_t protocol, const Frame& fields,
                 const Frame& rest) {
    return Frame{high(flags), low(flags), high(protocol), low(protocol)} + fields + rest;
}

/// Version 1, session 5.
inline Frame erspan2(const Frame& rest, std::uint8_t version = 1) {
    return Frame{static_cast<std::uint8_t>(version << 4), 9, 0, 5, 0, 0, 0, 1} + rest;
}

/// Version 2, session 6; the low 16 bits of the third word are frame type, hardware and O.
inline Frame erspan3(std::uint16_t flags, const Frame& rest, std::uint8_t version = 2) {
    return Frame{static_cast<std::uint8_t>(version << 4),
                 9,
                 0,
                 6,
                 1,
                 2,
                 3,
                 4,
                 0,
                 0,
                 high(flags),
                 low(flags)} +
           rest;
}

/// VNI 0x123456.
inline Frame vxlan(const Frame& rest, std::uint8_t flags = 8) {
    return Frame{flags, 0, 0, 0, 0x12, 0x34, 0x56, 0} + rest;
}

/// VNI 0x123456; options of whole words.
inline Frame geneve(std::uint16_t protocol, const Frame& options, const Frame& rest,
                    std::uint8_t version = 0, int words = -1) {
    const std::size_t size = words < 0 ? options.size() / 4 : static_cast<std::size_t>(words);
    return Frame{static_cast<std::uint8_t>(version << 6 | low(size)),
                 0,
                 high(protocol),
                 low(protocol),
                 0x12,
                 0x34,
                 0x56,
                 0} +
           options + rest;
}

}  // namespace querytap::packet::test
