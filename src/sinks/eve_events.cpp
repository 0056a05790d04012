#include "eve_events.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "eve_object.h"
#include "names.h"

namespace querytap::sinks {
namespace {

using pipeline::Event;
using pipeline::EventType;

std::string_view direction(bool to_server) {
    return to_server ? "to_server" : "to_client";
}

/// Who sent the packet, for alerts, as Suricata has it; the client for everything else.
bool client_is_source(const Event& event) {
    return event.type != EventType::kAlert || event.alert.to_server;
}

void write_vlans(EveObject& eve, const packet::Vlans& vlans) {
    if (vlans[0] == 0) return;
    eve.begin_list("vlan");
    for (const std::uint16_t id : vlans) {
        if (id != 0) eve.item(std::uint64_t{id});
    }
    eve.end_list();
}

/// What the number of a tunnel is called where the tunnel comes from.
std::string_view id_name(packet::Encapsulation kind) {
    using packet::Encapsulation;
    switch (kind) {
        case Encapsulation::kGre:
            return "key";
        case Encapsulation::kErspan1:
        case Encapsulation::kErspan2:
        case Encapsulation::kErspan3:
            return "session_id";
        default:
            return "vni";
    }
}

void write_tunnel(EveObject& eve, const packet::Outer& outer) {
    if (outer.kind == packet::Encapsulation::kNone) return;
    eve.begin("tunnel");
    eve.text("type", packet::name(outer.kind));
    eve.text("src_ip", outer.source.to_string());
    eve.text("dest_ip", outer.destination.to_string());
    eve.number_if(id_name(outer.kind), outer.id);
    eve.number("depth", outer.depth);
    eve.end();
}

void write_head(EveObject& eve, const Event& event) {
    const pipeline::Conversation& who = event.conversation;
    const bool forward = client_is_source(event);
    const flow::Endpoint& source = forward ? who.client : who.server;
    const flow::Endpoint& destination = forward ? who.server : who.client;
    eve.time("timestamp", event.order.time);
    if (event.type == EventType::kVerdict && event.verdict.of_pair) {
        eve.text("event_type", name(event.type));
        eve.text("src_ip", source.address.to_string());
        eve.text("dest_ip", destination.address.to_string());
        eve.number("dest_port", destination.port);
        eve.text("proto", name(who.protocol));
        return;
    }
    eve.number("flow_id", who.flow_id);
    eve.text("event_type", name(event.type));
    write_vlans(eve, who.envelope.vlans);
    eve.text("src_ip", source.address.to_string());
    eve.number("src_port", source.port);
    eve.text("dest_ip", destination.address.to_string());
    eve.number("dest_port", destination.port);
    eve.text("proto", name(who.protocol));
    eve.text("community_id", flow::community_id(who.key));
    write_tunnel(eve, who.envelope.outer);
    if (who.app != protocol::Protocol::kUndecided) eve.text("app_proto", protocol::name(who.app));
}

/// Suricata groups metadata values by key, in order of appearance.
void write_metadata(EveObject& eve, const std::vector<signature::Metadata>& metadata) {
    if (metadata.empty()) return;
    eve.begin("metadata");
    for (auto entry = metadata.begin(); entry != metadata.end(); ++entry) {
        const auto same = [&](const signature::Metadata& other) { return other.key == entry->key; };
        if (std::any_of(metadata.begin(), entry, same)) continue;
        eve.begin_list(entry->key);
        for (const signature::Metadata& other : metadata) {
            if (same(other)) eve.item(other.value);
        }
        eve.end_list();
    }
    eve.end();
}

void write_login_context(EveObject& eve, std::string_view user, std::string_view application) {
    if (user.empty() && application.empty()) return;
    eve.begin("tds");
    eve.text_if("user", user);
    eve.text_if("application", application);
    eve.end();
}

void write_alert(EveObject& eve, const pipeline::Alert& alert, const signature::Rule& rule) {
    eve.text("direction", direction(alert.to_server));
    eve.begin("alert");
    eve.text("action", "allowed");
    eve.number("gid", rule.gid);
    eve.number("signature_id", rule.sid);
    eve.number("rev", rule.rev);
    eve.text("signature", rule.message);
    eve.text("category", rule.classtype);
    eve.number("severity", rule.priority);
    write_metadata(eve, rule.metadata);
    eve.end();
    eve.begin("match");
    eve.text("buffer", signature::name(alert.buffer));
    eve.text("excerpt", alert.excerpt.view());
    eve.end();
    write_login_context(eve, alert.user.view(), alert.application.view());
}

/// What was not inspected because the worker could not keep up.
void write_degraded(EveObject& eve, pipeline::Degraded degraded) {
    if (!degraded.any()) return;
    eve.begin_list("degraded");
    for (std::size_t i = 0; i < pipeline::kShedCount; ++i) {
        const auto shed = static_cast<pipeline::Shed>(i);
        if (degraded.has(shed)) eve.item(pipeline::name(shed));
    }
    eve.end_list();
}

void write_verdict(EveObject& eve, const pipeline::Verdict& verdict) {
    eve.begin("verdict");
    if (verdict.of_pair) {
        eve.text("scope", "pair");
        eve.text("text", verdict.text.view());
        eve.number("flows", verdict.flows);
        eve.number_if("folded_records", verdict.folded_records);
    }
    eve.text("level", verdict::name(verdict.level));
    eve.text("previous", verdict::name(verdict.previous));
    eve.number("score", verdict.score);
    eve.begin_list("reasons");
    for (std::size_t i = 0; i < verdict.reason_count; ++i) {
        const verdict::Reason& reason = verdict.reasons[i];
        eve.begin();
        eve.text("kind", verdict::name(reason.kind));
        eve.text("id", reason.id.view());
        eve.text("text", reason.text.view());
        eve.text("technique", reason.technique.view());
        eve.number("weight", reason.weight);
        eve.number("count", reason.count);
        eve.end();
    }
    eve.end_list();
    eve.number_if("folded", verdict.folded);
    write_degraded(eve, verdict.degraded);
    eve.end();
}

void write_flow(EveObject& eve, const Event& event) {
    const pipeline::FlowEnd& flow = event.flow;
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(flow.last - flow.first);
    eve.begin("flow");
    eve.number("pkts_toserver", flow.to_server.packets);
    eve.number("pkts_toclient", flow.to_client.packets);
    eve.number("bytes_toserver", flow.to_server.bytes);
    eve.number("bytes_toclient", flow.to_client.bytes);
    eve.time("start", flow.first);
    eve.time("end", flow.last);
    eve.number("age", static_cast<std::uint64_t>(age.count()));
    eve.text("state", name(flow.state));
    eve.text("reason", name(flow.reason));
    eve.boolean("alerted", flow.alerts > 0);
    eve.end();
    if (event.conversation.protocol == packet::IpProtocol::kTcp) {
        eve.begin("tcp");
        eve.text("tcp_flags",
                 fmt::format("{:02x}", flow.tcp_flags_to_server | flow.tcp_flags_to_client));
        eve.text("tcp_flags_ts", fmt::format("{:02x}", flow.tcp_flags_to_server));
        eve.text("tcp_flags_tc", fmt::format("{:02x}", flow.tcp_flags_to_client));
        if (flow.handshake) {
            const auto us = std::chrono::duration_cast<std::chrono::microseconds>(*flow.handshake);
            eve.number("rtt_us", static_cast<std::uint64_t>(us.count()));
        }
        eve.number_if("gaps", flow.gaps);
        eve.end();
    }
    if (flow.tds_messages_to_server + flow.tds_messages_to_client > 0) {
        eve.begin("tds");
        eve.number("messages_toserver", flow.tds_messages_to_server);
        eve.number("messages_toclient", flow.tds_messages_to_client);
        eve.text_if("user", flow.user.view());
        eve.text_if("application", flow.application.view());
        eve.end();
    }
    eve.begin("verdict");
    eve.text("level", verdict::name(flow.level));
    write_degraded(eve, flow.degraded);
    eve.end();
}

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

void write_tds(EveObject& eve, const pipeline::Tds& tds) {
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

void write_event(rapidjson::StringBuffer& out, const Event& event, const signature::Rule* rule) {
    EveObject eve(out);
    eve.begin();
    write_head(eve, event);
    switch (event.type) {
        case EventType::kAlert:
            write_alert(eve, event.alert, *rule);
            break;
        case EventType::kVerdict:
            write_verdict(eve, event.verdict);
            break;
        case EventType::kFlow:
            write_flow(eve, event);
            break;
        case EventType::kTds:
            if (event.tds.kind == pipeline::TdsKind::kTls) {
                write_tls(eve, event.tls);
            } else if (event.tds.kind == pipeline::TdsKind::kSsrp) {
                write_ssrp(eve, event.ssrp);
            } else {
                write_tds(eve, event.tds);
            }
            break;
    }
    eve.end();
}

}  // namespace querytap::sinks
