// Sticky buffers by the names that rules use.
#pragma once

#include <optional>
#include <string_view>

#include <querytap/signature/rule.h>

namespace querytap::signature {

/// By name or alias; nothing when there is no such buffer.
std::optional<Buffer> find_buffer(std::string_view name) noexcept;

}  // namespace querytap::signature
