// Text from the wire, made fit for people and for JSON.
#pragma once

#include <string>
#include <string_view>

namespace querytap::sinks {

/// Valid UTF-8: every byte that is not part of a valid character becomes U+FFFD.
std::string valid_utf8(std::string_view text);

/// The same for a terminal: control characters, which could move the cursor or hide text, become
/// '.'.
std::string printable(std::string_view text);

}  // namespace querytap::sinks
