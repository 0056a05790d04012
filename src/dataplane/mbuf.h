// mbufs as the rest of this room uses them: what the receiver notes on each (time, place in the
// source), and a burst that frees what it still holds.
//
// How mbufs change threads, and how ThreadSanitizer sees it: from the distributor to a worker
// through SpscRing (std::atomic, which it understands); from a replay's feeder through the ring of
// its port, and from a worker back through the mempool, in DPDK's own libraries, which it does not.
// mark_given() and mark_taken() tell it of that way; without the sanitizer they are nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <querytap/base/thread_sanitizer.h>
#include <querytap/base/time.h>
#include <querytap/pipeline/inspector.h>

namespace querytap::dataplane {

/// To be called before an mbuf goes back to its pool.
inline void mark_given([[maybe_unused]] rte_mbuf* mbuf) noexcept {
#ifdef QUERYTAP_TSAN
    for (rte_mbuf* next = nullptr; mbuf != nullptr; mbuf = next) {
        next = mbuf->next;  // once told it is somebody else's
        happens_before(mbuf);
    }
#endif
}
/// To be called when a port has handed an mbuf out.
inline void mark_taken([[maybe_unused]] rte_mbuf* mbuf) noexcept {
#ifdef QUERYTAP_TSAN
    for (; mbuf != nullptr; mbuf = mbuf->next)
        happens_after(mbuf);
#endif
}

/// Written once by the lcore that receives the packet, read by the worker that inspects it.
struct Stamp {
    std::int64_t time_ns = 0;
    std::uint64_t place = 0;

    // A bit of the ordinal says so: room in an mbuf is scarce.
    static constexpr std::uint64_t kElsewhere = std::uint64_t{1} << 63;
    std::uint64_t ordinal() const noexcept { return place & ~kElsewhere; }
    /// This is a copy; another worker inspects the packet.
    bool elsewhere() const noexcept { return (place & kElsewhere) != 0; }
};

/// Where stamps live in an mbuf; the same for all of them, known after EAL is up.
class StampField {
  public:
    /// False when mbufs have no room left for it.
    static bool register_field() noexcept;
    static Stamp& of(rte_mbuf* mbuf) noexcept { return *RTE_MBUF_DYNFIELD(mbuf, offset_, Stamp*); }

  private:
    inline static std::uintptr_t offset_ = 0;
};

/// Up to kBurstMax packets on their way through one lcore.
class Burst {
  public:
    Burst() = default;
    ~Burst() { free_all(); }
    Burst(const Burst&) = delete;
    Burst& operator=(const Burst&) = delete;

    static constexpr std::uint16_t kSizeMax = pipeline::kBurstMax;

    rte_mbuf** data() noexcept { return mbufs_.data(); }
    void set_size(std::uint16_t size) noexcept { size_ = size; }
    std::span<rte_mbuf* const> packets() const noexcept { return {mbufs_.data(), size_}; }
    bool empty() const noexcept { return size_ == 0; }

    void free_all() noexcept {
        for (rte_mbuf* mbuf : packets())
            mark_given(mbuf);
        rte_pktmbuf_free_bulk(mbufs_.data(), size_);
        size_ = 0;
    }
    /// The packets belong to somebody else now.
    void release() noexcept { size_ = 0; }

  private:
    std::array<rte_mbuf*, kSizeMax> mbufs_;
    std::uint16_t size_ = 0;
};

}  // namespace querytap::dataplane
