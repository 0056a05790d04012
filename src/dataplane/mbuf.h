// mbufs as the rest of this room uses them: what the receiver notes on each (time, place in the
// source), and a burst that frees what it still holds.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>

#include <querytap/base/time.h>
#include <querytap/pipeline/inspector.h>

namespace querytap::dataplane {

/// Written once by the lcore that receives the packet, read by the worker that inspects it.
struct Stamp {
    std::int64_t time_ns = 0;
    std::uint64_t ordinal = 0;
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
