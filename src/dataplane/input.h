// Where a worker gets its packets: from its own queues, or from the distributor's ring.
#pragma once

#include <cstdint>

#include <querytap/base/time.h>

#include "mbuf.h"

namespace querytap::dataplane {

/// A place in the source: every packet up to it has been handed on.
struct Position {
    Timestamp time{};
    std::uint64_t ordinal = 0;
};

class Input {
  public:
    virtual ~Input() = default;

    /// Behind it no packet will come; to be asked before receive().
    virtual Position position() noexcept = 0;
    virtual void receive(Burst& burst) noexcept = 0;
    /// How full the fullest of its queues is, in percent. Where a device does not tell, a queue
    /// that gave all that was asked for counts as pressed, not as full: it may have been a burst.
    virtual unsigned fill_percent() noexcept = 0;
    /// Nothing will come any more; to be asked after a receive() that found nothing.
    virtual bool finished() noexcept = 0;
    /// Time of the last packet of the whole source, once finished.
    virtual Timestamp end() noexcept = 0;
};

}  // namespace querytap::dataplane
