// Comparisons with numbers, as dsize, bsize and tds.rows write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rule_model.h"

namespace querytap::signature {

/// One number of a comparison; nothing when the text is none.
using NumberReader = std::optional<std::uint64_t> (*)(std::string_view);

std::optional<std::uint64_t> read_decimal(std::string_view text);

/// "100", "=100", "<100", "<=100", ">100", ">=100", "10<>20" and "10-20" (both ends excluded, as
/// Suricata has it).
std::optional<SizeRange> parse_range(std::string_view text, NumberReader read);

}  // namespace querytap::signature
