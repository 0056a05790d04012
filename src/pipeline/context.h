// What all connections of one worker share: pools, scratch, counters, the generation in force.
// Owned by the Inspector.
#pragma once

#include <bitset>
#include <memory>

#include <querytap/base/object_pool.h>
#include <querytap/pipeline/inspector.h>
#include <querytap/signature/rate_table.h>
#include <querytap/sql/normaliser.h>

#include "event_writer.h"
#include "expected_ports.h"
#include "findings.h"
#include "first_bytes.h"
#include "message_match.h"
#include "sql_reader.h"
#include "view_buffers.h"
#include "volume_table.h"

namespace querytap::pipeline {

/// A rule set in force, or one that only messages under way still use.
struct ActiveGeneration {
    std::unique_ptr<WorkerGeneration> owned;
    std::bitset<signature::kBufferCount> wanted;  ///< buffers that some rule looks at
    bool volumes = false;                         ///< the policy limits how much goes on a day
    bool classify = false;    ///< the policy restricts what kind of statements may be sent
    std::uint32_t users = 0;  ///< transactions opened on it and not yet closed
};

struct Context {
    // Few messages are in the middle of a SQL text at the same time.
    static constexpr std::size_t kSqlReaders = 256;
    // Streams on a SQL port that are not TDS, watched until their first bytes are judged.
    static constexpr std::size_t kWatches = 1024;

    // Of rules with threshold or detection_filter: a window for each rule and pair, about 600 KB.
    static constexpr std::size_t kRates = 8192;
    static constexpr std::size_t kXbits = 8192;     // the same
    static constexpr std::size_t kVolumes = 16384;  // pairs of a day, about 1 MB

    Context(const Limits& limits_, EventSink& sink)
        : limits(limits_),
          events(sink, counters),
          reassembler(limits_.stream),
          session_pool(limits_.tds),
          messages(limits_.sessions),
          findings(limits_.sessions),
          sql_readers(kSqlReaders),
          first_bytes(kWatches),
          rates(kRates, limits_.hash_secret, counters.rate_windows_evicted),
          xbits(kXbits, limits_.hash_secret, now, counters.xbits_evicted),
          volumes(kVolumes, limits_.hash_secret, counters.volumes_evicted) {}

    Limits limits;
    Counters counters;
    signature::ScannerCounters scanner_counters;
    EventWriter events;
    stream::Reassembler reassembler;
    tds::SessionPool session_pool;
    sql::Scratch sql_scratch;
    ViewBuffers views;
    MessageMatch* views_owner = nullptr;  ///< whose pieces stand in `views`
    ObjectPool<MessageMatch> messages;
    ObjectPool<Findings> findings;  ///< one for each connection at most: never exhausted
    ObjectPool<SqlReader> sql_readers;
    ObjectPool<FirstBytes> first_bytes;
    ExpectedPorts expected_ports;
    signature::RateTable rates;
    signature::XbitTable xbits;
    VolumeTable volumes;
    ActiveGeneration* current = nullptr;
    Timestamp now{};
    Load load = Load::kNormal;
};

}  // namespace querytap::pipeline
