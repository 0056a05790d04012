// A table-valued parameter (TVP_TYPE_INFO, MS-TDS 2.2.5.5.5): a whole table within an RPC
// parameter. Its text and binary are values of that parameter.
#pragma once

#include "columns.h"
#include "value.h"

namespace querytap::tds {

class TvpReader {
  public:
    /// The type's token was read. `columns` is free for use until done().
    void begin(ColumnTable& columns) noexcept;

    bool done() const noexcept { return phase_ == Phase::kEnd; }
    bool running() const noexcept;
    std::size_t run(Bytes bytes, const MessageScope& scope, const ColumnTable& columns);
    Step unit(Reader& reader, const MessageScope& scope, ColumnTable& columns);
    void cut(const MessageScope& scope) { value_.cut(scope); }

  private:
    enum class Phase : std::uint8_t {
        kEnd,
        kTypeName,
        kColumn,
        kOptional,  ///< TVP_ORDER_UNIQUE, TVP_COLUMN_ORDERING
        kSkip,
        kRow,
        kValue,
    };

    Step type_name(Reader& reader);
    Step column(Reader& reader, const MessageScope& scope, ColumnTable& columns);
    Step optional(Reader& reader, ColumnTable& columns);
    Step row(Reader& reader, ColumnTable& columns);
    void value_read(const ColumnTable& columns) noexcept;

    Phase phase_ = Phase::kEnd;
    std::uint16_t columns_left_ = 0;
    std::uint16_t column_ = 0;
    std::uint32_t skip_left_ = 0;
    ValueReader value_;
};

}  // namespace querytap::tds
