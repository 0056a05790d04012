// Text with a fixed home and a bound, for events that cross threads without allocation.
// Trivially copyable; remembers that something did not fit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace querytap {

template <std::size_t kSizeMax>
class BoundedText {
  public:
    static constexpr std::size_t kCapacity = kSizeMax;
    static_assert(kSizeMax <= UINT16_MAX);

    void clear() noexcept {
        size_ = 0;
        truncated_ = false;
    }

    void assign(std::string_view text) noexcept {
        clear();
        append(text);
    }

    void append(std::string_view text) noexcept {
        const std::size_t room = kSizeMax - size_;
        const std::size_t n = std::min(text.size(), room);
        if (n != 0) std::memcpy(data_ + size_, text.data(), n);
        size_ = static_cast<std::uint16_t>(size_ + n);
        truncated_ = truncated_ || n < text.size();
    }

    /// Other words for the same text, of which as much is missing as before.
    void replace(std::string_view text) noexcept {
        const bool cut = truncated_;
        assign(text);
        truncated_ = truncated_ || cut;
    }

    std::string_view view() const noexcept { return {data_, size_}; }
    bool empty() const noexcept { return size_ == 0; }
    bool full() const noexcept { return size_ == kSizeMax; }
    bool truncated() const noexcept { return truncated_; }

  private:
    std::uint16_t size_ = 0;
    bool truncated_ = false;
    char data_[kSizeMax];  // not initialised: only the first size_ bytes mean anything
};

}  // namespace querytap
