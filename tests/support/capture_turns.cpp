#include "capture_turns.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include <pcap/pcap.h>
#include <rapidjson/document.h>

#include <querytap/flow/key.h>
#include <querytap/stream/reassembler.h>

namespace querytap::test {
namespace {

std::string environment(const char* name, const std::string& fallback) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : fallback;
}

/// Puts a direction's segments in order, without the repeated ones.
class Listener final : public stream::Consumer {
  public:
    Listener(std::vector<Turn>& turns, bool to_server, Timestamp time)
        : turns_(turns), to_server_(to_server), time_(time) {}

    void on_stream(Bytes bytes) override {
        const bool goes_on = !turns_.empty() && turns_.back().to_server == to_server_ &&
                             turns_.back().time == time_ && lost_ == 0;
        if (!goes_on) turns_.push_back({to_server_, {}, time_, lost_});
        lost_ = 0;
        auto& said = turns_.back().bytes;
        said.insert(said.end(), bytes.begin(), bytes.end());
    }
    void on_gap(std::uint32_t size) override { lost_ += size; }
    void on_conflicting_overlap() override {}
    void on_late_bytes() override {}

  private:
    std::vector<Turn>& turns_;
    bool to_server_;
    Timestamp time_;
    std::uint32_t lost_ = 0;
};

/// The conversations that packets belong to, and what they carry of them.
class Collector {
  public:
    void add(const packet::PacketView& packet, Timestamp time) {
        if (packet.protocol != packet::IpProtocol::kTcp) return;
        const std::string id = flow::community_id(flow::lookup_of(packet).key);
        const auto [place, created] = index_.try_emplace(id, found_.size());
        if (created) found_.emplace_back();
        Flow& flow = found_[place->second];
        const bool to_server =
            packet.destination_port == 1433 ||
            (packet.source_port != 1433 && packet.destination_port < packet.source_port);
        if ((packet.tcp_flags & packet::kSyn) != 0) flow.conversation.handshake = true;
        flow.last = time;
        Listener listener(flow.conversation.turns, to_server, time);
        reassembler_.push(flow.halves[to_server],
                          {packet.sequence, packet.tcp_flags, packet.payload}, time, listener);
    }

    std::vector<Conversation> take() {
        std::vector<Conversation> conversations;
        for (Flow& flow : found_) {
            for (const bool to_server : {false, true}) {
                Listener listener(flow.conversation.turns, to_server, flow.last);
                reassembler_.flush(flow.halves[to_server], listener);
            }
            if (!flow.conversation.turns.empty()) {
                conversations.push_back(std::move(flow.conversation));
            }
        }
        return conversations;
    }

  private:
    struct Flow {
        Conversation conversation;
        std::array<stream::Half, 2> halves;
        Timestamp last;
    };
    std::map<std::string, std::size_t> index_;
    std::vector<Flow> found_;
    stream::Reassembler reassembler_{{.pool_blocks = 1024}};
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
    // Compared by <: RapidJSON's != is ambiguous in C++20.
    for (auto capture = document.MemberBegin(); capture < document.MemberEnd(); ++capture) {
        const auto& fields = capture->value;
        Label label;
        label.expect = fields["expect"].GetString();
        if (fields.HasMember("threat")) label.threat = fields["threat"].GetString();
        if (fields.HasMember("needs")) label.needs = fields["needs"].GetString();
        if (fields.HasMember("key_log")) label.key_log = fields["key_log"].GetString();
        if (fields.HasMember("flows")) label.flows = fields["flows"].GetUint64();
        if (fields.HasMember("logins")) label.logins = fields["logins"].GetUint64();
        if (fields.HasMember("tds_messages")) {
            const auto& types = fields["tds_messages"];
            for (auto type = types.MemberBegin(); type < types.MemberEnd(); ++type)
                label.tds_messages[std::atoi(type->name.GetString())] = type->value.GetUint64();
        }
        found.emplace(capture->name.GetString(), label);
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

std::vector<Conversation> conversations_of(const std::filesystem::path& capture) {
    Collector collector;
    for (const OwnedFrame& frame : frames_of(capture)) {
        packet::PacketView packet;
        if (packet::decode(frame.bytes, packet) == packet::Decoded::kOk) {
            collector.add(packet, frame.time);
        }
    }
    return collector.take();
}

}  // namespace querytap::test
