// A fixed number of places for objects of one type: taken at start, constructed on acquire(),
// destroyed on release(). Places that were never used cost address space only. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace querytap {

template <typename T>
class ObjectPool {
  public:
    explicit ObjectPool(std::size_t capacity)
        : places_(std::make_unique_for_overwrite<Place[]>(capacity)),
          capacity_(static_cast<std::uint32_t>(capacity)) {}

    /// Objects still in use are not destroyed: they own nothing outside their pool's owner.
    ~ObjectPool() = default;
    ObjectPool(const ObjectPool&) = delete;
    ObjectPool& operator=(const ObjectPool&) = delete;

    /// nullptr when every place is taken.
    template <typename... Arguments>
    T* acquire(Arguments&&... arguments) noexcept {
        Place* place = nullptr;
        if (free_ != kNone) {
            place = &places_[free_];
            free_ = place->next_free;
        } else if (untouched_ < capacity_) {
            place = &places_[untouched_++];
        } else {
            return nullptr;
        }
        ++in_use_;
        return new (place->bytes) T(std::forward<Arguments>(arguments)...);
    }

    void release(T* object) noexcept {
        const std::uint32_t index = index_of(object);
        object->~T();
        places_[index].next_free = free_;
        free_ = index;
        --in_use_;
    }

    std::uint32_t index_of(const T* object) const noexcept {
        return static_cast<std::uint32_t>(reinterpret_cast<const Place*>(object) - places_.get());
    }
    T& operator[](std::uint32_t index) noexcept {
        return *std::launder(reinterpret_cast<T*>(places_[index].bytes));
    }

    std::size_t in_use() const noexcept { return in_use_; }
    std::size_t capacity() const noexcept { return capacity_; }

  private:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    union Place {
        Place() noexcept {}
        alignas(T) unsigned char bytes[sizeof(T)];
        std::uint32_t next_free;
    };

    std::unique_ptr<Place[]> places_;
    std::uint32_t capacity_;
    std::uint32_t untouched_ = 0;  // places from here on were never used
    std::uint32_t free_ = kNone;
    std::uint32_t in_use_ = 0;
};

}  // namespace querytap
