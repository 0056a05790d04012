// The compiled rule set: for each buffer two Hyperscan databases, and which terms make which rule.
// Immutable; shared by all workers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <hs.h>

#include <querytap/base/result.h>
#include <querytap/signature/rule_counts.h>
#include <querytap/signature/ruleset.h>

#include "rule_model.h"

namespace querytap::signature {

inline constexpr std::uint32_t kNoIndex = UINT32_MAX;

struct DatabaseDeleter {
    void operator()(hs_database_t* database) const noexcept { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, DatabaseDeleter>;

/// What one rule asks of one buffer: terms that must match in a value, and terms that must not.
/// Groups are numbered in the order of their rules.
struct Group {
    std::uint32_t rule = 0;
    std::vector<std::uint32_t> required;   ///< terms of the buffer, the rarest looking first
    std::vector<std::uint32_t> forbidden;  ///< terms of the buffer
    SizeRange size{};
    bool sized = false;              ///< `size` asks something: decided when the value ends
    std::uint32_t shown = kNoIndex;  ///< term whose match the alert shows, when it is here
};

/// One buffer's part. Terms are numbered from 0 in each buffer, as Hyperscan reports them.
struct BufferProgram {
    Database block;
    Database stream;
    std::size_t stream_size = 0;  ///< bytes that one open stream takes
    std::uint32_t terms = 0;
    /// term -> the groups to look at when it matches: those that have it first in `required`.
    std::vector<std::vector<std::uint32_t>> groups_of_term;
    /// Groups that require nothing: to look at after every value.
    std::vector<std::uint32_t> always;
    std::vector<bool> shown;  ///< term -> do alerts show its match?

    bool in_use() const noexcept { return block != nullptr; }
};

/// A condition on a number is a group of its own, which holds once such a number comes.
struct NumberGroup {
    std::uint32_t group = 0;
    NumberCondition condition;
};

/// Conditions of a rule outside its buffers.
struct Conditions {
    Header header;
    FlowCondition flow;
    BitConditions bits;
    XbitConditions xbits;
    std::vector<Suppression> suppressions;
    std::uint32_t count_number = 0;  ///< in RuleCounts
    std::uint32_t first_group = 0;   ///< its groups are neighbours
    std::uint32_t group_count = 0;
    Buffer shown_buffer = Buffer::kPayload;
};

struct RuleSet::Impl {
    std::vector<Rule> rules;             ///< in order of sid
    std::vector<Conditions> conditions;  ///< of the rule with the same index
    std::vector<Group> groups;
    std::array<BufferProgram, kBufferCount> buffers;
    std::array<std::vector<NumberGroup>, kNumberCount> numbers;
    std::vector<std::uint32_t> without_content;  ///< their one group holds from the start
    bool has_pass = false;
    bool has_bits = false;  ///< flowbits, xbits
    std::vector<Error> skipped;
    std::vector<Error> warnings;
};

class DatabaseCache;

/// Takes the rules. When lenient, rules that Hyperscan refuses go to `skipped`.
Result<std::unique_ptr<RuleSet::Impl>> compile(std::vector<ParsedRule> rules,
                                               const LoadOptions& options, DatabaseCache& cache);

}  // namespace querytap::signature
