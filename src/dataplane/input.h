// Where a worker gets its packets: from its own queues, or from the distributor's ring.
#pragma once

#include <querytap/base/time.h>

#include "mbuf.h"

namespace querytap::dataplane {

class Input {
  public:
    virtual ~Input() = default;

    /// A time behind which no packet will come; to be asked before receive().
    virtual Timestamp time() noexcept = 0;
    virtual void receive(Burst& burst) noexcept = 0;
    /// Nothing will come any more; to be asked after a receive() that found nothing.
    virtual bool finished() noexcept = 0;
    /// Time of the last packet of the whole source, once finished.
    virtual Timestamp end() noexcept = 0;
};

}  // namespace querytap::dataplane
