#include "capture_turns.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <pcap/pcap.h>
#include <rapidjson/document.h>

#include <querytap/flow/key.h>

namespace querytap::test {
namespace {

std::string environment(const char* name, const std::string& fallback) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : fallback;
}

/// The conversation that a packet belongs to, and what it carries of it.
struct Collector {
    std::map<std::string, std::size_t> index;
    std::vector<std::vector<Turn>> conversations;

    void add(const packet::PacketView& packet, Timestamp time) {
        if (packet.protocol != packet::IpProtocol::kTcp || packet.payload.empty()) return;
        const std::string id = flow::community_id(flow::lookup_of(packet).key);
        const auto [place, created] = index.try_emplace(id, conversations.size());
        if (created) conversations.emplace_back();
        std::vector<Turn>& turns = conversations[place->second];
        const bool to_server =
            packet.destination_port == 1433 ||
            (packet.source_port != 1433 && packet.destination_port < packet.source_port);
        if (turns.empty() || turns.back().to_server != to_server || turns.back().time != time) {
            turns.push_back({to_server, {}, time});
        }
        auto& bytes = turns.back().bytes;
        bytes.insert(bytes.end(), packet.payload.begin(), packet.payload.end());
    }
};

}  // namespace

std::filesystem::path source_root() {
    return environment("QUERYTAP_SOURCE", ".");
}

std::filesystem::path foreign_captures() {
    return environment("QUERYTAP_CAPTURES", (source_root() / "../shared/captures").string());
}

std::map<std::string, Label> labels() {
    std::ifstream in(source_root() / "tests/data/labels.json");
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    rapidjson::Document document;
    if (document.Parse(text.c_str()).HasParseError()) {
        throw std::runtime_error("tests/data/labels.json cannot be read");
    }
    std::map<std::string, Label> found;
    for (const auto& capture : document.GetObject()) {
        const auto& fields = capture.value;
        Label label;
        label.expect = fields["expect"].GetString();
        if (fields.HasMember("threat")) label.threat = fields["threat"].GetString();
        if (fields.HasMember("needs")) label.needs = fields["needs"].GetString();
        if (fields.HasMember("key_log")) label.key_log = fields["key_log"].GetString();
        if (fields.HasMember("flows")) label.flows = fields["flows"].GetUint64();
        if (fields.HasMember("logins")) label.logins = fields["logins"].GetUint64();
        if (fields.HasMember("tds_messages")) {
            for (const auto& type : fields["tds_messages"].GetObject()) {
                label.tds_messages[std::atoi(type.name.GetString())] = type.value.GetUint64();
            }
        }
        found.emplace(capture.name.GetString(), label);
    }
    return found;
}

std::shared_ptr<const tls::KeyLog> key_log_of(const std::string& capture) {
    const std::string name = labels().at(capture).key_log;
    if (name.empty()) return nullptr;
    auto log = tls::KeyLog::load(source_root() / "tests/data" / name);
    if (!log.ok()) throw std::runtime_error(log.error().to_string());
    return std::make_shared<const tls::KeyLog>(std::move(log).value());
}

std::vector<std::string> labelled_captures() {
    std::vector<std::string> names;
    for (const auto& [name, label] : labels()) {
        if (label.expect != "error" && !name.starts_with("format-")) names.push_back(name);
    }
    return names;
}

std::vector<OwnedFrame> frames_of(const std::filesystem::path& capture) {
    char error[PCAP_ERRBUF_SIZE];
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> file(
        pcap_open_offline_with_tstamp_precision(capture.c_str(), PCAP_TSTAMP_PRECISION_NANO, error),
        pcap_close);
    if (!file) throw std::runtime_error(error);
    std::vector<OwnedFrame> frames;
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    while (pcap_next_ex(file.get(), &header, &bytes) == 1) {
        const Timestamp time = from_ns(header->ts.tv_sec * 1'000'000'000LL + header->ts.tv_usec);
        frames.push_back({{bytes, bytes + header->caplen}, time, frames.size() + 1});
    }
    return frames;
}

std::vector<std::vector<Turn>> turns_of(const std::filesystem::path& capture) {
    Collector collector;
    for (const OwnedFrame& frame : frames_of(capture)) {
        packet::PacketView packet;
        if (packet::decode(frame.bytes, packet) == packet::Decoded::kOk) {
            collector.add(packet, frame.time);
        }
    }
    return std::move(collector.conversations);
}

}  // namespace querytap::test
