// The part of an EVE line that an event of type tds has.
#pragma once

#include <string_view>

#include <querytap/pipeline/event.h>

#include "eve_object.h"

namespace querytap::sinks {

/// As Suricata says it.
constexpr std::string_view direction(bool to_server) noexcept {
    return to_server ? "to_server" : "to_client";
}

void write_tds(EveObject& eve, const pipeline::Event& event);

}  // namespace querytap::sinks
