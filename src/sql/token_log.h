// Tokens that are held back while a constant expression may still become one literal, as records in
// a fixed buffer: kind, length, bytes. A literal at the top can grow.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace querytap::sql {

class TokenLog {
  public:
    static constexpr std::size_t kSize = 4096;

    enum class Kind : char { kWord, kPunctuation, kLiteral, kBinary };

    struct Record {
        Kind kind;
        std::string_view text;
        std::size_t next;  // offset of the record that follows
    };

    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    void truncate(std::size_t size) noexcept { size_ = static_cast<std::uint16_t>(size); }

    bool has_room(std::size_t length) const noexcept { return kHeader + length <= kSize - size_; }

    /// False: no room, nothing changed.
    bool push(Kind kind, std::string_view text) noexcept {
        if (!has_room(text.size())) return false;
        top_ = size_;
        bytes_[size_] = static_cast<char>(kind);
        set_length(0);
        size_ = static_cast<std::uint16_t>(size_ + kHeader);
        return grow(text);
    }
    bool push(char punctuation) noexcept {
        return push(Kind::kPunctuation, std::string_view(&punctuation, 1));
    }

    /// Appends to the record at the top.
    bool grow(std::string_view text) noexcept {
        if (text.size() > kSize - size_) return false;
        if (!text.empty()) std::memcpy(bytes_.data() + size_, text.data(), text.size());
        size_ = static_cast<std::uint16_t>(size_ + text.size());
        set_length(size_ - top_ - kHeader);
        return true;
    }

    /// Drops what stands above the record at `at` and makes that the top again.
    void reopen(std::size_t at) noexcept {
        top_ = static_cast<std::uint16_t>(at);
        size_ = static_cast<std::uint16_t>(read(at).next);
    }

    Record read(std::size_t at) const noexcept {
        const std::size_t length =
            static_cast<unsigned char>(bytes_[at + 1]) |
            static_cast<std::size_t>(static_cast<unsigned char>(bytes_[at + 2])) << 8;
        return {static_cast<Kind>(bytes_[at]),
                {bytes_.data() + at + kHeader, length},
                at + kHeader + length};
    }

  private:
    static constexpr std::size_t kHeader = 3;

    void set_length(std::size_t length) noexcept {
        bytes_[top_ + 1u] = static_cast<char>(length & 0xff);
        bytes_[top_ + 2u] = static_cast<char>(length >> 8);
    }

    std::uint16_t size_ = 0;
    std::uint16_t top_ = 0;
    std::array<char, kSize> bytes_;
};

}  // namespace querytap::sql
