#include "columns.h"

#include <bitset>
#include <cstring>

#include <querytap/base/reader.h>

namespace querytap::tds {
namespace {

constexpr std::size_t kGroupHeader = 4;  // id and count, before the columns of a group

}  // namespace

void ColumnTable::clear() noexcept {
    buffer_.release();
    size_ = main_ = first_ = last_ = 0;
    groups_ = 0;
}

void ColumnTable::rest() noexcept {
    if (buffer_.lent()) clear();
}

bool ColumnTable::push(std::uint8_t byte, SessionPool::Impl& pool) noexcept {
    if (!buffer_.lent() && size_ == kInline) {
        if (!buffer_.borrow(pool)) return false;
        std::memcpy(buffer_.data(), inline_.data(), kInline);
    }
    if (size_ == kColumnsMax) return false;
    bytes()[size_++] = byte;
    return true;
}

bool ColumnTable::add(Form form, bool absent, SessionPool::Impl& pool) noexcept {
    const auto code = static_cast<std::uint8_t>(form);
    if (!push(absent ? code | kAbsent : code, pool)) return false;
    if (groups_ == 0) main_ = size_;
    return true;
}

bool ColumnTable::begin_group(std::uint16_t id, std::uint16_t count,
                              SessionPool::Impl& pool) noexcept {
    if (++groups_ > kGroupsMax) return false;
    return push(static_cast<std::uint8_t>(id & 0xff), pool) &&
           push(static_cast<std::uint8_t>(id >> 8), pool) &&
           push(static_cast<std::uint8_t>(count & 0xff), pool) &&
           push(static_cast<std::uint8_t>(count >> 8), pool);
}

bool ColumnTable::select_main() noexcept {
    first_ = 0;
    last_ = main_;
    return main_ > 0;
}

bool ColumnTable::select_group(std::uint16_t id) noexcept {
    Reader reader({bytes(), size_});
    reader.skip(main_);
    while (reader.remaining() >= kGroupHeader) {
        const std::uint16_t group = reader.u16le();
        const std::uint16_t count = reader.u16le();
        if (group == id && count <= reader.remaining()) {
            first_ = static_cast<std::uint16_t>(reader.position());
            last_ = static_cast<std::uint16_t>(first_ + count);
            return count > 0;
        }
        reader.skip(count);
        if (!reader.ok()) break;
    }
    return false;
}

void ColumnTable::set_nulls(Bytes bitmap) noexcept {
    std::uint8_t* const selected = bytes() + first_;
    for (std::size_t i = 0; i < count(); ++i) {
        const bool null = ((bitmap[i / 8] >> (i % 8)) & 1) != 0;
        selected[i] = static_cast<std::uint8_t>(null ? selected[i] | kNull : selected[i] & ~kNull);
    }
}

void ColumnTable::clear_nulls() noexcept {
    std::uint8_t* const selected = bytes() + first_;
    for (std::size_t i = 0; i < count(); ++i) {
        selected[i] = static_cast<std::uint8_t>(selected[i] & ~kNull);
    }
}

void ColumnTable::drop_absent() noexcept {
    std::uint8_t* const all = bytes();
    std::uint16_t kept = 0;
    for (std::uint16_t i = 0; i < main_; ++i) {
        if ((all[i] & kAbsent) == 0) all[kept++] = all[i];
    }
    size_ = main_ = kept;
}

bool ColumnTable::reorder(Bytes ordinals) noexcept {
    const std::size_t columns = main_;
    if (ordinals.size() != 2 * columns) return false;
    std::array<std::uint8_t, kColumnsMax / 2> before;  // an ordinal takes two bytes of a unit
    std::bitset<kColumnsMax / 2> used;
    if (columns > before.size()) return false;
    std::memcpy(before.data(), bytes(), columns);
    Reader reader(ordinals);
    for (std::size_t i = 0; i < columns; ++i) {
        const std::size_t ordinal = reader.u16le();
        if (ordinal == 0 || ordinal > columns || used[ordinal - 1]) {
            std::memcpy(bytes(), before.data(), columns);
            return false;
        }
        used[ordinal - 1] = true;
        bytes()[i] = before[ordinal - 1];
    }
    return true;
}

}  // namespace querytap::tds
