#include <sys/mman.h>

#include <querytap/base/mapped_array.h>

namespace querytap {

void* map_zeroed(std::size_t size) {
    if (size == 0) return nullptr;
    void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) throw std::bad_alloc();
    // One TLB miss less for each flow that is looked up. Advice: where there are no huge pages,
    // small ones serve.
    madvise(address, size, MADV_HUGEPAGE);
    return address;
}

void unmap(void* address, std::size_t size) noexcept {
    if (address != nullptr) munmap(address, size);
}

}  // namespace querytap
