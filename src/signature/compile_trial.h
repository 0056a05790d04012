// Hyperscan cannot be interrupted, and some patterns keep it busy for minutes. So what looks dear
// is tried by itself first, on a thread of its own, and given up after a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "expression.h"

namespace querytap::signature {

/// Is an expression worth a trial? Its long repeats are what costs.
bool looks_dear(std::string_view expression) noexcept;

/// What one pattern may take.
struct CompileBudget {
    std::chrono::milliseconds time{};
    std::uint64_t memory_mb = 0;  ///< by which the process may grow meanwhile
};

/// Why it was given up; nothing: it compiles within the budget. The thread that compiles it goes
/// on, and is left alone: see compiling_abandoned().
std::optional<std::string> exceeds(const Term& term, const CompileBudget& budget);

}  // namespace querytap::signature
