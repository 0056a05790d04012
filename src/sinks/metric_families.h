// Metric families being built for one scrape, in prometheus-cpp's types.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace querytap::sinks {

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricFamilies {
  public:
    /// `name` without the prefix "querytap_"; a counter's ends in _total.
    void counter(std::string_view name, std::string_view help, const Labels& labels, double value) {
        add(prometheus::MetricType::Counter, name, help, labels, value);
    }
    void gauge(std::string_view name, std::string_view help, const Labels& labels, double value) {
        add(prometheus::MetricType::Gauge, name, help, labels, value);
    }

    const std::vector<prometheus::MetricFamily>& all() const noexcept { return families_; }

  private:
    void add(prometheus::MetricType type, std::string_view name, std::string_view help,
             const Labels& labels, double value);

    std::vector<prometheus::MetricFamily> families_;
};

}  // namespace querytap::sinks
