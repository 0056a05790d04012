// Where the signatures are when nobody says.
#pragma once

#include <filesystem>

namespace querytap::cli {

/// Beside the build directory of a checkout, else /etc/querytap/signatures, else
/// /usr/share/querytap/signatures; the first of them if none exists, for the error message.
std::filesystem::path default_signatures();

}  // namespace querytap::cli
