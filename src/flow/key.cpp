#include <algorithm>
#include <array>
#include <cstring>

#include <querytap/flow/key.h>

#include "key_hash.h"

namespace querytap::flow {

Lookup lookup_of(const packet::PacketView& packet) noexcept {
    const Endpoint source{packet.source, packet.source_port};
    const Endpoint destination{packet.destination, packet.destination_port};
    if (destination < source) {
        return {.key = {destination, source, packet.protocol}, .side = Side::kFromB};
    }
    return {.key = {source, destination, packet.protocol}, .side = Side::kFromA};
}

std::uint64_t hash(const Key& key, std::uint64_t secret) noexcept {
    return hash_of(key, secret);
}

}  // namespace querytap::flow
