// Where the signatures are when nobody says, and how they are read.
#pragma once

#include <filesystem>

#include <querytap/config/config.h>
#include <querytap/signature/ruleset.h>

namespace querytap::cli {

/// Beside the build directory of a checkout, else /etc/querytap/signatures, else
/// /usr/share/querytap/signatures; the first of them if none exists, for the error message.
std::filesystem::path default_signatures();

/// As the configuration wants them.
signature::LoadOptions load_options(const config::Config& config);

}  // namespace querytap::cli
