#include "eve_events.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "eve_object.h"
#include "eve_tds.h"
#include "names.h"

namespace querytap::sinks {
namespace {

using pipeline::Event;
using pipeline::EventType;

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
            write_tds(eve, event);
            break;
    }
    eve.end();
}

}  // namespace querytap::sinks
