// The EVE record of an event.
#pragma once

#include <rapidjson/stringbuffer.h>

#include <querytap/pipeline/event.h>
#include <querytap/signature/rule.h>

namespace querytap::sinks {

void write_event(rapidjson::StringBuffer& out, const pipeline::Event& event,
                 const signature::Rule* rule);

}  // namespace querytap::sinks
