// One direction of the TCP stream: where one thing ends and the next begins. A thing is a TDS
// packet, an SMP packet or a TLS record; or nothing of the kind, and then a header is searched for,
// or the bytes are passed on raw.
#pragma once

#include <array>
#include <cstdint>

#include "smp.h"

namespace querytap::tds {

class Stream {
  public:
    Stream(Direction direction, bool midstream) noexcept;

    /// What a stream shares with the other direction.
    struct Shared {
        Lane& lane;  ///< of this direction, without MARS
        Multiplexer& multiplexer;
        Scope scope;
    };

    void feed(Bytes bytes, const Shared& shared);
    void gap(const Shared& shared);

  private:
    enum class Mode : std::uint8_t {
        kHeader,  ///< one must stand here
        kPacket,  ///< in a TDS packet
        kSmpData,
        kTlsRecord,
        kSearch,  ///< for the next header that can be believed
        kRaw,     ///< TDS no longer
    };

    std::size_t step(Bytes bytes, const Shared& shared);
    std::size_t header(Bytes bytes, const Shared& shared);
    std::size_t smp_data(Bytes bytes, const Shared& shared);
    std::size_t search(Bytes bytes, const Shared& shared);
    bool search_held(const Shared& shared);
    void packet_header(const Shared& shared);
    void smp_header(const Shared& shared);
    void tls_header(const Shared& shared);
    void lost(const Shared& shared);
    void header_read() noexcept;
    void begin_search() noexcept;
    void search_again() noexcept;

    static constexpr std::size_t kHeldMax = kSearchWindow;
    static_assert(kHeldMax >= kSmpHeaderSize && kHeldMax >= kHeaderSize);

    Direction direction_;
    Mode mode_;
    bool found_ = false;        ///< the next header was searched for
    bool later_ = false;        ///< and is not the first packet of its message
    bool doubtful_ = false;     ///< a header was found, but none behind it yet
    bool search_start_ = true;  ///< the search is at its first byte
    bool resynchronising_ = false;
    bool clear_seen_ = false;  ///< a TDS or SMP packet came on this direction
    std::uint8_t held_size_ = 0;
    std::uint8_t replay_size_ = 0;
    std::uint16_t smp_session_ = 0;
    std::uint32_t left_ = 0;      ///< of the SMP packet or TLS record
    std::uint32_t searched_ = 0;  ///< bytes without a header
    std::array<std::uint8_t, kHeldMax> held_;
    std::array<std::uint8_t, kHeldMax> replay_;  ///< looked at in a search, and still to be read
    PacketHeader last_header_;
};

}  // namespace querytap::tds
