#include "pool.h"

#include <numeric>

namespace querytap::tds {

SessionPool::Impl::Impl(SessionLimits limits)
    : statements(limits.statements, counters),
      tls(limits.tls),
      blocks_(limits.buffers),
      free_(std::make_unique<std::uint32_t[]>(limits.buffers)),
      free_count_(limits.buffers) {
    std::iota(free_.get(), free_.get() + free_count_, 0U);
}

std::uint8_t* SessionPool::Impl::take() noexcept {
    if (free_count_ == 0) {
        counters.buffers_exhausted.add();
        return nullptr;
    }
    counters.buffers_in_use.add();
    return blocks_[free_[--free_count_]].bytes;
}

void SessionPool::Impl::give(std::uint8_t* block) noexcept {
    counters.buffers_in_use.sub();
    const auto offset = static_cast<std::size_t>(block - blocks_.data()->bytes);
    free_[free_count_++] = static_cast<std::uint32_t>(offset / sizeof(Block));
}

SessionPool::SessionPool(SessionLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
SessionPool::~SessionPool() = default;

const SessionCounters& SessionPool::counters() const noexcept {
    return impl_->counters;
}

const tls::Counters& SessionPool::tls_counters() const noexcept {
    return impl_->tls.counters();
}

}  // namespace querytap::tds
