// What Hyperscan's regular expressions lack, found by reading the pattern: it is refused by its
// name and place, before the compiler would say something less helpful.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace querytap::signature {

struct PcreFault {
    std::size_t at = 0;  ///< in the pattern
    std::string_view what;
};
std::optional<PcreFault> find_unsupported(std::string_view pattern) noexcept;

/// Bytes of the longest text that stands in the pattern as it is. Hyperscan looks for such texts;
/// a pattern without any is tried on every byte.
std::size_t longest_literal(std::string_view pattern) noexcept;

/// How a relative pattern (/R) begins: '^' there means "right after the last match".
struct Anchors {
    bool leading = false;      ///< '^' or \A as the first thing
    bool elsewhere = false;    ///< and where it can mean nothing to us
    bool alternation = false;  ///< '|' outside all groups
};
Anchors find_anchors(std::string_view pattern) noexcept;

}  // namespace querytap::signature
