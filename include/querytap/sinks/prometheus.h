// The text of /metrics, made on each scrape from the live counters (prometheus-cpp serialises).
// Names: querytap_..., base units, _total for counters, as Prometheus' conventions want.
#pragma once

#include <string>

#include <querytap/sinks/metrics_source.h>

namespace querytap::sinks {

/// Any thread.
std::string prometheus_exposition(const MetricsSource& source, const PairStats& pairs);

}  // namespace querytap::sinks
