// What a worker counts, on cache lines of its own; summed by the control thread for /metrics, stats
// records and the closing table.
#pragma once

#include <array>
#include <memory>

#include <querytap/base/counter.h>
#include <querytap/packet/decode.h>
#include <querytap/pipeline/event.h>
#include <querytap/pipeline/load.h>
#include <querytap/tds/message.h>
#include <querytap/verdict/evidence.h>

namespace querytap::pipeline {

struct Counters {
    Counter packets;
    Counter bytes;
    Counter payload_bytes_to_tds;
    std::array<Counter, packet::kDecodedCount> decoded;  ///< by packet::Decoded
    std::array<Counter, 32> tds_messages;                ///< by packet type; 31 = any other
    std::array<Counter, tds::kAnomalyCount> anomalies;
    std::array<Counter, verdict::kLevelCount> verdicts;  ///< verdict events by level
    Counter alerts;
    Counter volumes_evicted;       ///< days of pairs, before they were over
    Counter xbits_evicted;         ///< before they ended
    Counter rate_windows_evicted;  ///< of threshold and detection_filter, before they ended
    Counter
        alerts_below_threshold;  ///< hits that a rule's threshold or detection_filter holds back
    Counter alerts_suppressed;   ///< repeated hits of a flow beyond the bound for a signature
    std::array<Counter, kEventTypeCount> events_dropped;  ///< event ring full, by EventType
    Counter sessions_active;
    Counter sessions_capacity;
    Counter sessions_exhausted;     ///< connections that found no place, packet by packet
    Counter sessions_reclaimed;     ///< on probation, gone to make place for others
    Counter messages_exhausted;     ///< messages that found no place
    Counter normalisers_exhausted;  ///< SQL texts that found no normaliser
    Counter sql_limits;  ///< bounds that left something of a SQL text unfolded, cut or unseen
    Counter watches_exhausted;  ///< streams on SQL ports that were not judged
    std::array<Counter, verdict::kEvidenceCount> findings;  ///< by verdict::Evidence
    Counter resets_ignored;                                 ///< RST that no receiver would believe
    Counter load;                                           ///< pipeline::Load in force
    std::array<Counter, kShedCount> shed_bytes;             ///< payload left out, by Shed
    Counter sessions_degraded;                              ///< of which something was left out
    Counter logins;
    Counter queries;
};

}  // namespace querytap::pipeline
