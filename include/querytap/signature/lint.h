// Rules that load, but hardly do what their author wants. For tools; allocates.
#pragma once

#include <filesystem>
#include <vector>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>

namespace querytap::signature {

/// Warnings, each with file and line: a rule without the metadata that an analyst needs; contents
/// so short that they match everywhere; a spelling that its buffer never has; a pattern that
/// compiles to very much; conditions that another rule has already. Fails where the rules cannot be
/// read.
Result<std::vector<Error>> lint(const std::filesystem::path& directory,
                                const LoadOptions& options = {});

}  // namespace querytap::signature
