// The headers of a frame, for who only wants to know whose it is.
#pragma once

#include <querytap/packet/decode.h>

#include "joined_frames.h"

namespace querytap::dataplane {

class Headers {
  public:
    explicit Headers(const packet::Options& options) : options_(options) {}

    /// They stand in the first mbuf of a chain, or nearly always: where that is not the end of it,
    /// the frame is put together. A fragment is wanted whole.
    packet::Decoded decode(const rte_mbuf* mbuf, packet::PacketView& packet) noexcept {
        bytes_ = {rte_pktmbuf_mtod(mbuf, const std::uint8_t*), rte_pktmbuf_data_len(mbuf)};
        const packet::Decoded decoded = packet::decode(bytes_, packet, options_);
        if (decoded == packet::Decoded::kOk || rte_pktmbuf_is_contiguous(mbuf)) return decoded;
        joined_.clear();
        if (!joined_.has_room_for(mbuf)) return decoded;
        bytes_ = joined_.bytes_of(mbuf);
        return packet::decode(bytes_, packet, options_);
    }
    /// What the last answer is of. Valid until the next call.
    Bytes bytes() const noexcept { return bytes_; }

  private:
    static constexpr std::size_t kFrameMax = 1u << 18;  // the longest that libpcap delivers

    packet::Options options_;
    JoinedFrames joined_{kFrameMax};
    Bytes bytes_;
};

}  // namespace querytap::dataplane
