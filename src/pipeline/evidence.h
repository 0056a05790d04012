// Which evidence a protocol anomaly is.
#pragma once

#include <optional>

#include <querytap/tds/message.h>
#include <querytap/verdict/evidence.h>

namespace querytap::pipeline {

/// None: counted and reported, but no evidence.
std::optional<verdict::Evidence> evidence_of(tds::Anomaly anomaly) noexcept;

}  // namespace querytap::pipeline
