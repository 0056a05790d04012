#include <map>
#include <mutex>
#include <utility>

#include <querytap/signature/rule_counts.h>

namespace querytap::signature {
namespace {

/// For the life of the process, so that numbers go on across a reload.
class Registry {
  public:
    std::uint32_t number(const Rule& rule) {
        const std::lock_guard lock(mutex_);
        const auto next = static_cast<std::uint32_t>(rules_.size());
        const auto [known, fresh] = rules_.try_emplace({rule.gid, rule.sid});
        CountedRule& counted = known->second;
        if (fresh) {
            counted = {rule.gid,
                       rule.sid,
                       next < RuleCounts::kRulesMax ? next : RuleCounts::kNoNumber,
                       {}};
        }
        counted.message = rule.message;
        return counted.number;
    }

    std::vector<CountedRule> all() {
        const std::lock_guard lock(mutex_);
        std::vector<CountedRule> rules;
        for (const auto& [id, rule] : rules_)
            rules.push_back(rule);
        return rules;
    }

  private:
    std::mutex mutex_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, CountedRule> rules_;
};

Registry& registry() {
    static Registry rules;
    return rules;
}

}  // namespace

std::uint32_t count_number(const Rule& rule) {
    return registry().number(rule);
}

std::vector<CountedRule> counted_rules() {
    return registry().all();
}

RuleCounts::~RuleCounts() {
    for (auto& chunk : chunks_)
        delete chunk.load(std::memory_order_relaxed);
}

void RuleCounts::reserve(std::uint32_t rules) {
    for (std::size_t i = 0; i * kChunk < rules && i < chunks_.size(); ++i) {
        if (chunks_[i].load(std::memory_order_relaxed) != nullptr) continue;
        chunks_[i].store(new Chunk, std::memory_order_release);
    }
}

const RuleCounts::Count* RuleCounts::find(std::uint32_t number) const noexcept {
    if (number >= kRulesMax) return nullptr;
    const Chunk* const chunk = chunks_[number / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : &(*chunk)[number % kChunk];
}

}  // namespace querytap::signature
