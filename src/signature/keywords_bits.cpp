// Keywords that remember something of a conversation: flowbits, noalert.
#include <algorithm>
#include <array>
#include <limits>
#include <mutex>
#include <utility>

#include "keywords.h"

namespace querytap::signature {
namespace {

constexpr std::size_t kNamesMax = std::numeric_limits<FlowBits>::digits;

/// Names keep their bits for the life of the process: flows that go on across a reload keep what
/// they have, and rules that stay find it.
class BitNames {
  public:
    /// Nothing: there are too many.
    std::optional<FlowBits> bit(std::string_view name) {
        const std::lock_guard lock(mutex_);
        const auto known = std::find(names_.begin(), names_.end(), name);
        const auto index = static_cast<std::size_t>(known - names_.begin());
        if (index == kNamesMax) return std::nullopt;
        if (known == names_.end()) names_.emplace_back(name);
        return FlowBits{1} << index;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> names_;
};

BitNames& bit_names() {
    static BitNames names;
    return names;
}

struct Command {
    std::string_view name;
    FlowBits BitConditions::*bits;
};
constexpr std::array kCommands{
    Command{"isset", &BitConditions::isset}, Command{"isnotset", &BitConditions::isnotset},
    Command{"set", &BitConditions::set}, Command{"unset", &BitConditions::unset},
    Command{"toggle", &BitConditions::toggle}};

constexpr std::string_view kHint =
    "write flowbits:set,name; with set, unset, toggle, isset or isnotset; or flowbits:noalert;";

Status keyword_flowbits(Draft& draft, const Option& option) {
    BitConditions& bits = draft.rule.bits;
    if (option.value == "noalert") {
        bits.noalert = true;
        return success();
    }
    const std::size_t comma = std::min(option.value.find(','), option.value.size());
    const std::string_view command = trim(option.value.substr(0, comma));
    const std::string_view name =
        comma < option.value.size() ? trim(option.value.substr(comma + 1)) : std::string_view{};
    const auto known = std::find_if(kCommands.begin(), kCommands.end(),
                                    [&](const Command& other) { return other.name == command; });
    if (known == kCommands.end() || name.empty()) {
        return draft.source.error(option.has_value ? option.value_at : option.name_at,
                                  "this flowbits cannot be read", std::string(kHint));
    }
    const bool alternatives = command == "isset" && name.find('|') != std::string_view::npos;
    if (name.find_first_of(alternatives ? ",&! " : "|,&! ") != std::string_view::npos) {
        return draft.source.error(option.value_at + comma + 1, "flowbits with several names in one",
                                  "write a flowbits for each; only isset takes alternatives: a|b");
    }
    FlowBits named = 0;
    for (std::size_t at = 0; at <= name.size();) {
        const std::size_t end = std::min(name.find('|', at), name.size());
        const auto bit = bit_names().bit(name.substr(at, end - at));
        if (!bit) {
            return keyword_error(draft, option,
                                 "more than " + std::to_string(kNamesMax) + " names of flowbits",
                                 "let rules share a name; a restart forgets names of old rules");
        }
        named |= *bit;
        at = end + 1;
    }
    if (alternatives) {
        bits.isset_any.push_back(named);
        return success();
    }
    bits.*known->bits |= named;
    if ((bits.isset & bits.isnotset) != 0) {
        return keyword_error(draft, option, "this bit cannot be set and not set", "keep one");
    }
    return success();
}

Status keyword_noalert(Draft& draft, const Option& option) {
    if (auto status = needs_no_value(draft, option); !status) return status;
    draft.rule.bits.noalert = true;
    return success();
}

constexpr std::array<std::pair<std::string_view, Keyword>, 2> kKeywords{{
    {"flowbits", keyword_flowbits},
    {"noalert", keyword_noalert},
}};

}  // namespace

Keyword find_bits_keyword(std::string_view name) noexcept {
    for (const auto& [known, keyword] : kKeywords) {
        if (known == name) return keyword;
    }
    return nullptr;
}

}  // namespace querytap::signature
