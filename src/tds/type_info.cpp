#include "type_info.h"

namespace querytap::tds {
namespace {

/// MS-TDS 2.2.5.4.1 to 2.2.5.4.4.
enum Type : std::uint8_t {
    kNull = 0x1f,
    kImage = 0x22,
    kText = 0x23,
    kGuid = 0x24,
    kVarBinary = 0x25,
    kIntN = 0x26,
    kVarChar = 0x27,
    kDateN = 0x28,
    kTimeN = 0x29,
    kDateTime2N = 0x2a,
    kDateTimeOffsetN = 0x2b,
    kBinary = 0x2d,
    kChar = 0x2f,
    kInt1 = 0x30,
    kBit = 0x32,
    kInt2 = 0x34,
    kDecimal = 0x37,
    kInt4 = 0x38,
    kDateTime4 = 0x3a,
    kFloat4 = 0x3b,
    kMoney = 0x3c,
    kDateTime = 0x3d,
    kFloat8 = 0x3e,
    kNumeric = 0x3f,
    kVariant = 0x62,
    kNText = 0x63,
    kBitN = 0x68,
    kDecimalN = 0x6a,
    kNumericN = 0x6c,
    kFloatN = 0x6d,
    kMoneyN = 0x6e,
    kDateTimeN = 0x6f,
    kMoney4 = 0x7a,
    kInt8 = 0x7f,
    kBigVarBinary = 0xa5,
    kBigVarChar = 0xa7,
    kBigBinary = 0xad,
    kBigChar = 0xaf,
    kNVarChar = 0xe7,
    kNChar = 0xef,
    kUdt = 0xf0,
    kXml = 0xf1,
    kJson = 0xf4,
    kVector = 0xf5,
};

constexpr std::uint16_t kUnlimited = 0xffff;  // USHORTMAXLEN: the value is sent as PLP

void skip_collation(Reader& reader, Dialect dialect) noexcept {
    if (dialect != Dialect::k70) reader.skip(5);
}

void skip_b_varchar(Reader& reader) noexcept {
    const std::size_t characters = reader.u8();
    reader.skip(2 * characters);
}

void skip_us_varchar(Reader& reader) noexcept {
    const std::size_t characters = reader.u16le();
    reader.skip(2 * characters);
}

void skip_udt_info(Reader& reader, TypeUse use) noexcept {
    if (use == TypeUse::kResult) reader.skip(2);  // MAX_BYTE_SIZE
    skip_b_varchar(reader);
    skip_b_varchar(reader);
    skip_b_varchar(reader);
    if (use == TypeUse::kResult) skip_us_varchar(reader);  // ASSEMBLY_QUALIFIED_NAME
}

void skip_xml_info(Reader& reader) noexcept {
    if (reader.u8() == 0) return;  // no schema collection
    skip_b_varchar(reader);
    skip_b_varchar(reader);
    skip_us_varchar(reader);
}

}  // namespace

bool read_type_info(Reader& reader, Dialect dialect, TypeUse use, TypeInfo& type) noexcept {
    type = {};
    type.token = reader.u8();
    if (!reader.ok()) return true;
    switch (type.token) {
        case kNull:
            return true;
        case kInt1:
        case kBit:
            type.form = Form::kFixed1;
            return true;
        case kInt2:
            type.form = Form::kFixed2;
            return true;
        case kInt4:
        case kDateTime4:
        case kFloat4:
        case kMoney4:
            type.form = Form::kFixed4;
            return true;
        case kMoney:
        case kDateTime:
        case kFloat8:
        case kInt8:
            type.form = Form::kFixed8;
            return true;
        case kDateN:
            type.form = Form::kByte;
            return true;
        case kGuid:
        case kIntN:
        case kBitN:
        case kFloatN:
        case kMoneyN:
        case kDateTimeN:
        case kTimeN:  // these three have a scale where the others have a length
        case kDateTime2N:
        case kDateTimeOffsetN:
            type.form = Form::kByte;
            reader.skip(1);
            return true;
        case kDecimal:
        case kNumeric:
        case kDecimalN:
        case kNumericN:
            type.form = Form::kByte;
            reader.skip(3);  // length, precision, scale
            return true;
        case kChar:
        case kVarChar:
            type.form = Form::kByteText;
            reader.skip(1);
            return true;
        case kBinary:
        case kVarBinary:
            type.form = Form::kByteBinary;
            reader.skip(1);
            return true;
        case kBigBinary:
        case kBigVarBinary:
            type.form = reader.u16le() == kUnlimited ? Form::kPlpBinary : Form::kShortBinary;
            return true;
        case kBigChar:
        case kBigVarChar:
            type.form = reader.u16le() == kUnlimited ? Form::kPlpText : Form::kShortText;
            skip_collation(reader, dialect);
            return true;
        case kNChar:
        case kNVarChar:
            type.form = reader.u16le() == kUnlimited ? Form::kPlpWide : Form::kShortWide;
            skip_collation(reader, dialect);
            return true;
        case kVector:
            type.form = Form::kShort;
            reader.skip(3);  // length, type of the dimensions
            return true;
        case kImage:
            type.form = Form::kLongBinary;
            type.names_table = true;
            reader.skip(4);
            return true;
        case kText:
        case kNText:
            type.form = type.token == kText ? Form::kLongText : Form::kLongWide;
            type.names_table = true;
            reader.skip(4);
            skip_collation(reader, dialect);
            return true;
        case kVariant:
            type.form = Form::kVariant;
            reader.skip(4);
            return true;
        case kUdt:
            type.form = Form::kPlpBinary;
            skip_udt_info(reader, use);
            return true;
        case kXml:
            type.form = Form::kPlpWide;
            skip_xml_info(reader);
            return true;
        case kJson:
            type.form = Form::kPlpText;
            return true;
        default:
            return false;
    }
}

bool is_type(std::uint8_t token) noexcept {
    Reader reader({&token, 1});
    TypeInfo type;
    return read_type_info(reader, Dialect::k72, TypeUse::kResult, type);
}

Form variant_form(std::uint8_t base_type) noexcept {
    switch (base_type) {
        case kNVarChar:
        case kNChar:
            return Form::kShortWide;
        case kBigVarChar:
        case kBigChar:
            return Form::kShortText;
        case kBigVarBinary:
        case kBigBinary:
            return Form::kShortBinary;
        default:
            return Form::kByte;
    }
}

}  // namespace querytap::tds
