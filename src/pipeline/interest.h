// Which streams are worth a session, and which flows are SQL-related enough for a record.
// Everything else costs a look-up and a counter.
#pragma once

#include <cstdint>

#include <querytap/flow/table.h>
#include <querytap/protocol/identify.h>

#include "context.h"

namespace querytap::pipeline {

constexpr std::uint16_t kSqlServerPort = 1433;  // IANA ms-sql-s
constexpr std::uint16_t kDacPort = 1434;        // dedicated administrator connection

constexpr bool is_sql_port(std::uint16_t port) noexcept {
    return port == kSqlServerPort || port == kDacPort;
}

/// A port where SQL Server is expected: its own, or one that was announced.
inline bool touches_sql_port(const flow::Key& key, const Context& context) noexcept {
    return is_sql_port(key.a.port) || is_sql_port(key.b.port) ||
           context.expected_ports.touched_by(key, context.now);
}

/// TDS on any port; TLS where TDS is expected (TDS 8.0 begins with a ClientHello).
inline bool is_inspected(protocol::Protocol app, const flow::Key& key,
                         const Context& context) noexcept {
    return app == protocol::Protocol::kTds ||
           (app == protocol::Protocol::kTls && touches_sql_port(key, context));
}

inline bool is_sql_related(const flow::Flow& flow, const Context& context) noexcept {
    const auto app = static_cast<protocol::Protocol>(flow.app);
    return app == protocol::Protocol::kTds || app == protocol::Protocol::kTds5 ||
           (flow.key.protocol == packet::IpProtocol::kTcp && touches_sql_port(flow.key, context)) ||
           flow.value == flow::Value::kSql;
}

}  // namespace querytap::pipeline
