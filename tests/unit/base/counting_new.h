// For tests that memory is taken at start only: counts what the whole test program allocates.
#pragma once

#include <cstddef>

namespace querytap::test {

std::size_t allocations() noexcept;

}  // namespace querytap::test
