// String functions of T-SQL on constants. Characters are Unicode's, not bytes.
#pragma once

#include <optional>
#include <span>

#include "arguments.h"
#include "keywords.h"

namespace querytap::sql {

/// The size of the value written to `out`; nothing if the call is not constant or does not fit.
std::optional<std::size_t> text_function(Keyword function, Arguments arguments,
                                         std::span<char> out) noexcept;

}  // namespace querytap::sql
