#include "metric_families.h"

#include <algorithm>

namespace querytap::sinks {

void MetricFamilies::add(prometheus::MetricType type, std::string_view name, std::string_view help,
                         const Labels& labels, double value) {
    const std::string full = "querytap_" + std::string(name);
    auto family = std::find_if(families_.begin(), families_.end(),
                               [&](const auto& other) { return other.name == full; });
    if (family == families_.end()) {
        families_.push_back({full, std::string(help), type, {}});
        family = std::prev(families_.end());
    }
    prometheus::ClientMetric metric;
    for (const auto& [label, text] : labels)
        metric.label.push_back({label, text});
    if (type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
    family->metric.push_back(std::move(metric));
}

}  // namespace querytap::sinks
