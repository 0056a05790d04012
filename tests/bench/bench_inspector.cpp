// What one worker's inspection costs, without devices: a capture in memory, lap after lap, each lap
// with client addresses and sequence numbers of its own, so that every lap is new traffic.
//
//   bench_inspector CAPTURE [--signatures DIR] [--laps N] [--literals N] [--prefixes N]
//                   [--json] [--alone]
//
// Prints, each as the median of five runs: the rewriting alone (baseline), the Inspector with it,
// the Inspector alone (difference), and, as the bound, nothing but narrowing and Hyperscan on the
// payloads. With --literals also the speed with N signatures more, with --prefixes that with a
// policy of N prefixes beside an empty one. All in packets and bits of the capture's frames.
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
#include "lap.h"

namespace {

using namespace querytap;
using bench::Lap;
using bench::NoEvents;
using bench::play;

/// Of the processor, not of the wall: whoever else runs here does not count.
double seconds_used() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

constexpr int kRuns = 5;
double run(Lap& lap, int laps, pipeline::Inspector* inspector) {
    const double begin = seconds_used();
    play(lap, laps, inspector);
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
    int prefixes = 0;
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
        } else if (argument == "--prefixes" && i + 1 < argc) {
            options.prefixes = std::max(0, std::atoi(argv[++i]));
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

/// One rule for all; the clients that it names are `prefixes` networks. Some hold the clients of
/// the capture, so that looking one up ends at the bottom.
std::string policy_text(int prefixes) {
    std::string text =
        "internal: [0.0.0.0/0]\n"
        "servers: {all: {addresses: 0.0.0.0/0, ports: [1-65535]}}\n"
        "clients:\n  none: {addresses: [192.0.2.1]}\n";
    constexpr int kGroups = 100;
    for (int group = 0; group < std::min(kGroups, prefixes); ++group) {
        text += "  g" + std::to_string(group) + ":\n    addresses:\n";
        for (int i = group; i < prefixes; i += kGroups) {
            text += "      - " + std::to_string(1 + i % 200) + "." + std::to_string(i / 200 % 256) +
                    "." + std::to_string(i / 51200 % 256) + ".0/" + std::to_string(24 + i % 5) +
                    "\n";
        }
    }
    return text + "rules: [{name: all, servers: all}]\n";
}

struct Measured {
    double baseline = 0;
    std::vector<double> whole;  ///< of each inspector
    double floor = 0;           ///< seconds, medians
    double alone(std::size_t inspector = 0) const { return whole[inspector] - baseline; }
};

using Inspectors = std::vector<std::unique_ptr<pipeline::Inspector>>;

Measured measure(Lap& lap, int laps, const Inspectors& inspectors, Floor& floor) {
    std::vector<double> baselines;
    std::vector<std::vector<double>> wholes(inspectors.size());
    std::vector<double> floors;
    for (int i = 0; i < kRuns; ++i) {
        baselines.push_back(run(lap, laps, nullptr));
        for (std::size_t k = 0; k < inspectors.size(); ++k)
            wholes[k].push_back(run(lap, laps, inspectors[k].get()));
        floors.push_back(floor.run(lap, laps));
    }
    Measured made{.baseline = median(baselines), .whole = {}, .floor = median(floors)};
    for (const auto& whole : wholes)
        made.whole.push_back(median(whole));
    return made;
}

/// Everything that is measured, side by side.
class Bench {
  public:
    explicit Bench(const Options& options) : options_(options) {
        limits_.flows = 1 << 20;
        limits_.sessions = 1 << 15;
        rules_ = must(signature::RuleSet::load(options.signatures));
        add(rules_, nullptr);
        if (options.alone) return;
        if (options.literals > 0) {
            more_rules_ = must(with_literals(options.signatures, options.literals));
            literals_ = add(more_rules_, nullptr);
        }
        if (options.prefixes > 0) {
            no_prefixes_ = add(rules_, must(policy::Policy::parse(policy_text(0), "empty")));
            const std::string text = policy_text(options.prefixes);
            const double begin = seconds_used();
            auto policy = must(policy::Policy::parse(text, "large"));
            policy_load_ = seconds_used() - begin;
            prefixes_ = add(rules_, std::move(policy));
        }
    }

    int run_all() {
        Lap lap = bench::load(options_.capture);
        if (lap.frames.empty()) return 1;
        if (options_.alone) {  // for a profiler
            run(lap, options_.laps, inspectors_[0].get());
            return 0;
        }
        Floor floor(*rules_);
        const Measured seconds = measure(lap, options_.laps, inspectors_, floor);
        options_.json ? print_json(lap, seconds) : print_text(lap, seconds);
        for (const auto& inspector : inspectors_)
            inspector->finish(from_ns(INT64_MAX));
        return 0;
    }

  private:
    template <typename T>
    static T must(Result<T> result) {
        if (result.ok()) return std::move(result).value();
        std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
        std::exit(1);
    }

    std::size_t add(std::shared_ptr<const signature::RuleSet> rules,
                    std::shared_ptr<const policy::Policy> policy) {
        inspectors_.push_back(must(pipeline::Inspector::create(
            limits_, {1, std::move(rules), std::move(policy)}, events_)));
        return inspectors_.size() - 1;
    }

    double speed_with_literals(const Measured& seconds) const {
        return literals_ == 0 ? 0 : seconds.alone() / seconds.alone(literals_);
    }
    double speed_with_prefixes(const Measured& seconds) const {
        return prefixes_ == 0 ? 0 : seconds.alone(no_prefixes_) / seconds.alone(prefixes_);
    }

    void print_json(const Lap& lap, const Measured& seconds) const {
        const double packets = static_cast<double>(lap.frames.size()) * options_.laps;
        const double bits = static_cast<double>(lap.bytes) * 8 * options_.laps;
        std::printf(
            "{\"inspector_pps\":%.0f,\"inspector_bps\":%.0f,\"floor_pps\":%.0f,"
            "\"floor_bps\":%.0f,\"with_literals\":%.3f,\"with_prefixes\":%.3f,"
            "\"policy_load_s\":%.3f}\n",
            packets / seconds.alone(), bits / seconds.alone(), packets / seconds.floor,
            bits / seconds.floor, speed_with_literals(seconds), speed_with_prefixes(seconds),
            policy_load_);
    }

    void print_text(const Lap& lap, const Measured& seconds) const {
        const double packets = static_cast<double>(lap.frames.size()) * options_.laps;
        const double bits = static_cast<double>(lap.bytes) * 8 * options_.laps;
        const auto report = [&](const char* what, double taken) {
            std::printf("%-36s %8.2f Mpps %8.2f Gbit/s\n", what, packets / taken / 1e6,
                        bits / taken / 1e9);
        };
        std::printf("%zu frames, %.1f MB, %d laps, %zu signatures\n", lap.frames.size(),
                    static_cast<double>(lap.bytes) / 1e6, options_.laps, rules_->rules().size());
        report("rewriting alone (baseline)", seconds.baseline);
        report("Inspector with rewriting", seconds.whole[0]);
        report("Inspector alone", seconds.alone());
        report("narrowing and Hyperscan alone", seconds.floor);
        if (literals_ != 0) {
            std::printf("with %zu signatures: %.1f %% of the speed\n", more_rules_->rules().size(),
                        speed_with_literals(seconds) * 100);
        }
        if (prefixes_ != 0) {
            std::printf(
                "a policy of %d prefixes: read in %.2f s, %.1f %% of an empty one's speed\n",
                options_.prefixes, policy_load_, speed_with_prefixes(seconds) * 100);
        }
        const auto stats = inspectors_[0]->stats();
        std::printf("queries %lu, results %lu, alerts %lu, sessions exhausted %lu, gaps %lu\n",
                    stats.pipeline.queries.read(), stats.pipeline.tds_messages[4].read(),
                    stats.pipeline.alerts.read(), stats.pipeline.sessions_exhausted.read(),
                    stats.stream.gaps.read());
    }

    Options options_;
    pipeline::Limits limits_;
    NoEvents events_;
    std::shared_ptr<const signature::RuleSet> rules_;
    std::shared_ptr<const signature::RuleSet> more_rules_;
    Inspectors inspectors_;  ///< the first is the one that counts
    std::size_t literals_ = 0;
    std::size_t no_prefixes_ = 0;
    std::size_t prefixes_ = 0;  ///< places in inspectors_; 0: not asked for
    double policy_load_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: bench_inspector CAPTURE [--signatures DIR] [--laps N] [--literals N] "
                     "[--prefixes N] [--json] [--alone]\n");
        return 2;
    }
    return Bench(options).run_all();
}
