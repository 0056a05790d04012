// What one worker's inspection costs, without devices: a capture in memory, lap after lap, each lap
// with client addresses and sequence numbers of its own, so that every lap is new traffic.
//
//   bench_inspector CAPTURE [--signatures DIR] [--laps N]
//
// Prints, each as the median of five runs: the rewriting alone (baseline), the Inspector with it,
// the Inspector alone (difference), and Hyperscan alone on the same SQL text (narrowed, block
// mode).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <querytap/base/utf16.h>
#include <querytap/pipeline/inspector.h>

#include "capture_turns.h"

namespace {

using namespace querytap;
using Clock = std::chrono::steady_clock;

constexpr int kRuns = 5;
constexpr std::size_t kAddress = 14 + 12;  // IPv4 source in an untagged Ethernet frame
constexpr std::size_t kSequence = 14 + 20 + 4;

/// Takes events and forgets them: the cost of filling them stays in the measurement.
class NoEvents final : public pipeline::EventSink {
  public:
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override { ++count_; }

  private:
    pipeline::Event event_;
    std::uint64_t count_ = 0;
};

struct Lap {
    std::vector<test::OwnedFrame> frames;
    std::uint64_t bytes = 0;
    Duration length{};
};

/// Both endpoints move to another /8 and both directions' sequence numbers by the same step.
void rewrite(test::OwnedFrame& frame, std::uint8_t lap, Duration step) {
    std::uint8_t* bytes = frame.bytes.data();
    bytes[kAddress] = lap;
    bytes[kAddress + 4] = lap;
    bytes[kSequence] = static_cast<std::uint8_t>(bytes[kSequence] + 1);
    bytes[kSequence + 4] = static_cast<std::uint8_t>(bytes[kSequence + 4] + 1);
    frame.time += step;
}

Lap load(const std::filesystem::path& capture) {
    Lap lap;
    for (auto& frame : test::frames_of(capture)) {
        packet::PacketView packet;
        const bool plain = frame.bytes.size() >= kSequence + 8 && frame.bytes[12] == 0x08 &&
                           frame.bytes[13] == 0x00 && frame.bytes[14] == 0x45;
        if (!plain || packet::decode(frame.bytes, packet) != packet::Decoded::kOk) continue;
        lap.bytes += frame.bytes.size();
        lap.frames.push_back(std::move(frame));
    }
    if (!lap.frames.empty()) {
        lap.length = lap.frames.back().time - lap.frames.front().time + std::chrono::hours(2);
    }
    return lap;
}

double run(Lap& lap, int laps, pipeline::Inspector* inspector) {
    const auto begin = Clock::now();
    std::vector<packet::Frame> burst;
    burst.reserve(32);
    std::uint64_t ordinal = 0;
    static std::uint8_t number = 1;
    for (int i = 0; i < laps; ++i, ++number) {
        for (auto& frame : lap.frames) {
            rewrite(frame, number, lap.length);
            frame.ordinal = ++ordinal;
            burst.push_back(frame.frame());
            if (burst.size() < 32) continue;
            if (inspector != nullptr) inspector->inspect(burst);
            burst.clear();
        }
    }
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

void report(const char* what, double seconds, std::uint64_t packets, std::uint64_t bytes) {
    std::printf("%-36s %8.2f Mpps %8.2f Gbit/s\n", what,
                static_cast<double>(packets) / seconds / 1e6,
                static_cast<double>(bytes) * 8 / seconds / 1e9);
}

/// One pattern per rule message is not what the scanner compiles, so the rules' own databases are
/// used through a Scanner with one transaction for each text.
double scan_only(const Lap& lap, int laps, const std::shared_ptr<const signature::RuleSet>& rules,
                 std::uint64_t& text_bytes) {
    std::vector<std::string> texts;
    for (const auto& frame : lap.frames) {
        packet::PacketView packet;
        packet::decode(frame.bytes, packet);
        if (packet.payload.empty()) continue;
        std::string narrowed(narrow_bound(packet.payload.size()), '\0');
        NarrowState state;
        narrowed.resize(narrow(packet.payload, narrowed.data(), state));
        texts.push_back(std::move(narrowed));
    }
    signature::ScannerCounters counters;
    auto scanner = signature::Scanner::create(rules, {}, counters);
    if (!scanner.ok()) return 0;
    class NoHits final : public signature::HitSink {
        void on_hit(const signature::Hit&) override {}
    } hits;
    const auto begin = Clock::now();
    for (int i = 0; i < laps; ++i) {
        for (const std::string& text : texts) {
            const auto id = (*scanner)->open({});
            (*scanner)->scan(id, signature::Buffer::kTdsSql, text);
            (*scanner)->close(id, hits);
            text_bytes += text.size();
        }
    }
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
    std::filesystem::path capture;
    std::filesystem::path signatures = "signatures";
    int laps = 8;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--signatures" && i + 1 < argc) {
            signatures = argv[++i];
        } else if (argument == "--laps" && i + 1 < argc) {
            laps = std::max(1, std::atoi(argv[++i]));
        } else if (capture.empty() && !argument.starts_with('-')) {
            capture = argument;
        } else {
            capture.clear();
            break;
        }
    }
    if (capture.empty()) {
        std::fprintf(stderr, "usage: bench_inspector CAPTURE [--signatures DIR] [--laps N]\n");
        return 2;
    }
    auto rules = signature::RuleSet::load(signatures);
    if (!rules.ok()) {
        std::fprintf(stderr, "%s\n", rules.error().to_string().c_str());
        return 1;
    }
    Lap lap = load(capture);
    const std::uint64_t packets = lap.frames.size() * static_cast<std::uint64_t>(laps);
    const std::uint64_t bytes = lap.bytes * static_cast<std::uint64_t>(laps);
    std::printf("%zu frames, %.1f MB, mean %.0f B, %d laps, %zu signatures\n", lap.frames.size(),
                static_cast<double>(lap.bytes) / 1e6,
                static_cast<double>(lap.bytes) / static_cast<double>(lap.frames.size()), laps,
                (*rules)->rules().size());

    NoEvents events;
    pipeline::Limits limits;
    limits.flows = 1 << 20;
    limits.sessions = 1 << 15;
    auto inspector = pipeline::Inspector::create(limits, {1, *rules, nullptr}, events);
    if (!inspector.ok()) return 1;

    std::vector<double> baseline;
    std::vector<double> whole;
    std::vector<double> scan;
    std::uint64_t text_bytes = 0;
    for (int i = 0; i < kRuns; ++i) {
        baseline.push_back(run(lap, laps, nullptr));
        whole.push_back(run(lap, laps, inspector->get()));
        text_bytes = 0;
        scan.push_back(scan_only(lap, laps, *rules, text_bytes));
    }
    report("rewriting alone (baseline)", median(baseline), packets, bytes);
    report("Inspector with rewriting", median(whole), packets, bytes);
    report("Inspector alone", median(whole) - median(baseline), packets, bytes);
    std::printf("%-36s %8s      %8.2f Gbit/s of narrowed payload\n", "Scanner alone (tds.sql)", "",
                static_cast<double>(text_bytes) * 8 / median(scan) / 1e9);
    const auto stats = (*inspector)->stats();
    std::printf("queries %lu, results %lu, alerts %lu, sessions exhausted %lu, gaps %lu\n",
                stats.pipeline.queries.read(), stats.pipeline.tds_messages[4].read(),
                stats.pipeline.alerts.read(), stats.pipeline.sessions_exhausted.read(),
                stats.stream.gaps.read());
    (*inspector)->finish(from_ns(INT64_MAX));
    return 0;
}
