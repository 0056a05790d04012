// The types of a result's columns, kept between COLMETADATA and the rows: one byte each. Narrow
// results need no borrowed buffer; the widest that SQL Server knows (4,096 columns) fits in one.
#pragma once

#include <array>
#include <cstdint>

#include "pool.h"
#include "type_info.h"

namespace querytap::tds {

class ColumnTable {
  public:
    static constexpr std::size_t kColumnsMax = SessionPool::kBufferSize;

    /// Forgets all columns.
    void clear() noexcept;

    /// Message over: gives the buffer back. A narrow table is kept, for a server that was asked
    /// not to repeat it (NoMetaData, MS-TDS 2.2.7.4).
    void rest() noexcept;

    /// The bitmap of an NBCROW: a bit for each selected column.
    void set_nulls(Bytes bitmap) noexcept;
    void clear_nulls() noexcept;

    /// False when there is no room.
    bool add(Form form, bool absent, SessionPool::Impl& pool) noexcept;

    /// ALTMETADATA: columns added from here on belong to `id`. False when there is no room.
    bool begin_group(std::uint16_t id, std::uint16_t count, SessionPool::Impl& pool) noexcept;

    /// The columns that rows are read by: the main ones, or a group's. False when unknown.
    bool select_main() noexcept;
    bool select_group(std::uint16_t id) noexcept;

    /// The selected columns, as they are until the table changes.
    class Selected {
      public:
        std::size_t count() const noexcept { return codes_.size(); }
        Form form(std::size_t column) const noexcept {
            return static_cast<Form>(codes_[column] & kForm);
        }
        bool null(std::size_t column) const noexcept { return (codes_[column] & kNull) != 0; }

      private:
        friend ColumnTable;
        explicit Selected(Bytes codes) noexcept : codes_(codes) {}
        Bytes codes_;
    };
    Selected selected() const noexcept { return Selected({bytes() + first_, count()}); }
    std::size_t count() const noexcept { return last_ - first_; }

    /// TVP: forgets the columns that no row has, so that a row costs no more work than bytes.
    void drop_absent() noexcept;

    /// TVP_COLUMN_ORDERING: values come in the order of `ordinals` (u16le, from 1). False when
    /// they are not a permutation.
    bool reorder(Bytes ordinals) noexcept;

  private:
    static constexpr std::size_t kInline = 64;
    static constexpr std::uint8_t kGroupsMax = 32;  ///< of one result; looked up for each ALTROW
    static constexpr std::uint8_t kNull = 0x80;     ///< in this row (NBCROW)
    static constexpr std::uint8_t kAbsent = 0x40;   ///< in every row (TVP columns with a default)
    static constexpr std::uint8_t kForm = 0x3f;

    bool push(std::uint8_t byte, SessionPool::Impl& pool) noexcept;
    std::uint8_t* bytes() noexcept { return buffer_.lent() ? buffer_.data() : inline_.data(); }
    const std::uint8_t* bytes() const noexcept {
        return buffer_.lent() ? buffer_.data() : inline_.data();
    }

    std::array<std::uint8_t, kInline> inline_;
    Buffer buffer_;
    std::uint16_t size_ = 0;
    std::uint16_t main_ = 0;   ///< the main columns are the first so many
    std::uint16_t first_ = 0;  ///< the selected ones
    std::uint16_t last_ = 0;
    std::uint8_t groups_ = 0;
};

}  // namespace querytap::tds
