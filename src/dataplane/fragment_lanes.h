// Which worker gets the fragments of a datagram: the one that gets what is inside when it comes
// whole. Of a tunnel that is the packet in it, and only the first fragment shows that; the others
// follow it. Those that come before it wait for it, a bounded number for a bounded time; then the
// addresses of the datagram itself decide. Nothing is dropped here.
//
// One thread; counters are read by any. Memory is taken by the constructor.
#pragma once

#include <array>
#include <span>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/packet/datagram_key.h>

#include "flow_hash.h"

struct rte_mbuf;

namespace querytap::dataplane {

class FragmentLanes {
  public:
    /// More than ever wait while paths differ by a few milliseconds, and few beside the mbufs of a
    /// port.
    static constexpr std::size_t kWaitingMax = 256;
    /// From the first fragment that comes, whichever it is. Behind a busy tunnel endpoint the ids
    /// of datagrams come round again soon.
    static constexpr Duration kLifetime = std::chrono::seconds(1);

    struct Placed {
        rte_mbuf* mbuf;
        std::size_t lane;
    };

    /// datagrams: under way at once; rounded up to a power of two.
    FragmentLanes(std::size_t datagrams, std::size_t lanes, const FlowHash& hash);

    /// What can be handed on with this fragment of `mbuf`, in this order: those that waited for it,
    /// and itself; or nothing. Valid until the next call.
    std::span<const Placed> push(rte_mbuf* mbuf, const packet::Fragment& part,
                                 Timestamp now) noexcept;
    /// Those whose first fragment has not come in time.
    std::span<const Placed> advance(Timestamp now) noexcept;
    /// All that wait: nothing will come any more.
    std::span<const Placed> finish() noexcept;

    std::uint64_t waiting() const noexcept { return waiting_now_.read(); }
    /// Fragments that could not wait, and datagrams that had to go for others.
    std::uint64_t displaced() const noexcept { return displaced_.read(); }

  private:
    static constexpr std::size_t kWays = 8;  // datagrams that compete for a place

    struct Datagram {
        bool used = false;
        bool placed = false;  // `lane` is where its fragments go, also those that contradict
        packet::DatagramKey key{};
        Timestamp begun{};
        std::size_t lane = 0;      // of its own addresses until its first fragment has come
        std::size_t received = 0;  // bytes
        std::size_t total = 0;     // 0 = not known yet
        std::size_t waiting = 0;
    };
    struct Waiting {
        rte_mbuf* mbuf;
        Datagram* datagram;
    };

    Datagram& place_of(const packet::Fragment& part, Timestamp now) noexcept;
    void place(Datagram& datagram) noexcept;
    void wait(rte_mbuf* mbuf, Datagram& datagram) noexcept;
    bool is_old(const Datagram& datagram, Timestamp now) const noexcept {
        return later_by(datagram.begun, kLifetime) <= now;
    }
    std::span<const Placed> answer() noexcept;

    std::vector<Datagram> datagrams_;
    std::size_t lanes_;
    FlowHash hash_;
    std::array<Waiting, kWaitingMax> waiting_{};  // as they came
    std::size_t waits_ = 0;
    std::array<Placed, kWaitingMax + 1> placed_{};
    std::size_t places_ = 0;
    Counter waiting_now_;
    Counter displaced_;
};

}  // namespace querytap::dataplane
