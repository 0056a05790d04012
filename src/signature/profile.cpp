#include <algorithm>
#include <ctime>
#include <memory>
#include <new>


#include <querytap/signature/profile.h>

#include "database_cache.h"
#include "in_parallel.h"
#include "program.h"
#include "rule_files.h"

namespace querytap::signature {
namespace {

/// What is shorter than the clock can tell is repeated.
constexpr double kSecondsMin = 0.002;
constexpr int kRoundsMax = 1000;

struct ScratchDeleter {
    void operator()(hs_scratch_t* scratch) const noexcept { hs_free_scratch(scratch); }
};

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

int count_match(unsigned, unsigned long long, unsigned long long, unsigned, void* matched) {
    *static_cast<bool*>(matched) = true;
    return 1;  // one is enough for the piece
}

struct Round {
    std::size_t bytes = 0;
    std::uint64_t matches = 0;
};

Round scan_all(const BufferProgram& program, hs_scratch_t* scratch,
               const std::vector<std::string>& pieces) {
    Round round;
    for (const std::string& piece : pieces) {
        bool matched = false;
        hs_scan(program.block.get(), piece.data(), static_cast<unsigned>(piece.size()), 0, scratch,
                count_match, &matched);
        round.bytes += piece.size();
        round.matches += matched ? 1 : 0;
    }
    return round;
}

Status measure(const RuleSet::Impl& compiled, const RecordedValues& values, RuleCost& cost) {
    for (std::size_t i = 0; i < kBufferCount; ++i) {
        const auto& pieces = values.of(static_cast<Buffer>(i));
        const BufferProgram& program = compiled.buffers[i];
        if (!program.in_use() || pieces.empty()) continue;
        hs_scratch_t* raw = nullptr;
        if (hs_alloc_scratch(program.block.get(), &raw) != HS_SUCCESS) {
            return Error{.message = "no scratch space for Hyperscan",
                         .hint = "give the process more memory"};
        }
        const std::unique_ptr<hs_scratch_t, ScratchDeleter> scratch(raw);
        const double start = cpu_seconds();
        double spent = 0;
        int rounds = 0;
        Round round;
        while (rounds == 0 || (spent < kSecondsMin && rounds < kRoundsMax)) {
            round = scan_all(program, raw, pieces);
            ++rounds;
            spent = cpu_seconds() - start;
        }
        cost.seconds += spent / rounds;
        cost.bytes += round.bytes;
        cost.matches += round.matches;
    }
    return success();
}

}  // namespace

void RecordedValues::on_piece(Buffer buffer, std::string_view data) noexcept {
    if (data.empty()) return;
    if (data.size() > kBytesMax - bytes_) {
        ++left_out_;
        return;
    }
    try {
        pieces_[static_cast<std::size_t>(buffer)].emplace_back(data);
        bytes_ += data.size();
    } catch (const std::bad_alloc&) {
        ++left_out_;
    }
}

Result<std::vector<RuleCost>> profile(const std::filesystem::path& directory,
                                      const LoadOptions& options, const RecordedValues& values) {
    Parser parser(options);
    if (auto status = parse_directory(parser, directory); !status) return status.error();
    auto& rules = parser.rules();
    std::vector<std::unique_ptr<RuleSet::Impl>> compiled(rules.size());
    std::vector<RuleCost> costs(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i)
        costs[i] = {.sid = rules[i].rule.sid, .message = rules[i].rule.message};
    in_parallel(rules.size(), [&](std::size_t i) {
        std::vector<ParsedRule> one;
        one.push_back(std::move(rules[i]));
        DatabaseCache none{{}};
        auto made = compile(std::move(one), {.lenient = true}, none);
        if (made) compiled[i] = std::move(made).value();
    });
    for (std::size_t i = 0; i < compiled.size(); ++i) {
        if (compiled[i] == nullptr) continue;
        if (auto status = measure(*compiled[i], values, costs[i]); !status) return status.error();
    }
    std::stable_sort(costs.begin(), costs.end(),
                     [](const RuleCost& a, const RuleCost& b) { return a.seconds > b.seconds; });
    return costs;
}

}  // namespace querytap::signature
