// IP datagrams out of their fragments (RFC 791 section 3.2, RFC 8200 section 4.5). A fixed number
// of datagrams under way, each with room for the largest; packet time. Fragments that contradict
// each other drop the datagram, all of it (RFC 5722): a receiver might read other bytes than we.
//
// A fragment costs what its bytes cost, however small it is and in whatever order it comes, so
// their number needs no bound of its own.
//
// One thread. Memory is taken by the constructor; pages that no datagram reached cost address
// space.
#pragma once

#include <array>
#include <cstdint>

#include <querytap/base/counter.h>
#include <querytap/base/mapped_array.h>
#include <querytap/packet/datagram_key.h>
#include <querytap/packet/decode.h>

namespace querytap::packet {

struct FragmentLimits {
    std::size_t datagrams = 256;  ///< under way at once; rounded up to a power of two
    Duration timeout = std::chrono::seconds(30);  ///< from the first fragment, as Linux has it
};

struct FragmentCounters {
    Counter fragments;
    Counter datagrams;    ///< put together
    Counter duplicates;   ///< fragments that came again, with the same bytes
    Counter malformed;    ///< fragments of a size or place that cannot be
    Counter overlapping;  ///< datagrams dropped since their fragments contradict each other
    Counter timed_out;    ///< datagrams that never became whole
    Counter evicted;      ///< datagrams that had to go for others
};

class Defragmenter {
  public:
    Defragmenter(const FragmentLimits& limits, std::uint64_t secret, const Options& options);

    struct Answer {
        /// kOk: the packet is whole, its payload valid until the next call. kFragment: nothing to
        /// inspect yet, or at all. Anything else: what the frame or the whole datagram is.
        Decoded decoded = Decoded::kFragment;
        /// The fragment contradicts others, and `packet` says whose it is, without a payload. Said
        /// once for a datagram.
        bool overlap = false;
    };
    /// For a frame that decode() called a fragment.
    Answer push(Bytes frame, Timestamp now, PacketView& packet) noexcept;

    /// Drops what has waited too long.
    void advance(Timestamp now) noexcept {
        if (active_ != 0 && now >= next_sweep_) sweep(now);
    }

    const FragmentCounters& counters() const noexcept { return counters_; }

  private:
    static constexpr std::size_t kWays = 8;  // datagrams that compete for a place
    static constexpr std::size_t kSizeMax = 65536;
    static constexpr std::size_t kUnit = 8;  // offsets count in these
    static constexpr std::size_t kNestedMax = 2;

    enum class State : std::uint8_t { kFree, kFilling, kContradicted, kWhole };

    struct Datagram {
        State state;
        bool reported;
        DatagramKey key;
        Timestamp begun;
        Fragment head;  // the one at offset 0
        std::uint32_t head_size;
        std::uint32_t received;                                  // bytes
        std::uint32_t highest;                                   // end of the last byte received
        std::uint32_t total;                                     // 0 = not known yet
        std::uint32_t wire_size;                                 // of all frames
        std::array<std::uint64_t, kSizeMax / kUnit / 64> units;  // received
    };

    enum class Fit : std::uint8_t { kNew, kDuplicate, kContradiction };

    Datagram& place_of(const DatagramKey& key, Timestamp now) noexcept;
    Fit fit(const Datagram& datagram, const Fragment& part) const noexcept;
    void take(Datagram& datagram, const Fragment& part) noexcept;
    Datagram* add(const Fragment& part, Timestamp now, Answer& answer, PacketView& packet) noexcept;
    bool tell(Datagram& datagram, const Fragment& part, PacketView& packet) noexcept;
    void sweep(Timestamp now) noexcept;
    void release(Datagram& datagram) noexcept;
    std::uint8_t* bytes_of(const Datagram& datagram) noexcept {
        return bytes_.data() + static_cast<std::size_t>(&datagram - datagrams_.data()) * kSizeMax;
    }
    const std::uint8_t* bytes_of(const Datagram& datagram) const noexcept {
        return bytes_.data() + static_cast<std::size_t>(&datagram - datagrams_.data()) * kSizeMax;
    }

    MappedArray<Datagram> datagrams_;
    MappedArray<std::uint8_t> bytes_;
    Duration timeout_;
    std::uint64_t secret_;
    Options options_;
    std::size_t active_ = 0;
    Timestamp next_sweep_{};
    FragmentCounters counters_;
};

}  // namespace querytap::packet
