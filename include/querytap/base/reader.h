// The one bounds-checked reader for bytes from the wire. Reading past the end returns zeros and
// leaves the reader failed for good, so a parser reads a whole structure and asks ok() once.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <querytap/base/bytes.h>

namespace querytap {

class Reader {
  public:
    explicit Reader(Bytes bytes) noexcept : bytes_(bytes) {}

    bool ok() const noexcept { return ok_; }
    std::size_t position() const noexcept { return position_; }
    std::size_t remaining() const noexcept { return bytes_.size() - position_; }

    std::uint8_t u8() noexcept { return load<std::uint8_t, std::endian::native>(); }
    std::uint16_t u16be() noexcept { return load<std::uint16_t, std::endian::big>(); }
    std::uint16_t u16le() noexcept { return load<std::uint16_t, std::endian::little>(); }
    std::uint32_t u32be() noexcept { return load<std::uint32_t, std::endian::big>(); }
    std::uint32_t u32le() noexcept { return load<std::uint32_t, std::endian::little>(); }
    std::uint64_t u64be() noexcept { return load<std::uint64_t, std::endian::big>(); }
    std::uint64_t u64le() noexcept { return load<std::uint64_t, std::endian::little>(); }

    /// The next `size` bytes, or an empty span and a failed reader.
    Bytes bytes(std::size_t size) noexcept {
        if (!take(size)) return {};
        return bytes_.subspan(position_ - size, size);
    }

    /// Bytes behind a length of their own, if all of them are there: else the reader stays where it
    /// is, and does not fail. A length of `null` is that of no bytes; `out` then points nowhere.
    template <std::unsigned_integral Length>
    bool counted_le(Length null, Bytes& out) noexcept {
        if (remaining() < sizeof(Length)) return false;
        Length size;
        std::memcpy(&size, bytes_.data() + position_, sizeof size);
        if constexpr (sizeof size > 1 && std::endian::native == std::endian::big) {
            size = __builtin_bswap16(size);
            static_assert(sizeof size == 2);
        }
        if (size == null) {
            out = {};
            position_ += sizeof size;
            return true;
        }
        if (size > remaining() - sizeof size) return false;
        out = bytes_.subspan(position_ + sizeof size, size);
        position_ += sizeof size + size;
        return true;
    }

    void skip(std::size_t size) noexcept { take(size); }

    /// All that is left. Never fails.
    Bytes rest() noexcept { return bytes(remaining()); }

    /// `size` bytes at an absolute offset, without moving: for formats with offset tables (LOGIN7,
    /// PRELOGIN). Empty and failed when out of range.
    Bytes at(std::size_t offset, std::size_t size) noexcept {
        if (offset > bytes_.size() || size > bytes_.size() - offset) {
            ok_ = false;
            return {};
        }
        return bytes_.subspan(offset, size);
    }

  private:
    bool take(std::size_t size) noexcept {
        if (!ok_ || size > remaining()) {
            ok_ = false;
            return false;
        }
        position_ += size;
        return true;
    }

    template <std::unsigned_integral T, std::endian kOrder>
    T load() noexcept {
        if (!take(sizeof(T))) return 0;
        T value;
        std::memcpy(&value, bytes_.data() + position_ - sizeof(T), sizeof(T));
        if constexpr (kOrder != std::endian::native) {
            if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
            if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
            if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
        }
        return value;
    }

    Bytes bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

}  // namespace querytap
