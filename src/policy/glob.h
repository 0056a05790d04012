// Names with * and ?, ASCII case ignored: logins and applications.
#pragma once

#include <string_view>

namespace querytap::policy {

/// Linear in the text for each star; no recursion.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace querytap::policy
