// What clients ask the SQL Server Browser (SSRP, UDP 1434), and what it tells them.
#pragma once

#include <querytap/flow/table.h>
#include <querytap/packet/decode.h>

#include "context.h"

namespace querytap::pipeline {

constexpr bool touches_browser(const packet::PacketView& packet) noexcept {
    return packet.source_port == tds::kSsrpPort || packet.destination_port == tds::kSsrpPort;
}

/// Of an answer, what is of use to other flows.
void learn_announcement(Context& context, const packet::PacketView& packet) noexcept;

/// A datagram of such a flow.
void inspect_browser(Context& context, flow::Flow& flow, const flow::Details& details,
                     const packet::PacketView& packet) noexcept;

}  // namespace querytap::pipeline
