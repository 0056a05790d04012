// A large array of zero bytes straight from the kernel: taken at start, on a page border, with huge
// pages where the system has them. Elements that are never touched cost address space only.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace querytap {

/// Zeroed pages; throws std::bad_alloc when the system refuses. Only at start.
void* map_zeroed(std::size_t size);
void unmap(void* address, std::size_t size) noexcept;

/// T must mean something when all its bytes are zero, or be constructed in place before use.
template <typename T>
class MappedArray {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    explicit MappedArray(std::size_t size)
        : data_(static_cast<T*>(map_zeroed(size * sizeof(T)))), size_(size) {}
    ~MappedArray() { unmap(data_, size_ * sizeof(T)); }
    MappedArray(const MappedArray&) = delete;
    MappedArray& operator=(const MappedArray&) = delete;

    T& operator[](std::size_t index) noexcept { return data_[index]; }
    const T& operator[](std::size_t index) const noexcept { return data_[index]; }
    T* data() noexcept { return data_; }
    const T* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    T* data_;
    std::size_t size_;
};

}  // namespace querytap
