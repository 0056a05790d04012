// COLMETADATA and ALTMETADATA (MS-TDS 2.2.7.4, 2.2.7.1): what the columns are called and made of.
#include "text.h"
#include "tokens.h"
#include "user_type.h"

namespace querytap::tds {
namespace {

constexpr std::uint16_t kNoMetaData = 0xffff;
constexpr std::size_t kKeyLook = 9;  // a count of keys, UserType, Flags, a type

/// Whether a table of no keys stands before the first column. MS-TDS wants it of every server that
/// acknowledged column encryption, yet some leave it out: then TYPE_INFO comes two bytes earlier.
bool has_empty_key_table(Bytes look) noexcept {
    const bool with = is_type(look[8]) && !odd_flags(look[6], look[7]);
    const bool without = look[2] == 0 && look[3] == 0 && is_type(look[6]);
    return with || !without;
}

}  // namespace

Step TokenParser::column_metadata(Reader& reader, const MessageScope& scope) {
    const std::uint16_t count = reader.u16le();
    const bool omitted = count == kNoMetaData;
    const bool keyed = scope.facts.column_encryption && !omitted;
    std::uint16_t key_count = 0;
    if (keyed) {
        const Bytes look = reader.at(reader.position(), count > 0 ? kKeyLook : 2);
        if (!reader.ok()) return Step::kMore;
        const bool none = look[0] == 0 && look[1] == 0;
        if (!none || count == 0 || has_empty_key_table(look)) key_count = reader.u16le();
    }
    if (!reader.ok()) return Step::kMore;
    if (!omitted && count > ColumnTable::kColumnsMax) return Step::kLimit;
    metadata_omitted_ = omitted;
    nulls_set_ = false;
    if (omitted) {
        ++summary_.result_sets;
        return Step::kDone;
    }
    columns_->clear();
    column_ = 0;
    if (count > 0) {
        ++summary_.result_sets;
        summary_.columns = count;
    }
    columns_left_ = count;
    left_ = key_count;
    inner_ = 0;
    phase_ = key_count > 0 ? Phase::kKeys : count > 0 ? Phase::kColumn : Phase::kToken;
    return Step::kDone;
}

/// EK_INFO (2.2.5.7) of Always Encrypted: which keys the columns were encrypted with.
Step TokenParser::keys(Reader& reader) {
    reader.skip(4 + 4 + 4 + 8);  // database, key, its version, its metadata's version
    inner_ = reader.u8();
    if (!reader.ok()) return Step::kMore;
    phase_ = Phase::kKeyValue;
    if (inner_ == 0) key_read();
    return Step::kDone;
}

Step TokenParser::key_value(Reader& reader) {
    reader.skip(reader.u16le());  // the key, encrypted
    read_b_varchar(reader);       // store
    read_us_varchar(reader);      // path
    read_b_varchar(reader);       // algorithm
    if (!reader.ok()) return Step::kMore;
    if (--inner_ == 0) key_read();
    return Step::kDone;
}

void TokenParser::key_read() noexcept {
    phase_ = --left_ > 0 ? Phase::kKeys : columns_left_ > 0 ? Phase::kColumn : Phase::kToken;
}

Step TokenParser::column(Reader& reader, const MessageScope& scope) {
    TypeInfo type;
    const Step step = read_typed(reader, scope.facts, KeyOrdinal::kPresent, type);
    if (step != Step::kDone) return step;
    const Bytes name = read_b_varchar(reader);
    if (!reader.ok()) return Step::kMore;
    // A column without bytes would make a row cost more work than it has bytes; none exists.
    if (type.form == Form::kNothing) return Step::kBad;
    if (!columns_->add(type.form, false, scope.pool)) return Step::kLimit;
    const Narrowed<255> text(name);
    scope.handler.on_column(scope.info,
                            {.name = text.view(), .index = column_, .type = type.token});
    ++column_;
    if (--columns_left_ == 0) phase_ = Phase::kToken;
    return Step::kDone;
}

Step TokenParser::alt_metadata(Reader& reader, const MessageScope& scope) {
    const std::uint16_t count = reader.u16le();
    const std::uint16_t id = reader.u16le();
    const std::size_t by_columns = reader.u8();
    reader.skip(2 * by_columns);
    if (!reader.ok()) return Step::kMore;
    if (count > ColumnTable::kColumnsMax) return Step::kLimit;
    if (!columns_->begin_group(id, count, scope.pool)) return Step::kLimit;
    columns_left_ = count;
    if (count > 0) phase_ = Phase::kAltColumn;
    return Step::kDone;
}

Step TokenParser::alt_column(Reader& reader, const MessageScope& scope) {
    reader.skip(3);  // operator and operand
    if (!reader.ok()) return Step::kMore;
    TypeInfo type;
    const Step step = read_typed(reader, scope.facts, KeyOrdinal::kPresent, type);
    if (step != Step::kDone) return step;
    read_b_varchar(reader);
    if (!reader.ok()) return Step::kMore;
    if (type.form == Form::kNothing) return Step::kBad;
    if (!columns_->add(type.form, false, scope.pool)) return Step::kLimit;
    if (--columns_left_ == 0) phase_ = Phase::kToken;
    return Step::kDone;
}

}  // namespace querytap::tds
