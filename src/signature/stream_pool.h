// Values under way in streaming mode. Hyperscan's stream states live in slots that are taken at
// start, each large enough for any buffer's database.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <hs.h>

#include "bits.h"
#include "excerpts.h"
#include "free_list.h"

namespace querytap::signature {

/// The last bytes of a stream before the piece that is being scanned: an excerpt may begin there,
/// and a match that looks one byte ahead (\b, $) may even end there.
class Tail {
  public:
    static constexpr std::size_t kSize = kExcerptMax + 16;

    void clear() noexcept { size_ = 0; }
    /// `piece` has been scanned.
    void push(std::string_view piece) noexcept;
    std::string_view view() const noexcept { return {bytes_.data(), size_}; }

  private:
    std::size_t size_ = 0;
    std::array<char, kSize> bytes_;
};

struct OpenStream {
    hs_stream_t* handle = nullptr;
    std::uint64_t position = 0;  ///< of the first byte of the piece under way
    Tail tail;
    Excerpts::List excerpts;  ///< by term
};

class StreamPool {
  public:
    /// `state_size`: the largest hs_stream_size; `terms`: the largest number of terms.
    StreamPool(std::size_t streams, std::size_t state_size, std::size_t terms);

    /// FreeList::kNone when all are open.
    std::uint32_t open(const hs_database_t* database) noexcept;
    /// Ends the stream: `on_match`, if given, sees what matches at its end. The slot stays taken,
    /// so that its hits can be read, until release().
    void finish(std::uint32_t index, hs_scratch_t* scratch, match_event_handler on_match,
                void* context) noexcept;
    void release(std::uint32_t index) noexcept;

    OpenStream& operator[](std::uint32_t index) noexcept { return streams_[index]; }
    /// Terms that matched so far. All bits are clear when a stream opens.
    BitRow hits(std::uint32_t index) noexcept {
        return {hits_.data() + index * hit_words_, hit_words_};
    }

  private:
    FreeList free_;
    std::vector<OpenStream> streams_;
    std::size_t hit_words_;
    std::vector<std::uint64_t> hits_;
    std::size_t slot_size_;
    std::unique_ptr<std::byte[]> memory_;
    std::byte* slots_ = nullptr;
};

}  // namespace querytap::signature
