#include "user_type.h"

#include "text.h"

namespace querytap::tds {
namespace {

constexpr std::uint16_t kEncrypted = 0x0800;

/// UserType has two bytes or four; TYPE_INFO must begin with a type in either case.
Dialect tell_dialect(Bytes look) noexcept {
    const bool later = look[2] == 0 && look[3] == 0 && is_type(look[6]);
    const bool earlier = is_type(look[4]);
    if (later && earlier) return odd_flags(look[4], look[5]) ? Dialect::k71 : Dialect::k72;
    if (later) return Dialect::k72;
    return earlier ? Dialect::k71 : Dialect::kUnknown;
}

void skip_table_name(Reader& reader, Dialect dialect) noexcept {
    if (dialect != Dialect::k72) {
        read_us_varchar(reader);
        return;
    }
    for (std::uint8_t parts = reader.u8(); parts > 0; --parts)
        read_us_varchar(reader);
}

bool skip_crypto_metadata(Reader& reader, KeyOrdinal ordinal) noexcept {
    if (ordinal == KeyOrdinal::kPresent) reader.skip(2);
    reader.skip(4);  // UserType
    TypeInfo base;
    if (!read_type_info(reader, Dialect::k72, TypeUse::kResult, base)) return false;
    const std::uint8_t algorithm = reader.u8();
    if (reader.ok() && algorithm == 0) read_b_varchar(reader);
    reader.skip(2);  // kind, version of the normalisation
    return true;
}

}  // namespace

bool odd_flags(std::uint8_t low, std::uint8_t high) noexcept {
    return (low & 0xc0) != 0 || (low & 0x0c) == 0x0c || (low & 0x30) == 0x30 || (high & 0x12) != 0;
}

Step read_typed(Reader& reader, Facts& facts, KeyOrdinal ordinal, TypeInfo& type) noexcept {
    constexpr std::size_t kTellSize = 7;
    if (facts.dialect == Dialect::kUnknown) {
        const Bytes look = reader.at(reader.position(), kTellSize);
        if (!reader.ok()) return Step::kMore;
        facts.dialect = tell_dialect(look);
        if (facts.dialect == Dialect::kUnknown) return Step::kBad;
    }
    reader.skip(facts.dialect == Dialect::k72 ? 4 : 2);
    const std::uint16_t flags = reader.u16le();
    if (!read_type_info(reader, facts.dialect, TypeUse::kResult, type)) return Step::kBad;
    if (!reader.ok()) return Step::kMore;
    if (type.names_table) skip_table_name(reader, facts.dialect);
    if (facts.column_encryption && (flags & kEncrypted) != 0 &&
        !skip_crypto_metadata(reader, ordinal)) {
        return Step::kBad;
    }
    return reader.ok() ? Step::kDone : Step::kMore;
}

}  // namespace querytap::tds
