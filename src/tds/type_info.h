// TYPE_INFO (MS-TDS 2.2.5.6): what stands before a value and says how to read it.
#pragma once

#include <cstdint>

#include <querytap/base/reader.h>

#include "facts.h"

namespace querytap::tds {

/// All that a reader of values needs of a type, in one byte: how its length is coded (2.2.5.4) and
/// what its bytes are.
enum class Form : std::uint8_t {
    kNothing,  ///< NULLTYPE
    kFixed1,
    kFixed2,
    kFixed4,
    kFixed8,
    kByte,  ///< BYTELEN: numbers, dates, GUIDs
    kByteText,
    kByteBinary,
    kShort,  ///< USHORTLEN: vectors
    kShortWide,
    kShortText,
    kShortBinary,
    kLongWide,  ///< LONGLEN: NTEXT, TEXT, IMAGE
    kLongText,
    kLongBinary,
    kVariant,
    kPlpWide,  ///< PARTLENTYPE: (max), XML, UDT, JSON
    kPlpText,
    kPlpBinary,
};
inline constexpr std::size_t kFormCount = 19;

/// Where it stands: a UDT is described at more length in results than in RPC (2.2.5.5.2).
enum class TypeUse : std::uint8_t { kResult, kRpc };

struct TypeInfo {
    std::uint8_t token = 0;
    Form form = Form::kNothing;
    bool names_table = false;  ///< a TableName follows in COLMETADATA
};

inline constexpr std::uint8_t kTvpType = 0xf3;  ///< table-valued; only in RPC, see tvp.h

/// False when no such type exists. When the reader fails, more bytes are needed.
bool read_type_info(Reader& reader, Dialect dialect, TypeUse use, TypeInfo& type) noexcept;

/// A token that read_type_info knows.
bool is_type(std::uint8_t token) noexcept;

/// The form of a sql_variant's base type (2.2.5.5.4), whose length is the variant's.
Form variant_form(std::uint8_t base_type) noexcept;

}  // namespace querytap::tds
