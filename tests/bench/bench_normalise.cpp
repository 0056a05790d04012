// Narrowing and normalising, in bytes of UTF-16 input a second. The first benchmark is the limit:
// memcpy of the same bytes. Each other reports its ratio to it (`of_memcpy`), and normalising its
// ratio to what it prepares for (`of_hyperscan`): hs_scan of the same text, narrowed already, with
// the database of tds.sql that the shipped signatures are compiled to.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <hs.h>

#include <querytap/base/utf16.h>
#include <querytap/signature/ruleset.h>
#include <querytap/sql/fingerprint.h>
#include <querytap/sql/normaliser.h>

#include "../../src/signature/program.h"

namespace {

using querytap::Bytes;
using querytap::sql::Encoding;

constexpr std::size_t kTextSize = 1 << 20;
constexpr std::size_t kSegment = 1448;

/// What an application sends: many tables and columns, few literals, never the same twice.
std::string plain_statements() {
    static const char* const kTables[] = {
        "Orders", "Customers", "OrderLines", "Products", "Warehouse.StockItems", "Sales.Invoices"};
    static const char* const kColumns[] = {"CustomerID",  "OrderDate",    "Quantity", "UnitPrice",
                                           "Description", "LastEditedBy", "Amount"};
    std::string text;
    std::uint32_t seed = 1;
    const auto pick = [&](std::uint32_t count) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 16) % count;
    };
    while (text.size() < kTextSize) {
        text += "SELECT TOP (" + std::to_string(pick(1000)) + ") ";
        for (std::uint32_t i = 2 + pick(6); i > 0; --i) {
            text += std::string("o.[") + kColumns[pick(7)] + "] AS c" + std::to_string(i) + ", ";
        }
        text += std::string("COUNT(*) FROM dbo.") + kTables[pick(6)] + " AS o INNER JOIN " +
                kTables[pick(6)] + " AS p ON o." + kColumns[pick(7)] + " = p." + kColumns[pick(7)] +
                "\r\n    WHERE p." + kColumns[pick(7)] + " >= @p" + std::to_string(pick(9)) +
                " AND o.Status = 'open " + std::to_string(pick(100000)) + "'\r\n    GROUP BY o." +
                kColumns[pick(7)] + " ORDER BY " + kColumns[pick(7)] + " DESC;\r\n";
    }
    text.resize(kTextSize);
    return text;
}

/// The same without brackets and literals: words and punctuation only.
std::string code_only() {
    std::string text = plain_statements();
    for (char& c : text) {
        if (c == '[' || c == ']' || c == '\'') c = ' ';
    }
    return text;
}

/// INSERTs with long literals: base64, documents.
std::string long_literals() {
    std::string text;
    std::uint32_t seed = 1;
    while (text.size() < kTextSize) {
        text += "INSERT INTO dbo.T (MSGID, MSG) VALUES ('id" + std::to_string(seed % 977) + "', '";
        for (int i = 0; i < 2000; ++i) {
            seed = seed * 1664525 + 1013904223;
            text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[seed >> 26];
        }
        text += "');\r\n";
    }
    text.resize(kTextSize);
    return text;
}

std::string wide(const std::string& text) {
    std::string bytes;
    for (const char c : text) {
        bytes += c;
        bytes += '\0';
    }
    return bytes;
}

struct NoViews final : querytap::sql::Views {
    void on_raw(std::string_view text) override { count += text.size(); }
    void on_normalised(std::string_view text) override { count += text.size(); }
    void on_literal(std::string_view text) override { count += text.size(); }
    void on_dynamic(int, std::string_view text) override { count += text.size(); }
    std::size_t count = 0;
};

/// CPU time, because the machine may be busy with other things.
double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Bytes a second of memcpy, measured once, in segments as the others work.
double memcpy_rate() {
    static const double rate = [] {
        const std::string from(2 * kTextSize, 'x');
        std::vector<char> to(kSegment);
        const double start = cpu_seconds();
        constexpr int kRounds = 200;
        for (int round = 0; round < kRounds; ++round) {
            for (std::size_t at = 0; at + kSegment <= from.size(); at += kSegment) {
                std::memcpy(to.data(), from.data() + at, kSegment);
                benchmark::DoNotOptimize(to.data());
                benchmark::ClobberMemory();
            }
        }
        return kRounds * static_cast<double>(from.size()) / (cpu_seconds() - start);
    }();
    return rate;
}

std::shared_ptr<const querytap::signature::RuleSet> shipped_signatures() {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    const auto here = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
    auto rules = querytap::signature::RuleSet::load(
        (root != nullptr ? std::filesystem::path(root) : here) / "signatures");
    if (rules.ok()) return rules.value();
    std::fprintf(stderr, "%s\n", rules.error().to_string().c_str());
    std::exit(1);
}

