// The *.rules files of a directory.
#pragma once

#include <filesystem>

#include "parser.h"

namespace querytap::signature {

/// All of them, in order of name, into one parser.
Status parse_directory(Parser& parser, const std::filesystem::path& directory);

}  // namespace querytap::signature
