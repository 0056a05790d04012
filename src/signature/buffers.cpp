#include "buffers.h"

#include <array>
#include <utility>

namespace querytap::signature {
namespace {

// In the order of Buffer.
constexpr std::array<std::string_view, kBufferCount> kNames{
    "tds.sql",          "tds.sql.raw",
    "tds.literal",      "tds.decoded",
    "tds.param",        "tds.proc",
    "tds.login.user",   "tds.login.host",
    "tds.login.app",    "tds.login.library",
    "tds.login.server", "tds.login.database",
    "tds.login.domain", "tds.prelogin.version",
    "tds.query_hash",   "tds.result",
    "tds.column",       "tds.error",
    "tds.tunnel",       "tls.sni",
    "tls.cert_subject", "tls.cert_issuer",
    "ja4.hash",         "payload",
};

constexpr std::array<std::pair<std::string_view, Buffer>, 6> kAliases{{
    {"pkt_data", Buffer::kPayload},  // Suricata's and Snort's word for it
    {"tds.sql_raw", Buffer::kTdsSqlRaw},
    {"tds.procedure", Buffer::kTdsProc},
    {"tds.login.application", Buffer::kTdsLoginApp},
    {"tds.login.hostname", Buffer::kTdsLoginHost},
    {"tls_sni", Buffer::kTlsSni},
}};

}  // namespace

std::string_view name(Buffer buffer) noexcept {
    const auto index = static_cast<std::size_t>(buffer);
    return index < kNames.size() ? kNames[index] : std::string_view("unknown");
}

std::optional<Buffer> find_buffer(std::string_view text) noexcept {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == text) return static_cast<Buffer>(i);
    }
    for (const auto& [alias, buffer] : kAliases) {
        if (alias == text) return buffer;
    }
    return std::nullopt;
}

}  // namespace querytap::signature
