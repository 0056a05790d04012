// Takes out of a text what T-SQL does not read, when it is too long to be kept otherwise.
#pragma once

#include <cstddef>

namespace querytap::sql {

/// Blanks and comments become one blank, in place; literals and quoted names stay. A comment that
/// is open at the end stays open. Returns the new size.
std::size_t squeeze(char* text, std::size_t size) noexcept;

}  // namespace querytap::sql
