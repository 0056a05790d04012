// Suricata's keywords that this tap does not have, each with what to write instead. A rule is never
// taken in part: what a keyword would have excluded would alert.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace querytap::signature {

enum class Refusal : std::uint8_t {
    kNotSupported,  ///< could mean something here, but does not yet
    kMeaningless,   ///< speaks of things that a SQL tap does not look at
};

struct RefusedKeyword {
    std::string_view name;  ///< a trailing '*' stands for every keyword that begins so
    Refusal refusal{};
    std::string_view instead;
};

std::span<const RefusedKeyword> refused_keywords() noexcept;
const RefusedKeyword* find_refused(std::string_view keyword) noexcept;

}  // namespace querytap::signature
