// Rows and return values: TYPE_VARBYTE after TYPE_VARBYTE, by the columns that were described.
#include "text.h"
#include "tokens.h"
#include "user_type.h"

namespace querytap::tds {

/// ROW and NBCROW (2.2.7.20, 2.2.7.15).
Step TokenParser::row(const MessageScope& scope, bool with_bitmap) {
    if (!columns_->select_main()) return metadata_omitted_ ? Step::kSkip : Step::kBad;
    ++summary_.rows;
    scope.handler.on_row(scope.info);
    column_ = 0;
    if (with_bitmap) {
        phase_ = Phase::kNullBitmap;
        return Step::kDone;
    }
    if (nulls_set_) columns_->clear_nulls();
    nulls_set_ = false;
    begin_value();
    return Step::kDone;
}

/// ALTROW (2.2.7.2): the totals of a COMPUTE clause.
Step TokenParser::alt_row(Reader& reader, const MessageScope& scope) {
    const std::uint16_t id = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    if (!columns_->select_group(id)) return Step::kBad;
    ++summary_.rows;
    scope.handler.on_row(scope.info);
    column_ = 0;
    begin_value();
    return Step::kDone;
}

Step TokenParser::null_bitmap(Reader& reader) noexcept {
    const Bytes bitmap = reader.bytes((columns_->count() + 7) / 8);
    if (!reader.ok()) return Step::kMore;
    columns_->set_nulls(bitmap);
    nulls_set_ = true;
    begin_value();
    return Step::kDone;
}

/// Stands before the value of column_, or of the next that is not null.
void TokenParser::begin_value() noexcept {
    while (column_ < columns_->count() && columns_->null(column_))
        ++column_;
    if (column_ == columns_->count()) {
        phase_ = Phase::kToken;
        return;
    }
    phase_ = Phase::kValue;
    value_.begin(columns_->form(column_), values_, true);
}

void TokenParser::value_read() noexcept {
    if (phase_ == Phase::kReturnValue) {
        phase_ = Phase::kToken;
        return;
    }
    ++column_;
    begin_value();
}

/// RETURNVALUE (2.2.7.19): an output parameter.
Step TokenParser::return_value(Reader& reader, const MessageScope& scope) {
    reader.skip(2);  // ordinal
    read_b_varchar(reader);
    reader.skip(1);  // status
    TypeInfo type;
    const Step step = read_typed(reader, scope.facts, KeyOrdinal::kAbsent, type);
    if (step != Step::kDone) return step;
    phase_ = Phase::kReturnValue;
    value_.begin(type.form, values_, false);
    if (value_.done()) phase_ = Phase::kToken;
    return Step::kDone;
}

}  // namespace querytap::tds
