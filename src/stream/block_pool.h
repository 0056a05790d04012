// Where segments wait for the bytes before them. Headers stand apart from the bytes, so that
// walking a list of held blocks touches little memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include <querytap/base/mapped_array.h>
#include <querytap/stream/reassembler.h>

namespace querytap::stream {

inline constexpr std::uint32_t kNoBlock = UINT32_MAX;

/// Bytes [sequence, sequence + size) of a stream.
struct Block {
    std::uint32_t sequence;
    std::uint32_t size;
    std::uint32_t next;
    Timestamp arrived;

    std::uint32_t end() const noexcept { return sequence + size; }
};

class BlockPool {
  public:
    explicit BlockPool(std::size_t blocks) : blocks_(blocks), data_(blocks) {}

    /// kNoBlock when all are in use.
    std::uint32_t acquire(std::uint32_t sequence, Timestamp arrived) noexcept {
        std::uint32_t index = free_;
        if (index != kNoBlock) {
            free_ = blocks_[index].next;
        } else if (untouched_ < blocks_.size()) {
            index = untouched_++;
        } else {
            return kNoBlock;
        }
        blocks_[index] = {.sequence = sequence, .size = 0, .next = kNoBlock, .arrived = arrived};
        ++in_use_;
        return index;
    }

    void release(std::uint32_t index) noexcept {
        blocks_[index].next = free_;
        free_ = index;
        --in_use_;
    }

    /// As many of `bytes` as the block has room for.
    std::size_t append(std::uint32_t index, Bytes bytes) noexcept {
        Block& block = blocks_[index];
        const std::size_t size = std::min(bytes.size(), kBlockSize - block.size);
        std::memcpy(data_[index].data() + block.size, bytes.data(), size);
        block.size += static_cast<std::uint32_t>(size);
        return size;
    }

    void overwrite(std::uint32_t index, std::size_t offset, Bytes bytes) noexcept {
        std::memcpy(data_[index].data() + offset, bytes.data(), bytes.size());
    }

    Block& operator[](std::uint32_t index) noexcept { return blocks_[index]; }
    Bytes bytes_of(std::uint32_t index) const noexcept {
        return Bytes{data_[index]}.first(blocks_[index].size);
    }
    std::uint32_t in_use() const noexcept { return in_use_; }
    std::size_t left() const noexcept { return blocks_.size() - in_use_; }

  private:
    MappedArray<Block> blocks_;
    MappedArray<std::array<std::uint8_t, kBlockSize>> data_;
    std::uint32_t untouched_ = 0;
    std::uint32_t free_ = kNoBlock;
    std::uint32_t in_use_ = 0;
};

}  // namespace querytap::stream
