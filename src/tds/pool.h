// The borrowed buffers of a worker: fixed blocks, a stack of free ones, the last returned first
// (its lines are still in the cache).
#pragma once

#include <cstdint>
#include <memory>

#include <querytap/base/mapped_array.h>
#include <querytap/tds/session.h>

#include "statements.h"

namespace querytap::tds {

struct SessionPool::Impl {
  public:
    explicit Impl(SessionLimits limits);

    std::uint8_t* take() noexcept;  ///< nullptr when all are lent; counted
    void give(std::uint8_t* block) noexcept;

    SessionCounters counters;
    Statements statements;
    tls::Pool tls;

  private:
    struct Block {
        alignas(16) std::uint8_t bytes[kBufferSize];
    };
    MappedArray<Block> blocks_;
    std::unique_ptr<std::uint32_t[]> free_;
    std::size_t free_count_;
};

/// One borrowed block; gives itself back.
class Buffer {
  public:
    Buffer() = default;
    ~Buffer() { release(); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    /// False when the pool is empty. Keeps the block it has, if any.
    bool borrow(SessionPool::Impl& pool) noexcept {
        if (data_ != nullptr) return true;
        pool_ = &pool;
        data_ = pool.take();
        return data_ != nullptr;
    }
    void release() noexcept {
        if (data_ != nullptr) pool_->give(data_);
        data_ = nullptr;
    }

    bool lent() const noexcept { return data_ != nullptr; }
    std::uint8_t* data() noexcept { return data_; }
    const std::uint8_t* data() const noexcept { return data_; }

  private:
    SessionPool::Impl* pool_ = nullptr;
    std::uint8_t* data_ = nullptr;
};

}  // namespace querytap::tds
