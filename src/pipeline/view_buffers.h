// Gathers the views of the message that is being read (raw SQL, normalised SQL, literals, ...)
// during one segment, so that a value which begins and ends in it is scanned as one block. What
// outgrows its buffer, or is not finished when the segment ends, goes on as a stream.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include <querytap/signature/rule.h>
#include <querytap/sql/normaliser.h>

namespace querytap::pipeline {

enum class View : std::uint8_t { kRaw, kSql, kLiteral, kDecoded, kParam, kResult, kDynamic };
inline constexpr std::size_t kViewCount = 6 + sql::kDynamicViewsMax;

/// The place of a view; dynamic SQL has one for each of its texts.
constexpr std::size_t slot(View view, int dynamic_index = 0) noexcept {
    return static_cast<std::size_t>(view) + static_cast<std::size_t>(dynamic_index);
}

constexpr signature::Buffer buffer_of(std::size_t slot) noexcept {
    constexpr std::array<signature::Buffer, 6> kBuffers{
        signature::Buffer::kTdsSqlRaw,  signature::Buffer::kTdsSql,
        signature::Buffer::kTdsLiteral, signature::Buffer::kTdsDecoded,
        signature::Buffer::kTdsParam,   signature::Buffer::kTdsResult};
    return slot < kBuffers.size() ? kBuffers[slot] : signature::Buffer::kTdsSql;
}

class ViewBuffers {
  public:
    static constexpr std::size_t kSize = 64 * 1024;  // the largest TCP payload, narrowed

    ViewBuffers() {
        for (auto& buffer : buffers_)
            buffer.data = std::make_unique_for_overwrite<char[]>(kSize);
    }

    bool append(std::size_t slot, std::string_view text) noexcept {
        Buffer& buffer = buffers_[slot];
        if (text.size() > kSize - buffer.size) return false;
        if (!text.empty()) std::memcpy(buffer.data.get() + buffer.size, text.data(), text.size());
        buffer.size += text.size();
        return true;
    }
    /// Where `size` bytes may be written, to be kept by commit(); nullptr when there is no room.
    char* room(std::size_t slot, std::size_t size) noexcept {
        Buffer& buffer = buffers_[slot];
        return size > kSize - buffer.size ? nullptr : buffer.data.get() + buffer.size;
    }
    void commit(std::size_t slot, std::size_t size) noexcept { buffers_[slot].size += size; }
    std::string_view view(std::size_t slot) const noexcept {
        return {buffers_[slot].data.get(), buffers_[slot].size};
    }
    void clear(std::size_t slot) noexcept { buffers_[slot].size = 0; }

  private:
    struct Buffer {
        std::unique_ptr<char[]> data;
        std::size_t size = 0;
    };
    std::array<Buffer, kViewCount> buffers_;
};

}  // namespace querytap::pipeline
