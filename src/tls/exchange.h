// A handshake under way: what it has said so far, and the message of each side that has not come
// whole.
#pragma once

#include <array>
#include <cstdint>

#include <querytap/base/bytes.h>
#include <querytap/tls/handshake.h>

namespace querytap::tls {

/// A ClientHello with post-quantum key shares has 2 KiB. Of a Certificate message the leaf stands
/// first, and in it the names and dates before its keys: the rest of a long chain is not kept.
inline constexpr std::size_t kMessageMax = 16384;

struct Message {
    std::uint16_t size = 0;
    std::array<std::uint8_t, kMessageMax> bytes;

    Bytes kept() const noexcept { return Bytes{bytes}.first(size); }
};

struct Exchange {
    Exchange() noexcept {}  // leaves the messages as they are

    Handshake facts;
    std::array<std::uint8_t, 32> client_random;
    std::array<std::uint8_t, 32> server_random;
    bool encrypt_then_mac = false;  ///< RFC 7366, agreed
    std::array<Message, 2> messages;
};

}  // namespace querytap::tls
