// Rows and return values: TYPE_VARBYTE after TYPE_VARBYTE, by the columns that were described.
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

#include "exchange.h"
#include "text.h"
#include "tokens.h"
#include "user_type.h"

namespace querytap::tds {

/// Values of rows on their way to the handler: told together, for most are a word or two, and a
/// call for each would cost more than they do.
class TokenParser::Gathered {
  public:
    Gathered(const MessageScope& scope, Target target) noexcept : scope_(scope), target_(target) {}
    ~Gathered() { tell(); }
    Gathered(const Gathered&) = delete;
    Gathered& operator=(const Gathered&) = delete;

    void add(const Chunk& value) {
        if (size_ == kMax) tell();
        std::memcpy(storage_ + size_++ * sizeof(Chunk), &value, sizeof value);
    }

  private:
    static constexpr std::size_t kMax = 32;

    void tell() {
        const std::span values{reinterpret_cast<const Chunk*>(storage_), std::exchange(size_, 0)};
        if (target_ == Target::kResult) {
            if (!values.empty()) scope_.handler.on_result_values(scope_.info, values);
        } else {
            for (const Chunk& value : values)
                deliver_request(scope_, target_, value);
        }
    }

    const MessageScope& scope_;
    Target target_;
    std::size_t size_ = 0;
    // Not an array of Chunks, which would be cleared for each segment.
    static_assert(std::is_trivially_copyable_v<Chunk>);
    alignas(Chunk) std::byte storage_[kMax * sizeof(Chunk)];
};

/// ROW and NBCROW (2.2.7.20, 2.2.7.15).
Step TokenParser::row(bool with_bitmap) {
    if (!columns_->select_main()) return metadata_omitted_ ? Step::kSkip : Step::kBad;
    ++summary_.rows;
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
Step TokenParser::alt_row(Reader& reader) {
    const std::uint16_t id = reader.u16le();
    if (!reader.ok()) return Step::kMore;
    if (!columns_->select_group(id)) return Step::kBad;
    ++summary_.rows;
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
bool TokenParser::row_at_hand(Reader& reader, Gathered& gathered) {
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
        if (value.shown) gathered.add(value.chunk);
    }
    phase_ = Phase::kToken;
    return true;
}

/// And the rows behind it.
Step TokenParser::values_at_hand(Reader& reader, const MessageScope& scope) {
    Reader here = reader;  // what no callback can reach stays in registers
    Gathered gathered(scope, values_);
    Step step = Step::kDone;
    while (row_at_hand(here, gathered)) {
        if (here.remaining() == 0 || here.at(here.position(), 1)[0] != kRowToken) break;
        here.skip(1);
        step = row(false);
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
