// How parsers read a message that comes in pieces. A message is units and runs. A unit is a small
// structure (a header, a column's description, a length) that is parsed when all of it is there;
// the part of it that came early waits in a borrowed buffer. A run is the bytes of a value, passed
// on as they come, without a copy.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <querytap/base/reader.h>

#include "facts.h"

namespace querytap::tds {

enum class Step : std::uint8_t {
    kDone,   ///< the unit was read; go on behind it
    kMore,   ///< the unit is not complete
    kBad,    ///< no such unit in MS-TDS
    kLimit,  ///< a bound of ours
    kSkip,   ///< nothing of interest follows in this message
};

/// The beginning of a unit whose end has not come.
class Pending {
  public:
    bool empty() const noexcept { return size_ == 0; }
    Bytes bytes() const noexcept { return {buffer_.data(), size_}; }

    void clear() noexcept {
        size_ = 0;
        buffer_.release();
    }

    /// Adds what fits; returns how much, or nothing when the pool is empty.
    std::size_t append(Bytes bytes, SessionPool::Impl& pool) noexcept {
        if (!buffer_.borrow(pool)) return 0;
        const std::size_t size = std::min(bytes.size(), SessionPool::kBufferSize - size_);
        std::memcpy(buffer_.data() + size_, bytes.data(), size);
        size_ += size;
        return size;
    }

    void truncate(std::size_t size) noexcept {
        size_ = size;
        if (size_ == 0) buffer_.release();
    }

    void drop_front(std::size_t size) noexcept {
        std::memmove(buffer_.data(), buffer_.data() + size, size_ - size);
        truncate(size_ - size);
    }

  private:
    Buffer buffer_;
    std::size_t size_ = 0;
};

/// Feeds `piece` to a parser, which has
///   bool running()                     a run goes on
///   size_t run(Bytes, scope)           takes at least one byte of it
///   Step unit(Reader&, scope)
/// Returns kDone when all was taken, else why the rest of the message cannot be read.
template <typename Parser>
Step pump(Parser& parser, Pending& pending, Bytes piece, const MessageScope& scope) {
    while (!piece.empty()) {
        if (parser.running()) {
            // What waited for a unit may turn out to be the beginning of a run.
            if (pending.empty()) {
                piece = piece.subspan(parser.run(piece, scope));
            } else {
                pending.drop_front(parser.run(pending.bytes(), scope));
            }
            continue;
        }
        const std::size_t before = pending.bytes().size();
        std::size_t added = std::min(piece.size(), SessionPool::kBufferSize);
        if (before > 0) added = pending.append(piece, scope.pool);
        const Bytes window = before > 0 ? pending.bytes() : piece.first(added);
        Reader reader(window);
        const Step step = parser.unit(reader, scope);
        if (step == Step::kMore) {
            // A unit larger than a buffer is refused, whether it came in one piece or in many.
            if (window.size() == SessionPool::kBufferSize) return Step::kLimit;
            if (before == 0 && pending.append(piece, scope.pool) == 0) return Step::kLimit;
            piece = piece.subspan(added);
        } else if (step == Step::kDone) {
            const std::size_t consumed = reader.position();
            if (consumed >= before) {
                piece = piece.subspan(consumed - before);
                pending.clear();
            } else {
                pending.truncate(before);
                pending.drop_front(consumed);
            }
        } else {
            pending.clear();
            return step;
        }
    }
    return Step::kDone;
}

}  // namespace querytap::tds
