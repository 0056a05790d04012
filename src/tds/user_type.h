// UserType, Flags, TYPE_INFO, table name, cipher: the beginning that COLMETADATA, ALTMETADATA and
// RETURNVALUE have in common (MS-TDS 2.2.7.4).
#pragma once

#include "type_info.h"
#include "unit.h"

namespace querytap::tds {

/// CryptoMetaData has the ordinal of a key in COLMETADATA, not in RETURNVALUE.
enum class KeyOrdinal : std::uint8_t { kAbsent, kPresent };

/// Flags that no server of 7.2 sets: the reserved ones, "updateable: 3", identity and computed.
bool odd_flags(std::uint8_t low, std::uint8_t high) noexcept;

/// Reads them. Where the version is not known it is told from the bytes, and the facts then have
/// it.
Step read_typed(Reader& reader, Facts& facts, KeyOrdinal ordinal, TypeInfo& type) noexcept;

}  // namespace querytap::tds
