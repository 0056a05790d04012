#include "tvp.h"

#include "text.h"

namespace querytap::tds {
namespace {

constexpr std::uint16_t kNullTable = 0xffff;
constexpr std::uint16_t kColumnsMax = 1024;  // 2.2.5.5.5

}  // namespace

void TvpReader::begin(ColumnTable& columns) noexcept {
    *this = {};
    phase_ = Phase::kTypeName;
    columns.clear();
}

bool TvpReader::running() const noexcept {
    return phase_ == Phase::kSkip || (phase_ == Phase::kValue && value_.running());
}

std::size_t TvpReader::run(Bytes bytes, const MessageScope& scope, const ColumnTable& columns) {
    if (phase_ == Phase::kValue) {
        const std::size_t size = value_.run(bytes, scope);
        if (value_.done()) value_read(columns);
        return size;
    }
    const std::size_t size = std::min<std::size_t>(bytes.size(), skip_left_);
    skip_left_ -= static_cast<std::uint32_t>(size);
    if (skip_left_ == 0) phase_ = Phase::kOptional;
    return size;
}

Step TvpReader::unit(Reader& reader, const MessageScope& scope, ColumnTable& columns) {
    switch (phase_) {
        case Phase::kTypeName:
            return type_name(reader);
        case Phase::kColumn:
            return column(reader, scope, columns);
        case Phase::kOptional:
            return optional(reader, columns);
        case Phase::kRow:
            return row(reader, columns);
        case Phase::kValue: {
            const Step step = value_.unit(reader, scope);
            if (step == Step::kDone && value_.done()) value_read(columns);
            return step;
        }
        case Phase::kSkip:
        case Phase::kEnd:
            break;
    }
    return Step::kBad;
}

Step TvpReader::type_name(Reader& reader) {
    read_b_varchar(reader);  // database, schema, type
    read_b_varchar(reader);
    read_b_varchar(reader);
    const std::uint16_t count = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    if (count != kNullTable && count > kColumnsMax) return Step::kBad;
    columns_left_ = count == kNullTable ? std::uint16_t{0} : count;
    phase_ = columns_left_ == 0 ? Phase::kOptional : Phase::kColumn;
    return Step::kDone;
}

Step TvpReader::column(Reader& reader, const MessageScope& scope, ColumnTable& columns) {
    constexpr std::uint16_t kDefault = 0x0200;  // no values of this column are sent
    reader.skip(4);                             // UserType; TVP came with 7.3
    const std::uint16_t flags = reader.u16le();
    TypeInfo type;
    if (!read_type_info(reader, Dialect::k72, TypeUse::kRpc, type)) return Step::kBad;
    read_b_varchar(reader);
    if (!reader.ok()) return Step::kMore;
    if (type.form == Form::kNothing) return Step::kBad;  // 2.2.5.5.5.3
    if (!columns.add(type.form, (flags & kDefault) != 0, scope.pool)) return Step::kLimit;
    if (--columns_left_ == 0) phase_ = Phase::kOptional;
    return Step::kDone;
}

Step TvpReader::optional(Reader& reader, ColumnTable& columns) {
    enum : std::uint8_t { kEnd = 0x00, kOrderUnique = 0x10, kColumnOrdering = 0x11 };
    const std::uint8_t token = reader.u8();
    if (!reader.ok()) return Step::kMore;
    switch (token) {
        case kEnd:
            columns.drop_absent();
            phase_ = Phase::kRow;
            return Step::kDone;
        case kOrderUnique: {
            const std::uint32_t count = reader.u16le();
            if (!reader.ok()) return Step::kMore;
            skip_left_ = 3 * count;
            if (skip_left_ > 0) phase_ = Phase::kSkip;
            return Step::kDone;
        }
        case kColumnOrdering: {
            const std::size_t count = reader.u16le();
            const Bytes ordinals = reader.bytes(2 * count);
            if (!reader.ok()) return count > kColumnsMax ? Step::kBad : Step::kMore;
            return columns.reorder(ordinals) ? Step::kDone : Step::kBad;
        }
        default:
            return Step::kBad;
    }
}

Step TvpReader::row(Reader& reader, ColumnTable& columns) {
    enum : std::uint8_t { kEnd = 0x00, kRow = 0x01 };
    const std::uint8_t token = reader.u8();
    if (!reader.ok()) return Step::kMore;
    if (token > kRow) return Step::kBad;
    if (token == kEnd) {
        phase_ = Phase::kEnd;
    } else if (columns.select_main()) {
        column_ = 0;
        phase_ = Phase::kValue;
        value_.begin(columns.selected().form(0), Target::kParameter, false);
    }
    return Step::kDone;
}

void TvpReader::value_read(const ColumnTable& columns) noexcept {
    if (++column_ == columns.count()) {
        phase_ = Phase::kRow;
    } else {
        value_.begin(columns.selected().form(column_), Target::kParameter, false);
    }
}

}  // namespace querytap::tds
