// Fuzz inputs are cut into pieces, each behind its size in two bytes.
#pragma once

#include <algorithm>

#include <querytap/base/reader.h>

namespace querytap::fuzz {

/// The next piece: what its size says, or all that is left if that is less. The size is read before
/// it is asked what is left, for C++ leaves the order of arguments open.
inline Bytes sized_piece(Reader& reader) {
    const std::size_t size = reader.u16be();
    return reader.bytes(std::min(size, reader.remaining()));
}

}  // namespace querytap::fuzz
