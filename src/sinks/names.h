// Words for enumerations, the same in EVE, metrics and tables.
#pragma once

#include <string>
#include <string_view>

#include <querytap/flow/table.h>
#include <querytap/pipeline/event.h>

namespace querytap::sinks {

std::string_view name(pipeline::EventType type) noexcept;
std::string_view name(pipeline::TdsKind kind) noexcept;
std::string_view name(flow::State state) noexcept;
std::string_view name(flow::EndReason reason) noexcept;
std::string_view name(packet::IpProtocol protocol) noexcept;
std::string_view name(tds::Encryption encryption) noexcept;

/// 0x74000004 -> "7.4".
std::string tds_version(std::uint32_t version);

}  // namespace querytap::sinks
