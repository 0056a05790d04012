// Where a view is gathered before it is handed on: few large pieces instead of many small ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include <querytap/sql/normaliser.h>

namespace querytap::sql {

/// Where normalised text goes: the view of the whole text, or a dynamic view.
inline constexpr int kMainView = -1;

class Output {
  public:
    void begin(Views& views, int view) noexcept {
        views_ = &views;
        view_ = view;
    }
    Views& views() const noexcept { return *views_; }

    void code(char c) {
        if (code_size_ == kSize) flush_code();
        code_[code_size_++] = c;
    }
    void code(std::string_view text) {
        append(code_, code_size_, text, [this] { flush_code(); });
    }
    void literal(std::string_view text) {
        append(literal_, literal_size_, text, [this] { flush_literals(); });
    }

    void decoded(std::string_view text) {
        append(decoded_, decoded_size_, text, [this] { flush_decoded(); });
    }

    /// Room for `size` (at most kSize) bytes of code, to be written in place and then committed.
    char* code_room(std::size_t size) {
        if (kSize - code_size_ < size) flush_code();
        return code_.data() + code_size_;
    }
    void commit_code(std::size_t size) noexcept { code_size_ += size; }

    /// What a mirrored token wrote there stands in the views of literals already.
    void discard_literals() noexcept {
        literal_size_ = 0;
        decoded_size_ = 0;
    }

    void flush() {
        flush_code();
        flush_literals();
    }
    void flush_literals() {
        flush_decoded();
        if (literal_size_ == 0) return;
        const std::string_view text(literal_.data(), literal_size_);
        literal_size_ = 0;
        views_->on_literal(text);
    }

    static constexpr std::size_t kSize = 16 * 1024;
    /// Bytes behind a room that code_room() gave which may be overwritten, too.
    static constexpr std::size_t kSlack = 64;

  private:
    using Buffer = std::array<char, kSize + kSlack>;

    template <typename Flush>
    static void append(Buffer& buffer, std::size_t& size, std::string_view text, Flush flush) {
        while (text.size() > kSize - size) {
            const std::size_t part = kSize - size;
            std::memcpy(buffer.data() + size, text.data(), part);
            size += part;
            text.remove_prefix(part);
            flush();
        }
        if (text.empty()) return;
        std::memcpy(buffer.data() + size, text.data(), text.size());
        size += text.size();
    }
    void flush_code() {
        if (code_size_ == 0) return;
        const std::string_view text(code_.data(), code_size_);
        code_size_ = 0;
        if (view_ == kMainView) {
            views_->on_normalised(text);
        } else {
            views_->on_dynamic(view_, text);
        }
    }
    void flush_decoded() {
        if (decoded_size_ == 0) return;
        const std::string_view text(decoded_.data(), decoded_size_);
        decoded_size_ = 0;
        views_->on_decoded(text);
    }

    Views* views_ = nullptr;
    int view_ = kMainView;
    std::size_t code_size_ = 0;
    std::size_t literal_size_ = 0;
    std::size_t decoded_size_ = 0;
    Buffer code_;
    Buffer literal_;
    Buffer decoded_;
};

}  // namespace querytap::sql
