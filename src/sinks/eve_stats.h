// The EVE stats record.
#pragma once

#include <rapidjson/stringbuffer.h>

#include <querytap/base/time.h>
#include <querytap/sinks/metrics_source.h>

namespace querytap::sinks {

void write_stats_record(rapidjson::StringBuffer& out, const MetricsSource& source, Timestamp when);

}  // namespace querytap::sinks