/// Bytes of UTF-16 a second whose narrow form, `text`, raw Hyperscan gets through, in segments.
double hyperscan_rate(const std::string& text) {
    using querytap::signature::Buffer;
    static const auto rules = shipped_signatures();
    const hs_database_t* const database =
        rules->impl().buffers[static_cast<std::size_t>(Buffer::kTdsSql)].block.get();
    hs_scratch_t* scratch = nullptr;
    hs_alloc_scratch(database, &scratch);
    const auto ignore = [](unsigned, unsigned long long, unsigned long long, unsigned, void*) {
        return 0;
    };
    constexpr int kRounds = 100;
    const double start = cpu_seconds();
    for (int round = 0; round < kRounds; ++round) {
        for (std::size_t at = 0; at + kSegment / 2 <= text.size(); at += kSegment / 2)
            hs_scan(database, text.data() + at, kSegment / 2, 0, scratch, ignore, nullptr);
    }
    const double time = cpu_seconds() - start;
    hs_free_scratch(scratch);
    return kRounds * 2 * static_cast<double>(text.size()) / time;
}

/// Returns bytes a second.
template <typename Work>
double measure(benchmark::State& state, const std::string& bytes, Work work) {
    const double limit = memcpy_rate();
    const double start = cpu_seconds();
    for (auto _ : state) {
        for (std::size_t at = 0; at < bytes.size(); at += kSegment) {
            work(querytap::as_bytes(std::string_view(bytes).substr(at, kSegment)));
        }
    }
    const double time = cpu_seconds() - start;
    const double total =
        static_cast<double>(state.iterations()) * static_cast<double>(bytes.size());
    state.SetBytesProcessed(static_cast<std::int64_t>(total));
    state.counters["of_memcpy"] = total / time / limit;
    return total / time;
}

void BM_memcpy(benchmark::State& state) {
    std::vector<char> out(kSegment);
    measure(state, wide(code_only()), [&](Bytes piece) {
        std::memcpy(out.data(), piece.data(), piece.size());
        benchmark::DoNotOptimize(out.data());
        benchmark::ClobberMemory();
    });
}
BENCHMARK(BM_memcpy);

void BM_narrow(benchmark::State& state) {
    std::vector<char> out(querytap::narrow_bound(kSegment));
    querytap::NarrowState narrow_state;
    measure(state, wide(code_only()), [&](Bytes piece) {
        benchmark::DoNotOptimize(querytap::narrow(piece, out.data(), narrow_state));
        benchmark::ClobberMemory();
    });
}
BENCHMARK(BM_narrow);

void normalise(benchmark::State& state, const std::string& text) {
    querytap::sql::Scratch scratch;
    querytap::sql::Normaliser normaliser;
    NoViews views;
    const std::string bytes = wide(text);
    const double rate = measure(state, bytes, [&](Bytes piece) {
        // Each pass is a message of its own: the text ends inside a statement.
        if (querytap::as_text(piece).data() == bytes.data()) normaliser.begin(Encoding::kUtf16le);
        normaliser.feed(piece, scratch, views);
    });
    state.counters["of_hyperscan"] = rate / hyperscan_rate(text);
    benchmark::DoNotOptimize(views.count);
}

void BM_normalise_code(benchmark::State& state) {
    normalise(state, code_only());
}
BENCHMARK(BM_normalise_code);

void BM_normalise_statements(benchmark::State& state) {
    normalise(state, plain_statements());
}
BENCHMARK(BM_normalise_statements);

void BM_normalise_long_literals(benchmark::State& state) {
    normalise(state, long_literals());
}
BENCHMARK(BM_normalise_long_literals);

/// The shape of statements, of their normalised view; bytes are those of the UTF-16 input.
void BM_fingerprint_statements(benchmark::State& state) {
    struct Normal final : querytap::sql::Views {
        void on_normalised(std::string_view piece) override { text += piece; }
        std::string text;
    } normal;
    const std::string bytes = wide(plain_statements());
    querytap::sql::Scratch scratch;
    querytap::sql::Normaliser normaliser;
    normaliser.feed(querytap::as_bytes(bytes), scratch, normal);
    normaliser.end(scratch, normal);
    const double ratio =
        static_cast<double>(normal.text.size()) / static_cast<double>(bytes.size());
    const auto piece_size = static_cast<std::size_t>(ratio * kSegment);
    std::size_t at = 0;
    std::uint64_t sum = 0;
    querytap::sql::Fingerprint shape;
    measure(state, bytes, [&](Bytes) {
        shape.begin();
        shape.add(std::string_view(normal.text).substr(at, piece_size));
        sum += shape.end();
        at = at + 2 * piece_size < normal.text.size() ? at + piece_size : 0;
    });
    benchmark::DoNotOptimize(sum);
}
BENCHMARK(BM_fingerprint_statements);

/// One short statement a message: the fixed cost of begin and end.
void BM_normalise_short_message(benchmark::State& state) {
    const std::string bytes = wide("SELECT name FROM dbo.Customers WHERE id = 42");
    querytap::sql::Scratch scratch;
    querytap::sql::Normaliser normaliser;
    NoViews views;
    measure(state, bytes, [&](Bytes piece) {
        normaliser.begin(Encoding::kUtf16le);
        normaliser.feed(piece, scratch, views);
        normaliser.end(scratch, views);
    });
    benchmark::DoNotOptimize(views.count);
}
BENCHMARK(BM_normalise_short_message);

}  // namespace

BENCHMARK_MAIN();
