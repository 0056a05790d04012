// "type limit, track by_src, count 5, seconds 60": the same in rules and in threshold.config.
#pragma once

#include <string_view>

#include <querytap/signature/rule.h>

namespace querytap::signature {

/// Which of the four were said.
struct RateParts {
    bool type = false, track = false, count = false, seconds = false;

    bool all() const noexcept { return type && track && count && seconds; }
};

/// False when `key` is none of them, was said before, or `value` is none that it can have.
bool take_rate_part(std::string_view key, std::string_view value, Rate& rate, RateParts& parts);

}  // namespace querytap::signature
