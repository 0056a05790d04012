// Reads the records of a call in a TokenLog one after the other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "token_log.h"

namespace querytap::sql {

class Arguments {
  public:
    using Kind = TokenLog::Kind;

    Arguments(const TokenLog& log, std::size_t at) : log_(log), at_(at) {}

    bool end() const noexcept { return at_ >= log_.size(); }

    /// Nothing, and nothing is taken, where another record stands.
    std::optional<std::string_view> take(Kind kind) noexcept {
        if (end()) return std::nullopt;
        const TokenLog::Record record = log_.read(at_);
        if (record.kind != kind) return std::nullopt;
        at_ = record.next;
        return record.text;
    }
    bool take(char punctuation) noexcept {
        const std::size_t before = at_;
        const auto text = take(Kind::kPunctuation);
        if (text && (*text)[0] == punctuation) return true;
        at_ = before;
        return false;
    }
    /// A whole number of up to seven digits.
    std::optional<std::uint32_t> take_number() noexcept {
        const auto digits = take(Kind::kWord);
        return digits ? number_of(*digits) : std::nullopt;
    }

    static std::optional<std::uint32_t> number_of(std::string_view digits) noexcept {
        if (digits.empty() || digits.size() > 7) return std::nullopt;
        std::uint32_t number = 0;
        for (const char digit : digits) {
            if (digit < '0' || digit > '9') return std::nullopt;
            number = number * 10 + static_cast<std::uint32_t>(digit - '0');
        }
        return number;
    }

  private:
    const TokenLog& log_;
    std::size_t at_;
};

/// Text that is put together; nothing more goes in once something did not fit.
class Writer {
  public:
    explicit Writer(std::span<char> out) : out_(out) {}

    void put(std::string_view text) noexcept {
        fits_ = fits_ && text.size() <= out_.size() - size_;
        if (!fits_) return;
        std::copy(text.begin(), text.end(), out_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += text.size();
    }
    std::optional<std::size_t> size() const noexcept {
        return fits_ ? std::optional(size_) : std::nullopt;
    }

  private:
    std::span<char> out_;
    std::size_t size_ = 0;
    bool fits_ = true;
};

}  // namespace querytap::sql
