// What one worker's inspection costs, without devices: a capture in memory, lap after lap, each lap
// with client addresses and sequence numbers of its own, so that every lap is new traffic.
//
//   bench_inspector CAPTURE [--signatures DIR] [--laps N] [--literals N] [--json] [--alone]
//
// Prints, each as the median of five runs: the rewriting alone (baseline), the Inspector with it,
// the Inspector alone (difference), and, as the bound, nothing but narrowing and Hyperscan on the
// payloads; with --literals also the Inspector alone with N signatures more. All in packets and
// bits of the capture's frames.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <hs.h>

#include <querytap/base/utf16.h>
#include <querytap/pipeline/inspector.h>

#include "../../src/signature/program.h"
#include "capture_turns.h"

namespace {

using namespace querytap;

/// Of the processor, not of the wall: whoever else runs here does not count.
double seconds_used() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

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

struct LapFrame : test::OwnedFrame {
    std::size_t payload = 0;  ///< where it begins; the end of the frame when there is none
};

struct Lap {
    std::vector<LapFrame> frames;
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
        const std::size_t payload =
            packet.payload.empty()
                ? frame.bytes.size()
                : static_cast<std::size_t>(packet.payload.data() - frame.bytes.data());
        lap.frames.push_back({std::move(frame), payload});
    }
    if (!lap.frames.empty()) {
        lap.length = lap.frames.back().time - lap.frames.front().time + std::chrono::hours(2);
    }
    return lap;
}

double run(Lap& lap, int laps, pipeline::Inspector* inspector) {
    const double begin = seconds_used();
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
    return seconds_used() - begin;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// What no inspection can beat: narrow each payload and give it to Hyperscan, with the database of
/// tds.sql that all signatures were compiled to, and forget what it finds.
class Floor {
  public:
    explicit Floor(const signature::RuleSet& rules)
        : database_(rules.impl()
                        .buffers[static_cast<std::size_t>(signature::Buffer::kTdsSql)]
                        .block.get()) {
        hs_alloc_scratch(database_, &scratch_);
    }
    ~Floor() { hs_free_scratch(scratch_); }
    Floor(const Floor&) = delete;
    Floor& operator=(const Floor&) = delete;

    double run(const Lap& lap, int laps) {
        const auto ignore = [](unsigned, unsigned long long, unsigned long long, unsigned, void*) {
            return 0;
        };
        const double begin = seconds_used();
        for (int i = 0; i < laps; ++i) {
            for (const auto& frame : lap.frames) {
                const Bytes payload = Bytes{frame.bytes}.subspan(frame.payload);
                NarrowState state;
                narrowed_.resize(std::max(narrowed_.size(), narrow_bound(payload.size())));
                const std::size_t size = narrow(payload, narrowed_.data(), state);
                if (size == 0) continue;
                hs_scan(database_, narrowed_.data(), static_cast<unsigned>(size), 0, scratch_,
                        ignore, nullptr);
            }
        }
        return seconds_used() - begin;
    }

  private:
    const hs_database_t* database_;
    hs_scratch_t* scratch_ = nullptr;
    std::vector<char> narrowed_;
};

struct Options {
    std::filesystem::path capture;
    std::filesystem::path signatures = "signatures";
    int laps = 8;
    int literals = 0;
    bool json = false;
    bool alone = false;
};

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--signatures" && i + 1 < argc) {
            options.signatures = argv[++i];
        } else if (argument == "--laps" && i + 1 < argc) {
            options.laps = std::max(1, std::atoi(argv[++i]));
        } else if (argument == "--literals" && i + 1 < argc) {
            options.literals = std::max(0, std::atoi(argv[++i]));
        } else if (argument == "--alone") {
            options.alone = true;
        } else if (argument == "--json") {
            options.json = true;
        } else if (options.capture.empty() && !argument.starts_with('-')) {
            options.capture = argument;
        } else {
            return false;
        }
    }
    return !options.capture.empty();
}

/// The signatures of the directory and, beside them, names such as an analyst collects: each a
/// content of its own on normalised SQL.
Result<std::shared_ptr<const signature::RuleSet>> with_literals(
    const std::filesystem::path& directory, int literals) {
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        if (entry.path().extension() != ".rules") continue;
        std::ifstream in(entry.path(), std::ios::binary);
        text.append(std::istreambuf_iterator<char>(in), {});
        text += "\n";
    }
    std::mt19937 random(1);
    for (int i = 0; i < literals; ++i) {
        std::string name = random() % 2 == 0 ? "sp_" : "tbl_";
        for (auto size = 8 + random() % 8; size > 0; --size)
            name += "abcdefghijklmnopqrstuvwxyz0123456789"[random() % 36];
        text += "alert tds any any -> any any (msg:\"literal\"; tds.sql; content:\"" + name +
                "\"; sid:" + std::to_string(1'000'000 + i) + ";)\n";
    }
    return signature::RuleSet::parse(text, "literals.rules");
}

