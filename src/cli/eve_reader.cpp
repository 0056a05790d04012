#include "eve_reader.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>

#include <rapidjson/document.h>

namespace querytap::cli {
namespace {

using pipeline::Event;
using pipeline::TdsKind;
using rapidjson::Value;

/// Missing ones are empty: a reader of optional fields.
const Value& member(const Value& object, const char* name) {
    static const Value kEmpty(rapidjson::kObjectType);
    if (!object.IsObject()) return kEmpty;
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() ? kEmpty : found->value;
}

std::string_view text(const Value& object, const char* name) {
    const Value& value = member(object, name);
    return value.IsString() ? std::string_view(value.GetString(), value.GetStringLength())
                            : std::string_view{};
}

template <typename Number>
Number number(const Value& object, const char* name) {
    const Value& value = member(object, name);
    return value.IsUint64() ? static_cast<Number>(value.GetUint64()) : Number{};
}

Timestamp time_of(std::string_view stamp) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    const std::string copy(stamp);
    if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute,
                    &second) != 6) {
        return {};
    }
    const std::chrono::sys_days date = std::chrono::year_month_day{
        std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
    return date + std::chrono::hours{hour} + std::chrono::minutes{minute} +
           std::chrono::seconds{second};
}

bool conversation(const Value& record, Event& event) {
    const auto client = IpAddress::parse(text(record, "src_ip"));
    const auto server = IpAddress::parse(text(record, "dest_ip"));
    if (!client || !server) return false;
    event.conversation.client = {*client, number<std::uint16_t>(record, "src_port")};
    event.conversation.server = {*server, number<std::uint16_t>(record, "dest_port")};
    event.conversation.flow_id = number<std::uint64_t>(record, "flow_id");
    event.order.time = time_of(text(record, "timestamp"));
    return true;
}

/// "7.4" -> 0x74000000
std::uint32_t tds_version(std::string_view version) {
    if (version.starts_with("8.")) return 8;
    if (version.size() < 3 || version[0] != '7') return 0;
    return (0x70u | static_cast<unsigned>(version[2] - '0')) << 24;
}

tls::Version tls_version(std::string_view version) {
    if (version == "TLS 1.3") return tls::kTls13;
    if (version == "TLS 1.2") return tls::kTls12;
    if (version == "TLS 1.1" || version == "TLSv1.1") return 0x0302;
    return version == "TLSv1" || version == "TLS 1.0" ? tls::Version{0x0301} : tls::Version{0};
}

void login(const Value& from, pipeline::Tds& tds) {
    tds.kind = TdsKind::kLogin;
    tds.tds_version = tds_version(text(from, "version"));
    tds.user.assign(text(from, "user"));
    tds.host.assign(text(from, "host"));
    tds.application.assign(text(from, "application"));
    tds.server.assign(text(from, "server"));
    tds.database.assign(text(from, "database"));
}

void query(const Value& from, pipeline::Tds& tds) {
    tds.kind = TdsKind::kQuery;
    tds.procedure.assign(text(from, "procedure"));
    tds.rpc_calls = number<std::uint16_t>(from, "calls");
    tds.text.assign(text(from, "sql"));
}

void tls_record(const Value& from, pipeline::Tls& tls) {
    tls.handshake.client.seen = true;
    tls.handshake.client.sni.assign(text(from, "sni"));
    tls.handshake.server.version = tls_version(text(from, "version"));
    tls.handshake.server.seen = tls.handshake.server.version != 0;
}

bool tds_record(const Value& from, Event& event) {
    event.type = pipeline::EventType::kTds;
    const std::string_view type = text(from, "type");
    if (type == "tls") {
        tls_record(member(from, "tls"), *std::construct_at(&event.tls));
        return true;
    }
    pipeline::Tds& tds = *std::construct_at(&event.tds);
    if (type == "login") {
        login(member(from, "login"), tds);
    } else if (type == "query") {
        query(member(from, "query"), tds);
    } else if (type == "encrypted") {
        tds.kind = TdsKind::kEncrypted;
        tds.text.assign(text(from, "encrypted"));
    } else if (type == "ssrp") {
        return false;  // no conversation of a database
    } else {
        tds.kind = TdsKind::kResult;  // what says only that the two speak
    }
    return true;
}

bool verdict_record(const Value& from, Event& event) {
    event.type = pipeline::EventType::kVerdict;
    pipeline::Verdict& verdict = *std::construct_at(&event.verdict);
    const std::string_view level = text(from, "level");
    if (level != "suspicious" && level != "malicious") return false;
    verdict.level = verdict::Level::kSuspicious;
    const Value& reasons = member(from, "reasons");
    if (!reasons.IsArray()) return false;
    for (const Value& reason : reasons.GetArray()) {
        if (verdict.reason_count == verdict.reasons.size()) break;
        verdict.reasons[verdict.reason_count++].text.assign(text(reason, "text"));
    }
    return true;
}

bool fill(const Value& record, Event& event) {
    if (!conversation(record, event)) return false;
    const std::string_view type = text(record, "event_type");
    if (type == "tds") return tds_record(member(record, "tds"), event);
    if (type == "verdict") return verdict_record(member(record, "verdict"), event);
    if (type != "flow") return false;
    event.type = pipeline::EventType::kFlow;
    std::construct_at(&event.flow);
    return true;
}

}  // namespace

Status read_eve(const std::filesystem::path& file, pipeline::EventSink& events) {
    std::ifstream in(file);
    if (!in) return Error{.message = "cannot be read", .file = file.string()};
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        if (line.empty()) continue;
        rapidjson::Document record;
        record.Parse(line.data(), line.size());
        if (record.HasParseError() || !record.IsObject()) {
            return Error{.message = "is not a JSON object",
                         .hint = "EVE has one in each line, as querytap run writes them",
                         .file = file.string(),
                         .line = number,
                         .column = static_cast<int>(record.GetErrorOffset()) + 1};
        }
        Event* event = events.reserve(pipeline::EventType::kTds);
        if (event != nullptr && fill(record, *event)) events.publish();
    }
    return success();
}

}  // namespace querytap::cli
