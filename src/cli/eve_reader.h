// EVE JSON lines, as querytap writes them -> the events that they were made of, as far as a policy
// asks for them.
#pragma once

#include <filesystem>

#include <querytap/base/result.h>
#include <querytap/pipeline/event.h>

namespace querytap::cli {

/// Records that no policy asks for leave no event. An error names the line.
Status read_eve(const std::filesystem::path& file, pipeline::EventSink& events);

}  // namespace querytap::cli
