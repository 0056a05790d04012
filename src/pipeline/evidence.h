// What a protocol anomaly weighs as evidence, and how it is said to an analyst.
#pragma once

#include <string_view>

#include <querytap/tds/message.h>

namespace querytap::pipeline {

struct AnomalyEvidence {
    std::string_view text;
    std::string_view technique;  ///< MITRE ATT&CK
    std::uint16_t weight = 0;    ///< 0: counted and reported, but no evidence
};

AnomalyEvidence evidence_of(tds::Anomaly anomaly) noexcept;

}  // namespace querytap::pipeline
