// The bytes of frames: where they are if a frame is one mbuf, put together in a buffer of this
// worker's if it is several.
#pragma once

#include <memory>

#include <rte_mbuf.h>

#include <querytap/base/bytes.h>

namespace querytap::dataplane {

class JoinedFrames {
  public:
    explicit JoinedFrames(std::size_t size)
        : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(size)), size_(size) {}

    bool has_room_for(const rte_mbuf* mbuf) const noexcept {
        return rte_pktmbuf_is_contiguous(mbuf) || rte_pktmbuf_pkt_len(mbuf) <= size_ - used_;
    }
    /// Valid until clear(). Only if has_room_for().
    Bytes bytes_of(const rte_mbuf* mbuf) noexcept {
        const std::uint32_t size = rte_pktmbuf_pkt_len(mbuf);
        if (rte_pktmbuf_is_contiguous(mbuf)) {
            return {rte_pktmbuf_mtod(mbuf, const std::uint8_t*), size};
        }
        std::uint8_t* const place = bytes_.get() + used_;
        if (rte_pktmbuf_read(mbuf, 0, size, place) == nullptr) return {};
        used_ += size;
        return {place, size};
    }
    void clear() noexcept { used_ = 0; }

  private:
    std::unique_ptr<std::uint8_t[]> bytes_;
    std::size_t size_;
    std::size_t used_ = 0;
};

}  // namespace querytap::dataplane
