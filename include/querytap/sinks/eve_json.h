// EVE JSON lines with Suricata's field names: event_type alert, verdict, flow, tds, stats. Compact,
// one object to a line, fields in a fixed order, so that equal events are equal bytes.
#pragma once

#include <memory>
#include <string>

#include <querytap/config/config.h>
#include <querytap/sinks/sink.h>

namespace querytap::sinks {

/// options.file: a path (appended to) or "-" for standard output.
Result<std::unique_ptr<Sink>> make_eve_json(const config::Eve& options);

/// One event as one line, with the newline. For tests and for other exporters.
std::string to_eve_line(const pipeline::Event& event, const signature::Rule* rule);

}  // namespace querytap::sinks
