#include "stream_pool.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace querytap::signature {
namespace {

constexpr std::size_t kAlignment = 64;

// hs_open_stream takes its memory from a process-wide allocator that knows no context, so the slot
// is handed over beside the call, in a variable of the calling thread. Streams opened by others get
// memory from the heap as before.
thread_local void* offered_slot = nullptr;
thread_local bool releasing_slot = false;

void* allocate_stream(std::size_t size) {
    void* const slot = offered_slot;
    offered_slot = nullptr;
    return slot != nullptr ? slot : std::malloc(size);
}

void free_stream(void* memory) {
    if (!releasing_slot) std::free(memory);
}

void install_allocator() {
    static std::once_flag once;
    std::call_once(once, [] { hs_set_stream_allocator(allocate_stream, free_stream); });
}

}  // namespace

void Tail::push(std::string_view piece) noexcept {
    if (piece.empty()) return;
    const std::size_t fresh = std::min(piece.size(), kSize);
    const std::size_t kept = std::min(size_, kSize - fresh);
    std::memmove(bytes_.data(), bytes_.data() + (size_ - kept), kept);
    std::memcpy(bytes_.data() + kept, piece.data() + (piece.size() - fresh), fresh);
    size_ = kept + fresh;
}

StreamPool::StreamPool(std::size_t streams, std::size_t state_size, std::size_t terms)
    : free_(streams),
      streams_(streams),
      hit_words_(words_for_bits(terms)),
      hits_(streams * hit_words_),
      slot_size_((state_size + kAlignment - 1) / kAlignment * kAlignment),
      memory_(std::make_unique_for_overwrite<std::byte[]>(streams * slot_size_ + kAlignment)) {
    void* start = memory_.get();
    std::size_t space = streams * slot_size_ + kAlignment;
    slots_ = static_cast<std::byte*>(std::align(kAlignment, streams * slot_size_, start, space));
    install_allocator();
}

std::uint32_t StreamPool::open(const hs_database_t* database) noexcept {
    const std::uint32_t index = free_.take();
    if (index == FreeList::kNone) return index;
    OpenStream& stream = streams_[index];
    stream.handle = nullptr;
    stream.position = 0;
    stream.tail.clear();
    offered_slot = slots_ + index * slot_size_;
    const hs_error_t code = hs_open_stream(database, 0, &stream.handle);
    offered_slot = nullptr;
    if (code == HS_SUCCESS) return index;
    free_.give(index);
    return FreeList::kNone;
}

void StreamPool::finish(std::uint32_t index, hs_scratch_t* scratch, match_event_handler on_match,
                        void* context) noexcept {
    releasing_slot = true;
    hs_close_stream(streams_[index].handle, on_match != nullptr ? scratch : nullptr, on_match,
                    context);
    releasing_slot = false;
    streams_[index].handle = nullptr;
}

void StreamPool::release(std::uint32_t index) noexcept {
    const BitRow row = hits(index);
    std::fill(row.begin(), row.end(), 0);
    free_.give(index);
}

}  // namespace querytap::signature