struct Measured {
    double baseline = 0;
    double whole = 0;
    double many = 0;   ///< with more literals
    double floor = 0;  ///< seconds, medians
    double alone() const { return whole - baseline; }
};

/// `many` may be nullptr.
Measured measure(Lap& lap, int laps, pipeline::Inspector& inspector, pipeline::Inspector* many,
                 Floor& floor) {
    std::vector<double> baselines;
    std::vector<double> wholes;
    std::vector<double> manies;
    std::vector<double> floors;
    for (int i = 0; i < kRuns; ++i) {
        baselines.push_back(run(lap, laps, nullptr));
        wholes.push_back(run(lap, laps, &inspector));
        manies.push_back(many == nullptr ? 0 : run(lap, laps, many));
        floors.push_back(floor.run(lap, laps));
    }
    return {median(baselines), median(wholes), median(manies), median(floors)};
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: bench_inspector CAPTURE [--signatures DIR] [--laps N] [--literals N] "
                     "[--json] [--alone]\n");
        return 2;
    }
    auto rules = signature::RuleSet::load(options.signatures);
    if (!rules.ok()) {
        std::fprintf(stderr, "%s\n", rules.error().to_string().c_str());
        return 1;
    }
    Lap lap = load(options.capture);
    NoEvents events;
    pipeline::Limits limits;
    limits.flows = 1 << 20;
    limits.sessions = 1 << 15;
    auto inspector = pipeline::Inspector::create(limits, {1, *rules, nullptr}, events);
    if (!inspector.ok() || lap.frames.empty()) return 1;
    if (options.alone) {  // for a profiler
        run(lap, options.laps, inspector->get());
        return 0;
    }
    Floor floor(**rules);
    std::unique_ptr<pipeline::Inspector> many;
    std::size_t many_rules = 0;
    if (options.literals > 0) {
        auto more = with_literals(options.signatures, options.literals);
        if (!more.ok()) {
            std::fprintf(stderr, "%s\n", more.error().to_string().c_str());
            return 1;
        }
        many_rules = (*more)->rules().size();
        auto made = pipeline::Inspector::create(limits, {1, *more, nullptr}, events);
        if (!made.ok()) return 1;
        many = std::move(made).value();
    }

    const Measured seconds = measure(lap, options.laps, **inspector, many.get(), floor);
    const double with_more = many ? seconds.alone() / (seconds.many - seconds.baseline) : 0;
    const double packets = static_cast<double>(lap.frames.size()) * options.laps;
    const double bits = static_cast<double>(lap.bytes) * 8 * options.laps;
    const auto report = [&](const char* what, double taken) {
        std::printf("%-36s %8.2f Mpps %8.2f Gbit/s\n", what, packets / taken / 1e6,
                    bits / taken / 1e9);
    };
    const auto stats = (*inspector)->stats();
    if (options.json) {
        std::printf(
            "{\"inspector_pps\":%.0f,\"inspector_bps\":%.0f,\"floor_pps\":%.0f,"
            "\"floor_bps\":%.0f,\"with_literals\":%.3f}\n",
            packets / seconds.alone(), bits / seconds.alone(), packets / seconds.floor,
            bits / seconds.floor, with_more);
    } else {
        std::printf("%zu frames, %.1f MB, %d laps, %zu signatures\n", lap.frames.size(),
                    static_cast<double>(lap.bytes) / 1e6, options.laps, (*rules)->rules().size());
        report("rewriting alone (baseline)", seconds.baseline);
        report("Inspector with rewriting", seconds.whole);
        report("Inspector alone", seconds.alone());
        report("narrowing and Hyperscan alone", seconds.floor);
        if (many) {
            std::printf("with %zu signatures: %.1f %% of the speed\n", many_rules,
                        with_more * 100);
        }
        std::printf("queries %lu, results %lu, alerts %lu, sessions exhausted %lu, gaps %lu\n",
                    stats.pipeline.queries.read(), stats.pipeline.tds_messages[4].read(),
                    stats.pipeline.alerts.read(), stats.pipeline.sessions_exhausted.read(),
                    stats.stream.gaps.read());
    }
    (*inspector)->finish(from_ns(INT64_MAX));
    return 0;
}
