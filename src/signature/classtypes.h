// classtype -> priority: our own classes, and those that every Suricata installation knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace querytap::signature {

std::optional<std::uint8_t> classtype_priority(std::string_view classtype) noexcept;

}  // namespace querytap::signature
