// Hyperscan cannot be interrupted, and some patterns keep it busy for minutes. So what looks dear
// is tried by itself first, on a thread of its own, and given up after a while.
#pragma once

#include <chrono>
#include <string_view>

#include "expression.h"

namespace querytap::signature {

/// Is an expression worth a trial? Its long repeats are what costs.
bool looks_dear(std::string_view expression) noexcept;

/// False when compiling it takes longer than `budget`. The thread that compiles it goes on, and is
/// left alone: see compiling_abandoned().
bool compiles_within(const Term& term, std::chrono::milliseconds budget);

}  // namespace querytap::signature
