// Indices 0..n-1, handed out and taken back. The lowest are used first, so memory that was never
// needed is never touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace querytap::signature {

class FreeList {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    explicit FreeList(std::size_t size) : size_(size) { free_.reserve(size); }

    std::uint32_t take() noexcept {
        if (!free_.empty()) {
            const std::uint32_t index = free_.back();
            free_.pop_back();
            return index;
        }
        return untouched_ < size_ ? static_cast<std::uint32_t>(untouched_++) : kNone;
    }
    void give(std::uint32_t index) noexcept { free_.push_back(index); }  // within the reserve
    std::size_t in_use() const noexcept { return untouched_ - free_.size(); }

  private:
    std::size_t size_;
    std::size_t untouched_ = 0;
    std::vector<std::uint32_t> free_;
};

}  // namespace querytap::signature
