#include "keywords.h"

#include <charconv>
#include <utility>

namespace querytap::signature {

BufferMatches& Draft::values(Buffer of) {
    for (BufferMatches& known : rule.buffers) {
        if (known.buffer == of) return known;
    }
    rule.buffers.push_back({.buffer = of, .matches = {}});
    return rule.buffers.back();
}

Match* Draft::last_match() noexcept {
    for (BufferMatches& known : rule.buffers) {
        if (known.buffer != buffer) continue;
        for (auto match = known.matches.rbegin(); match != known.matches.rend(); ++match) {
            if (!match->is_look()) return &*match;
        }
    }
    return nullptr;
}

Error keyword_error(const Draft& draft, const Option& option, std::string message,
                    std::string hint) {
    return draft.source.error(option.name_at, std::move(message), std::move(hint));
}

Status needs_no_value(const Draft& draft, const Option& option) {
    if (!option.has_value) return success();
    return draft.source.error(option.value_at, in_quotes(option.name) + " takes no value",
                              "write " + std::string(option.name) + ";");
}

Result<std::uint32_t> number(const Draft& draft, const Option& option, std::uint32_t min,
                             std::uint32_t max) {
    std::uint64_t value = 0;
    const char* const begin = option.value.data();
    const char* const end = begin + option.value.size();
    const auto [stop, code] = std::from_chars(begin, end, value);
    if (code != std::errc{} || stop != end || value < min || value > max) {
        return draft.source.error(
            option.has_value ? option.value_at : option.name_at,
            in_quotes(option.name) + " needs a number from " + std::to_string(min) + " to " +
                std::to_string(max),
            "write " + std::string(option.name) + ":" + std::to_string(min) + ";");
    }
    return static_cast<std::uint32_t>(value);
}

}  // namespace querytap::signature
