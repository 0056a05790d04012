// What each rule costs and yields, counted by each worker for itself. A rule keeps its number for
// the life of the process, whatever is loaded after it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/signature/rule.h>

namespace querytap::signature {

class RuleCounts {
  public:
    struct Count {
        Counter hits;    ///< the rule held, whether or not it was told
        Counter checks;  ///< its rarest pattern matched, and the rest was looked at
    };
    static constexpr std::uint32_t kRulesMax = 65536;  ///< those beyond are not counted one by one
    static constexpr std::uint32_t kNoNumber = UINT32_MAX;

    RuleCounts() = default;
    ~RuleCounts();
    RuleCounts(const RuleCounts&) = delete;
    RuleCounts& operator=(const RuleCounts&) = delete;

    /// Room for numbers below `rules`. Control thread, before the worker gets the rules.
    void reserve(std::uint32_t rules);

    /// The worker's. nullptr beyond what was reserved.
    Count* find(std::uint32_t number) noexcept {
        return const_cast<Count*>(static_cast<const RuleCounts*>(this)->find(number));
    }
    /// Any thread.
    const Count* find(std::uint32_t number) const noexcept;

  private:
    static constexpr std::uint32_t kChunk = 1024;
    using Chunk = std::array<Count, kChunk>;
    std::array<std::atomic<Chunk*>, kRulesMax / kChunk> chunks_{};
};

/// The number of a rule, from now on; kNoNumber when there are too many.
std::uint32_t count_number(const Rule& rule);

struct CountedRule {
    std::uint32_t gid = 0;
    std::uint32_t sid = 0;
    std::uint32_t number = 0;
    std::string message;  ///< as it was loaded last
};
/// All rules that ever were, in order of gid and sid.
std::vector<CountedRule> counted_rules();

}  // namespace querytap::signature
