// What a rule asks of one buffer, written as Hyperscan expressions.
//
// Contents whose places depend on each other (distance, within, pcre /R) become ONE expression with
// gaps between its parts; every other content is an expression of its own. All must match in the
// same value (negated ones must not), which the Scanner checks.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <hs.h>

#include <querytap/base/result.h>

#include "rule_model.h"

namespace querytap::signature {

/// One Hyperscan expression. Equal terms of different rules are compiled once.
struct Term {
    std::string expression;
    unsigned flags = 0;            ///< HS_FLAG_*
    std::uint64_t min_offset = 0;  ///< of the end of a match; 0 = none
    std::uint64_t max_offset = 0;  ///< 0 = none
    auto operator<=>(const Term&) const noexcept = default;
};

struct TermUse {
    Term term;
    bool negated = false;
    bool look = false;  ///< byte_test by itself: nothing to show
    bool last = false;  ///< holds the rule's last content of this buffer that must be found
    Position where;
};

/// Its offsets as Hyperscan wants them.
hs_expr_ext_t extension(const Term& term) noexcept;

std::vector<TermUse> build_terms(const BufferMatches& buffer);

}  // namespace querytap::signature
