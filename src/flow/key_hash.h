// The one hash of this room: XXH3 over what differs between keys, without the padding of its
// struct.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <querytap/base/time.h>
#include <querytap/flow/key.h>

namespace querytap::flow {

struct KeyBytes {
    std::array<std::uint8_t, 16> address_a;
    std::array<std::uint8_t, 16> address_b;
    std::uint16_t port_a;
    std::uint16_t port_b;
    std::uint32_t protocol;
};
static_assert(sizeof(KeyBytes) == 40, "padding would be hashed");

inline KeyBytes bytes_of(const Key& key) noexcept {
    return {.address_a = key.a.address.bytes(),
            .address_b = key.b.address.bytes(),
            .port_a = key.a.port,
            .port_b = key.b.port,
            .protocol = static_cast<std::uint32_t>(key.protocol)};
}

/// Of most keys only sixteen bytes differ, and XXH3 takes so many in one step.
inline std::uint64_t hash_of(const Key& key, std::uint64_t secret) noexcept {
    if (key.a.address.is_v4() && key.b.address.is_v4()) {
        const std::array<std::uint64_t, 2> bytes{
            std::uint64_t{key.a.address.v4_number()} << 32 | key.b.address.v4_number(),
            std::uint64_t{key.a.port} << 48 | std::uint64_t{key.b.port} << 32 |
                static_cast<std::uint64_t>(key.protocol)};
        return XXH3_64bits_withSeed(bytes.data(), sizeof(bytes), secret + key.network);
    }
    const KeyBytes bytes = bytes_of(key);
    return XXH3_64bits_withSeed(&bytes, sizeof(bytes), secret + key.network);
}

/// EVE flow_id. Not from the secret, so that two runs and any number of workers agree; below 2^53,
/// so that readers which keep numbers as doubles (JavaScript, jq) keep it exact; never 0.
inline std::uint64_t flow_id_of(const Key& key, Timestamp first) noexcept {
    constexpr std::uint64_t kExactInDouble = (std::uint64_t{1} << 53) - 1;
    const struct {
        KeyBytes key;
        std::int64_t first_ns;
    } bytes{bytes_of(key), to_ns(first)};
    static_assert(sizeof(bytes) == sizeof(KeyBytes) + sizeof(std::int64_t));
    const std::uint64_t id =
        XXH3_64bits_withSeed(&bytes, sizeof(bytes), key.network) & kExactInDouble;
    return id == 0 ? 1 : id;
}

}  // namespace querytap::flow
