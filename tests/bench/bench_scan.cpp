// What the Scanner costs beside Hyperscan itself: the same database (tds.sql of the shipped
// signatures) over the same bytes, once by hs_scan alone, once by Scanner with its transactions.
//
//   gbit_per_s   bytes of normalised SQL
//   of_raw       Scanner's speed as a share of raw Hyperscan's in the same run; the bar is 0.8 at
//                1,460 bytes, for a transaction must not cost what matching costs
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <hs.h>

#include <querytap/signature/scanner.h>

#include "../../src/signature/program.h"

namespace {

using namespace querytap;
using namespace querytap::signature;

constexpr std::size_t kTextsSize = 8 << 20;  // beyond the second-level cache
constexpr std::size_t kPiece = 1460;         // a TCP segment

std::filesystem::path signatures() {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    const auto here = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    return (root != nullptr ? std::filesystem::path(root) : here) / "signatures";
}

std::shared_ptr<const RuleSet> rules() {
    static const std::shared_ptr<const RuleSet> loaded = [] {
        auto made = RuleSet::load(signatures());
        if (made.ok()) return made.value();
        std::fprintf(stderr, "%s\n", made.error().to_string().c_str());
        std::exit(1);
    }();
    return loaded;
}

/// Statements of ordinary applications in normalised spelling, cut to values of `size`.
const std::vector<std::string>& values(std::size_t size) {
    static std::map<std::size_t, std::vector<std::string>> made;
    auto& list = made[size];
    if (!list.empty()) return list;
    static constexpr const char* kStatements[] = {
        "select top(1)u.id,u.email,u.passwordhash from aspnetusers as u where "
        "u.normalizedemail=@p;",
        "insert into orders(customerid,total,createdat)values(@p0,@p1,@p2);",
        "exec dbo.p_savesample @id=17,@name='BOLT M8 GALVANISED',@flags=0X00FF;",
        "update stock set quantity=quantity-@p0 where productid=@p1 and warehouse in(1,2,3);",
        "select counter_name,cntr_value from sys.dm_os_performance_counters where counter_name in("
        "'BATCH REQUESTS/SEC','PAGE LIFE EXPECTANCY');",
        "declare @t table(id int,body nvarchar(max))insert @t exec dbo.report 'Q3';"};
    std::mt19937 random(7);
    std::string text;
    for (std::size_t total = 0; total < kTextsSize; total += size) {
        while (text.size() < size)
            text += kStatements[random() % std::size(kStatements)];
        list.push_back(text.substr(0, size));
        text.erase(0, size);
    }
    return list;
}

std::map<std::pair<bool, std::size_t>, double>& raw_speed() {
    static std::map<std::pair<bool, std::size_t>, double> speed;
    return speed;
}

/// Of this thread: a share of wall time would measure the neighbours, too.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Bytes, seconds, and the ratio to what raw Hyperscan did before.
class Meter {
  public:
    Meter(benchmark::State& state, bool streaming, bool raw)
        : state_(state), key_(streaming, static_cast<std::size_t>(state.range(0))), raw_(raw) {}
    ~Meter() {
        const double seconds = cpu_seconds() - start_;
        const double bytes =
            static_cast<double>(state_.iterations()) * static_cast<double>(key_.second);
        const double speed = bytes * 8 / 1e9 / seconds;
        state_.counters["gbit_per_s"] = speed;
        if (raw_)
            raw_speed()[key_] = speed;
        else
            state_.counters["of_raw"] = speed / raw_speed()[key_];
    }
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

  private:
    benchmark::State& state_;
    std::pair<bool, std::size_t> key_;
    bool raw_;
    double start_ = cpu_seconds();
};

int count_match(unsigned, unsigned long long, unsigned long long, unsigned, void* count) {
    ++*static_cast<std::uint64_t*>(count);
    return 0;
}

struct Count final : HitSink {
    void on_hit(const Hit&) override { ++hits; }
    std::uint64_t hits = 0;
};

/// Raw Hyperscan with scratch and, for streaming, one stream that is reset for each value.
struct Raw {
    Raw() : program(rules()->impl().buffers[static_cast<std::size_t>(Buffer::kTdsSql)]) {
        hs_alloc_scratch(program.block.get(), &scratch);
        hs_alloc_scratch(program.stream.get(), &scratch);
        hs_open_stream(program.stream.get(), 0, &stream);
    }
    ~Raw() {
        hs_close_stream(stream, nullptr, nullptr, nullptr);
        hs_free_scratch(scratch);
    }
    Raw(const Raw&) = delete;
    Raw& operator=(const Raw&) = delete;

    const BufferProgram& program;
    hs_scratch_t* scratch = nullptr;
    hs_stream_t* stream = nullptr;
    std::uint64_t matches = 0;
};

void raw_block(benchmark::State& state) {
    const auto& texts = values(static_cast<std::size_t>(state.range(0)));
    Raw raw;
    std::size_t next = 0;
    const Meter meter(state, false, true);
    for (auto _ : state) {
        const std::string& text = texts[next++ % texts.size()];
        hs_scan(raw.program.block.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                raw.scratch, count_match, &raw.matches);
    }
}

void raw_stream(benchmark::State& state) {
    const auto& texts = values(static_cast<std::size_t>(state.range(0)));
    Raw raw;
    std::size_t next = 0;
    const Meter meter(state, true, true);
    for (auto _ : state) {
        const std::string_view text = texts[next++ % texts.size()];
        for (std::size_t at = 0; at < text.size(); at += kPiece) {
            const std::string_view piece = text.substr(at, kPiece);
            hs_scan_stream(raw.stream, piece.data(), static_cast<unsigned>(piece.size()), 0,
                           raw.scratch, count_match, &raw.matches);
        }
        hs_reset_stream(raw.stream, 0, raw.scratch, count_match, &raw.matches);
    }
}

void scanner_block(benchmark::State& state) {
    const auto& texts = values(static_cast<std::size_t>(state.range(0)));
    ScannerCounters counters;
    const auto scanner = std::move(Scanner::create(rules(), {}, counters)).value();
    Count sink;
    std::size_t next = 0;
    const Meter meter(state, false, false);
    for (auto _ : state) {
        const TransactionId id = scanner->open({});
        scanner->scan(id, Buffer::kTdsSql, texts[next++ % texts.size()]);
        scanner->close(id, sink);
    }
}

void scanner_stream(benchmark::State& state) {
    const auto& texts = values(static_cast<std::size_t>(state.range(0)));
    ScannerCounters counters;
    const auto scanner = std::move(Scanner::create(rules(), {}, counters)).value();
    Count sink;
    std::size_t next = 0;
    const Meter meter(state, true, false);
    for (auto _ : state) {
        const std::string_view text = texts[next++ % texts.size()];
        const TransactionId id = scanner->open({});
        for (std::size_t at = 0; at < text.size(); at += kPiece) {
            scanner->stream(id, Buffer::kTdsSql, text.substr(at, kPiece), false);
        }
        scanner->close(id, sink);
    }
}

// Raw first: the ratio needs it.
BENCHMARK(raw_block)->Arg(128)->Arg(1460)->Arg(16384);
BENCHMARK(scanner_block)->Arg(128)->Arg(1460)->Arg(16384);
BENCHMARK(raw_stream)->Arg(1460)->Arg(16384);
BENCHMARK(scanner_stream)->Arg(1460)->Arg(16384);

}  // namespace

BENCHMARK_MAIN();
