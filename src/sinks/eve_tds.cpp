// EVE records of TDS: logins, queries, results, TLS handshakes, the SQL Server Browser.
#include "eve_tds.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "names.h"

namespace querytap::sinks {
namespace {

/// FeatureExt of LOGIN7 (MS-TDS 2.2.6.4) and its acknowledgement; those without a name by their
/// number.
void write_features(EveObject& eve, std::uint32_t features) {
    if (features == 0) return;
    constexpr std::array<std::string_view, 16> kNames{"",
                                                      "session_recovery",
                                                      "fedauth",
                                                      "",
                                                      "column_encryption",
                                                      "global_transactions",
                                                      "",
                                                      "",
                                                      "azure_sql_support",
                                                      "data_classification",
                                                      "utf8_support",
                                                      "azure_dns_caching",
                                                      "",
                                                      "json_support",
                                                      "vector_support",
                                                      "enhanced_routing"};
    eve.begin_list("features");
    for (std::size_t id = 0; id < 32; ++id) {
        if ((features >> id & 1) == 0) continue;
        const std::string_view known = id < kNames.size() ? kNames[id] : "";
        eve.item(known.empty() ? std::to_string(id) : std::string(known));
    }
    eve.end_list();
}

void write_tds_login(EveObject& eve, const pipeline::Tds& tds) {
    eve.begin("login");
    eve.text("version", tds_version(tds.tds_version));
    eve.text("user", tds.user.view());
    eve.text_if("domain", tds.domain.view());
    eve.boolean("integrated", tds.integrated);
    eve.text("host", tds.host.view());
    eve.text("application", tds.application.view());
    eve.text("library", tds.library.view());
    eve.text("server", tds.server.view());
    eve.text("database", tds.database.view());
    eve.number("packet_size", tds.packet_size);
    eve.number_if("pid", tds.pid);
    eve.number_if("lcid", tds.lcid & 0xfffff);  // the rest is how texts are compared
    if (std::any_of(tds.client_id.begin(), tds.client_id.end(),
                    [](auto byte) { return byte != 0; })) {
        eve.text("client_id", fmt::format("{:02x}", fmt::join(tds.client_id, ":")));
    }
    write_features(eve, tds.features);
    eve.end();
}

void write_tds_query(EveObject& eve, const pipeline::Tds& tds) {
    eve.begin("query");
    eve.text_if("procedure", tds.procedure.view());
    eve.number_if("calls", tds.rpc_calls);
    eve.text_if("sql", tds.text.view());
    if (tds.query_hash != 0) eve.text("query_hash", fmt::format("{:016x}", tds.query_hash));
    if (tds.text.truncated()) eve.boolean("truncated", true);
    if (tds.prepared) eve.boolean("prepared", true);
    eve.text_if("parameters", tds.parameters.view());
    eve.number("size", tds.size);
    if (!tds.complete) eve.boolean("complete", false);
    eve.end();
}

void write_tds_result(EveObject& eve, const pipeline::Tds& tds) {
    eve.begin("result");
    eve.number("result_sets", tds.result.result_sets);
    eve.number("columns", tds.result.columns);
    eve.number("rows", tds.result.rows);
    eve.number("affected", tds.result.affected);
    eve.number("errors", tds.result.errors);
    eve.number("size", tds.size);
    if (!tds.complete) eve.boolean("complete", false);
    eve.end();
}

void write_tds_error(EveObject& eve, const pipeline::Tds& tds) {
    eve.begin("error");
    eve.number("number", tds.error_number);
    eve.number("state", tds.state);
    eve.number("severity", tds.severity);
    eve.text("message", tds.text.view());
    eve.text_if("procedure", tds.procedure.view());
    eve.end();
}

/// As Suricata writes dates of certificates: 2014-05-21T10:44:59.
std::string certificate_date(std::chrono::sys_seconds when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{when - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

/// Names with commas between them.
void write_list_if(EveObject& eve, std::string_view key, std::string_view names) {
    if (names.empty()) return;
    eve.begin_list(key);
    while (!names.empty()) {
        const std::size_t end = std::min(names.find(','), names.size());
        eve.item(names.substr(0, end));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    eve.end_list();
}

/// Suricata's names of the event type tls, in the order in which it writes them; mode, cipher,
/// ja4s, self_signed and sql_server_fallback are ours.
void write_tls(EveObject& eve, const pipeline::Tls& tls) {
    eve.begin("tds");
    eve.text("type", name(tls.kind));
    eve.begin("tls");
    const auto& [client, server, certificate] = tls.handshake;
    eve.text("mode", tds::name(tls.mode));
    if (certificate.seen) {
        eve.text("subject", certificate.subject.view());
        eve.text("issuerdn", certificate.issuer.view());
    }
    eve.text_if("sni", client.sni.view());
    if (server.seen) {
        eve.text("version", tls::name(server.version));
        eve.text("cipher", fmt::format("0x{:04x}", server.cipher));
    }
    if (certificate.seen) {
        eve.text("notbefore", certificate_date(certificate.not_before));
        eve.text("notafter", certificate_date(certificate.not_after));
        eve.boolean("self_signed", certificate.self_signed);
        if (certificate.sql_server_fallback) eve.boolean("sql_server_fallback", true);
    }
    eve.text_if("ja4", client.ja4.view());
    eve.text_if("ja4s", server.ja4s.view());
    write_list_if(eve, "client_alpns", client.alpn.view());
    write_list_if(eve, "server_alpns", server.alpn.view());
    eve.end();
    eve.end();
}

void write_ssrp(EveObject& eve, const pipeline::Ssrp& ssrp) {
    eve.begin("tds");
    eve.text("type", name(ssrp.kind));
    eve.begin("ssrp");
    eve.text("message", tds::name(ssrp.message));
    eve.text_if("server", ssrp.server.view());
    eve.text_if("instance", ssrp.instance.view());
    eve.text_if("version", ssrp.version.view());
    if (ssrp.clustered) eve.boolean("clustered", true);
    eve.number_if("tcp_port", ssrp.tcp_port);
    eve.text_if("pipe", ssrp.pipe.view());
    eve.end();
    eve.end();
}

void write_record(EveObject& eve, const pipeline::Tds& tds) {
    using pipeline::TdsKind;
    eve.text("direction", direction(tds.direction == tds::Direction::kToServer));
    eve.begin("tds");
    eve.text("type", name(tds.kind));
    eve.number_if("smp_session", tds.smp_session);
    eve.number_if("redirected_from", tds.redirected_from);
    switch (tds.kind) {
        case TdsKind::kPrelogin:
            eve.begin("prelogin");
            eve.text("encryption", name(tds.encryption));
            eve.text_if("instance", tds.text.view());
            eve.end();
            break;
        case TdsKind::kLogin:
            write_tds_login(eve, tds);
            break;
        case TdsKind::kLoginAck:
            eve.begin("login_ack");
            eve.text("version", tds_version(tds.tds_version));
            eve.text("program", tds.text.view());
            write_features(eve, tds.features);
            eve.end();
            break;
        case TdsKind::kFederation:
            eve.begin("federation");
            eve.text("sts_url", tds.text.view());
            eve.text("spn", tds.server.view());
            eve.end();
            break;
        case TdsKind::kNtlm:
            eve.begin("ntlm");
            eve.text_if("user", tds.user.view());
            eve.text_if("domain", tds.domain.view());
            eve.text_if("workstation", tds.host.view());
            eve.end();
            break;
        case TdsKind::kQuery:
            write_tds_query(eve, tds);
            break;
        case TdsKind::kResult:
            write_tds_result(eve, tds);
            break;
        case TdsKind::kError:
            write_tds_error(eve, tds);
            break;
        case TdsKind::kEncrypted:
            eve.text("encrypted", tds.text.view());
            break;
        case TdsKind::kAnomaly:
            eve.text("anomaly", tds::name(tds.anomaly));
            break;
        case TdsKind::kRedirect:
            eve.begin("redirect");
            eve.text("server", tds.server.view());
            eve.number("port", tds.redirect_port);
            eve.end();
            break;
        case TdsKind::kTls:
        case TdsKind::kSsrp:
            break;  // records of another form
    }
    eve.end();
}

}  // namespace

void write_tds(EveObject& eve, const pipeline::Event& event) {
    if (event.tds.kind == pipeline::TdsKind::kTls) {
        write_tls(eve, event.tls);
    } else if (event.tds.kind == pipeline::TdsKind::kSsrp) {
        write_ssrp(eve, event.ssrp);
    } else {
        write_record(eve, event.tds);
    }
}

}  // namespace querytap::sinks
