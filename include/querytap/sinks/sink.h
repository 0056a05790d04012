// A place where events go: EVE JSON, the closing table, ... One file each behind this interface.
// Used by the control thread only.
#pragma once

#include <querytap/base/result.h>
#include <querytap/base/time.h>
#include <querytap/pipeline/event.h>
#include <querytap/signature/rule.h>
#include <querytap/sinks/metrics_source.h>

namespace querytap::sinks {

class Sink {
  public:
    virtual ~Sink() = default;
    /// `rule` is set for alerts.
    virtual void write(const pipeline::Event& event, const signature::Rule* rule) = 0;
    /// A stats record, at `when`: now, or in a replay the time of the packets.
    virtual void write_stats(const MetricsSource& source, Timestamp when) {
        (void)source, (void)when;
    }
    /// Everything written so far reaches its destination; an error (disk full, closed pipe) is told
    /// once and then again here.
    virtual Status flush() { return success(); }
    /// Reopens files, for log rotation; where that fails the former ones stay.
    virtual Status reopen() { return success(); }
};

}  // namespace querytap::sinks
