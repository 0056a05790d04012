// Frames for tests: Ethernet, IPv4 and TCP around a payload, without checksums (the decoder does
// not look at them), and whole conversations cut in any way a network can cut them.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include <querytap/packet/decode.h>

namespace querytap::test {

/// A frame that owns its bytes.
struct OwnedFrame {
    std::vector<std::uint8_t> bytes;
    Timestamp time;
    std::uint64_t ordinal = 0;

    packet::Frame frame() const noexcept { return {bytes, time, ordinal}; }
};

struct TcpFields {
    std::uint32_t source = 0x0a010203;       ///< 10.1.2.3
    std::uint32_t destination = 0x0a090807;  ///< 10.9.8.7
    std::uint16_t source_port = 50000;
    std::uint16_t destination_port = 1433;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::uint8_t flags = packet::kAck;
};

std::vector<std::uint8_t> tcp_frame(const TcpFields& fields, Bytes payload);
/// A datagram between the same addresses; of the fields, those of TCP mean nothing.
std::vector<std::uint8_t> udp_frame(const TcpFields& fields, Bytes payload);

/// What one side said, and when.
struct Turn {
    bool to_server = true;
    std::vector<std::uint8_t> bytes;
    Timestamp time;
    std::uint32_t lost = 0;  ///< bytes before these that the capture has not
};

/// How a conversation is cut into segments.
struct Cutting {
    std::size_t segment_max = 1448;
    std::size_t first_max = 0;  ///< of the first segment of each turn; 0: like the others
    bool random_sizes = false;  ///< 1..segment_max instead of segment_max
    double reorder = 0;         ///< chance that a segment changes place with the next of its turn
    std::size_t shuffle = 0;    ///< so many segments of a turn come in any order, then the next
    std::size_t overlap = 0;    ///< each segment repeats up to so many bytes of its neighbours
    double duplicate = 0;       ///< chance that a segment comes twice
    double lose = 0;            ///< chance that a segment never comes
    bool handshake = true;      ///< without it the first turns are not cut
    bool close = true;
};

/// The conversation as frames, times from the turns, ordinals from 1. Mid-stream a direction is
/// taken up with the first segment that comes, and a flow with one that looks like TDS: were the
/// first turns cut, others would be the first.
std::vector<OwnedFrame> conversation(const std::vector<Turn>& turns, const Cutting& cutting,
                                     std::mt19937& random, std::uint16_t client_port = 50000);

}  // namespace querytap::test
