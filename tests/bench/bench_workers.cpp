// What a second worker adds: one Inspector on one core, then two on two cores at the same time,
// each with traffic and flow table of its own, with one set of signatures and one memory of what
// was seen for both, as the workers of `querytap run` have them. Events are filled and forgotten.
//
//   bench_workers CAPTURE [--signatures DIR] [--laps N] [--json]
//
// Of the wall, because that is the question; medians of five, taken in turns. Cores that others use
// meanwhile spoil it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <memory>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <querytap/novelty/memory.h>
#include <querytap/pipeline/inspector.h>

#include "lap.h"

namespace {

using namespace querytap;

constexpr int kRuns = 5;

struct Options {
    std::filesystem::path capture;
    std::filesystem::path signatures = "signatures";
    int laps = 8;
    bool json = false;
};

bool read_options(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--signatures" && i + 1 < argc) {
            options.signatures = argv[++i];
        } else if (argument == "--laps" && i + 1 < argc) {
            options.laps = std::max(1, std::atoi(argv[++i]));
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

template <typename T>
T must(Result<T> result) {
    if (result.ok()) return std::move(result).value();
    std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
    std::exit(1);
}

std::vector<unsigned> usable_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    std::vector<unsigned> cores;
    for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
        if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
    return cores;
}

void pin(unsigned core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

struct Worker {
    bench::Lap lap;
    bench::NoEvents events;
    std::unique_ptr<pipeline::Inspector> inspector;
};

/// Seconds until the last of the workers is through its laps.
double run(std::vector<std::unique_ptr<Worker>>& workers, std::size_t count, int laps,
           const std::vector<unsigned>& cores) {
    std::latch ready(static_cast<std::ptrdiff_t>(count) + 1);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            pin(cores[i]);
            ready.arrive_and_wait();
            bench::play(workers[i]->lap, laps, workers[i]->inspector.get());
        });
    }
    ready.arrive_and_wait();
    const auto begin = std::chrono::steady_clock::now();
    threads.clear();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: bench_workers CAPTURE [--signatures DIR] [--laps N] [--json]\n");
        return 2;
    }
    const std::vector<unsigned> cores = usable_cores();
    if (cores.size() < 2) {
        std::puts("skipped: there is one core only");
        return 77;
    }
    novelty::Memory memory({});
    pipeline::Limits limits;
    limits.flows = 1 << 20;
    limits.sessions = 1 << 15;
    limits.memory = &memory;
    const pipeline::Generation generation{1, must(signature::RuleSet::load(options.signatures)),
                                          nullptr};
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < 2; ++i) {
        workers.push_back(std::make_unique<Worker>());
        Worker& worker = *workers.back();
        worker.lap = bench::load(options.capture);
        worker.inspector = must(pipeline::Inspector::create(limits, generation, worker.events));
    }
    std::vector<double> one;
    std::vector<double> two;
    for (int i = 0; i < kRuns; ++i) {
        one.push_back(run(workers, 1, options.laps, cores));
        two.push_back(run(workers, 2, options.laps, cores));
    }
    const double bits = static_cast<double>(workers[0]->lap.bytes) * 8 * options.laps;
    const double one_bps = bits / median(one);
    const double two_bps = 2 * bits / median(two);
    std::printf(options.json
                    ? "{\"one_bps\":%.0f,\"two_bps\":%.0f,\"ratio\":%.3f}\n"
                    : "one worker %.0f bit/s, two workers %.0f bit/s, rewriting included: %.2f\n",
                one_bps, two_bps, two_bps / one_bps);
    return 0;
}
