// The handshakes under way of one worker.
#pragma once

#include <querytap/base/object_pool.h>
#include <querytap/tls/key_log.h>
#include <querytap/tls/session.h>

#include "exchange.h"

namespace querytap::tls {

struct Pool::Impl {
    explicit Impl(const Limits& limits) : exchanges(limits.handshakes), key_log(limits.key_log) {}

    Counters counters;
    ObjectPool<Exchange> exchanges;
    std::shared_ptr<const KeyLog> key_log;
};

}  // namespace querytap::tls
