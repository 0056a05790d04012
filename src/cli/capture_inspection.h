// A capture through one Inspector in this thread: no ports, no workers, no root.
#pragma once

#include <filesystem>
#include <memory>

#include <querytap/base/result.h>
#include <querytap/pipeline/inspector.h>

namespace querytap::cli {

/// Events go to `events`, of TDS messages only if asked for; `observer` may be null. An error names
/// the packet where a file is broken.
Status inspect_capture(const std::filesystem::path& file,
                       const std::shared_ptr<const signature::RuleSet>& rules,
                       pipeline::EventSink& events, signature::ScanObserver* observer = nullptr,
                       bool tds_events = false);

}  // namespace querytap::cli
