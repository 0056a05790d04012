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

/// Only one end has a port of SQL Server's: that is the server.
constexpr bool tells_server(const flow::Key& key) noexcept {
    return is_sql_port(key.a.port) != is_sql_port(key.b.port);
}

/// A port where SQL Server is expected: its own, or one that was announced.
inline bool touches_sql_port(const flow::Key& key, const Context& context) noexcept {
    return is_sql_port(key.a.port) || is_sql_port(key.b.port) ||
           context.expected_ports.touched_by(key, context.now);
}

/// Where nobody wonders at TDS: SQL Server's ports, and those to which Azure redirects.
constexpr bool is_usual_port(std::uint16_t port) noexcept {
    return is_sql_port(port) || (port >= 11000 && port <= 11999);
}

/// Another protocol, or none that is known, to a server on a SQL port; TDS of Sybase on any. Only
/// where the beginning was seen: who listens where, and what it began with, is no guess then.
inline bool is_watched(protocol::Protocol app, const flow::Flow& flow, bool midstream) noexcept {
    if (app == protocol::Protocol::kTds5) return true;
    const std::uint16_t port = flow.client == flow::Side::kFromA ? flow.port_b : flow.port_a;
    return !midstream && flow.client_known && is_sql_port(port) &&
           app != protocol::Protocol::kUndecided;
}

/// TDS on any port; TLS where TDS is expected (TDS 8.0 begins with a ClientHello).
inline bool is_inspected(protocol::Protocol app, const flow::Key& key,
                         const Context& context) noexcept {
    return app == protocol::Protocol::kTds ||
           (app == protocol::Protocol::kTls && touches_sql_port(key, context));
}

inline bool is_sql_related(const flow::Flow& flow, const flow::Key& key,
                           const Context& context) noexcept {
    const auto app = static_cast<protocol::Protocol>(flow.app);
    return app == protocol::Protocol::kTds || app == protocol::Protocol::kTds5 ||
           (key.protocol == packet::IpProtocol::kTcp && touches_sql_port(key, context)) ||
           flow.value == flow::Value::kSql || flow.told;
}

inline void shed(Context& context, Shed what, std::size_t bytes) noexcept {
    context.counters.shed_bytes[static_cast<std::size_t>(what)].add(bytes);
}

}  // namespace querytap::pipeline
