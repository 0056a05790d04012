// What the layers of one text share during a call: tokenizer -> folder -> statements -> spelling.
#pragma once

#include <cstdint>

#include "output.h"

namespace querytap::sql {

class Folder;
class Statements;
class Spelling;
class DynamicRunner;

/// Counts of one text, dynamic views included, and what it executes without our knowing it.
struct Meter {
    std::uint64_t steps = 0;  ///< state transitions and bytes moved: what a test of linearity reads
    std::uint32_t limits_hit = 0;  ///< how often a bound left something unfolded or unseen
    int dynamic_views = 0;         ///< given out so far
    ExecutedNames executed;
};

struct Run {
    Folder& folder;
    Statements& statements;
    Spelling& spelling;
    Output& output;
    Meter& meter;
    DynamicRunner& dynamic;
};

}  // namespace querytap::sql
