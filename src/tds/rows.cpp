// Rows and return values: TYPE_VARBYTE after TYPE_VARBYTE, by the columns that were described.
#include "exchange.h"
#include "text.h"
#include "tokens.h"
#include "user_type.h"

namespace querytap::tds {

/// ROW and NBCROW (2.2.7.20, 2.2.7.15).
Step TokenParser::row(const MessageScope& scope, bool with_bitmap) {
    if (!columns_->select_main()) return metadata_omitted_ ? Step::kSkip : Step::kBad;
    ++summary_.rows;
    scope.handler.on_row(scope.info);
    if (with_bitmap) {
        phase_ = Phase::kNullBitmap;
        return Step::kDone;
    }
    if (nulls_set_) columns_->clear_nulls();
    nulls_set_ = false;
    begin_row();
    return Step::kDone;
}

/// ALTROW (2.2.7.2): the totals of a COMPUTE clause.
Step TokenParser::alt_row(Reader& reader, const MessageScope& scope) {
    const std::uint16_t id = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    if (!columns_->select_group(id)) return Step::kBad;
    ++summary_.rows;
    scope.handler.on_row(scope.info);
    begin_row();
    return Step::kDone;
}

Step TokenParser::null_bitmap(Reader& reader) noexcept {
    const Bytes bitmap = reader.bytes((columns_->count() + 7) / 8);
    if (!reader.ok()) return Step::kMore;
    columns_->set_nulls(bitmap);
    nulls_set_ = true;
    begin_row();
    return Step::kDone;
}

void TokenParser::begin_row() noexcept {
    column_ = 0;
    phase_ = Phase::kValue;
}

/// Goes on to the next column that is not null; behind the last one a token stands.
bool TokenParser::stands_before_value() noexcept {
    const ColumnTable::Selected columns = columns_->selected();
    while (column_ < columns.count() && columns.null(column_))
        ++column_;
    if (column_ < columns.count()) return true;
    phase_ = Phase::kToken;
    return false;
}

void TokenParser::value_read() noexcept {
    if (phase_ == Phase::kReturnValue) {
        phase_ = Phase::kToken;
        return;
    }
    ++column_;
    stands_before_value();
}

/// The rest of a row's values, as far as they lie whole in what has come: most do, and need no
/// state between their length and their bytes. False when one does not; it is begun, to be read
/// piece by piece.
bool TokenParser::row_at_hand(Reader& reader, const MessageScope& scope) {
    ValueAtHand value;
    const ColumnTable::Selected columns = columns_->selected();
    for (std::size_t column = column_; column < columns.count(); ++column) {
        if (columns.null(column)) continue;
        const Form form = columns.form(column);
        if (!value.read(reader, form)) {
            column_ = static_cast<std::uint16_t>(column);
            value_.begin(form, values_, true);
            return false;
        }
        if (value.shown) deliver(scope, values_, value.chunk);
    }
    phase_ = Phase::kToken;
    return true;
}

/// And the rows behind it.
Step TokenParser::values_at_hand(Reader& reader, const MessageScope& scope) {
    Reader here = reader;  // what no callback can reach stays in registers
    Step step = Step::kDone;
    while (row_at_hand(here, scope)) {
        if (here.remaining() == 0 || here.at(here.position(), 1)[0] != kRowToken) break;
        here.skip(1);
        step = row(scope, false);
        if (step != Step::kDone) break;
    }
    reader = here;
    return step;
}

/// RETURNVALUE (2.2.7.19): an output parameter.
Step TokenParser::return_value(Reader& reader, const MessageScope& scope) {
    reader.skip(2);  // ordinal
    read_b_varchar(reader);
    reader.skip(1);  // status
    TypeInfo type;
    const Step step = read_typed(reader, scope.facts, KeyOrdinal::kAbsent, type);
    if (step != Step::kDone) return step;
    if (IntegerAtHand::may_be(type)) {
        IntegerAtHand number;
        number.read(reader, type);
        if (!reader.ok()) return Step::kMore;
        scope.exchange.return_number(number.null, static_cast<std::uint32_t>(number.value), scope);
        return Step::kDone;
    }
    phase_ = Phase::kReturnValue;
    value_.begin(type.form, values_, false);
    if (value_.done()) phase_ = Phase::kToken;
    return Step::kDone;
}

}  // namespace querytap::tds
