#include "compile_trial.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <future>
#include <memory>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <hs.h>

#include <querytap/signature/ruleset.h>

#include "program.h"

namespace querytap::signature {
namespace {

constexpr auto kLook = std::chrono::milliseconds(2);

std::atomic<int> abandoned{0};

/// Of the whole process: allocations of Hyperscan's compiler cannot be told from others.
std::uint64_t resident_mb() {
    std::ifstream in("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    in >> size >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

void compile_alone(const Term& term) {
    const hs_expr_ext_t ext = extension(term);
    const hs_expr_ext_t* const extensions = &ext;
    const char* const expression = term.expression.c_str();
    const unsigned id = 0;
    hs_database_t* database = nullptr;
    hs_compile_error_t* error = nullptr;
    // The dearer of the two modes.
    hs_compile_ext_multi(&expression, &term.flags, &id, &extensions, 1, HS_MODE_STREAM, nullptr,
                         &database, &error);
    hs_free_compile_error(error);
    hs_free_database(database);
}

}  // namespace

bool looks_dear(std::string_view expression) noexcept {
    constexpr std::uint64_t kDear = 2000;  // about half a second
    std::uint64_t repeats = 0;
    for (std::size_t at = expression.find('{'); at != std::string_view::npos;
         at = expression.find('{', at + 1)) {
        const std::size_t end = std::min(expression.find('}', at), expression.size());
        const std::string_view bounds = expression.substr(at + 1, end - at - 1);
        std::uint64_t most = 0;
        const std::size_t comma = bounds.find(',');
        const std::string_view last = comma == std::string_view::npos || comma + 1 == bounds.size()
                                          ? bounds.substr(0, comma)
                                          : bounds.substr(comma + 1);
        std::from_chars(last.data(), last.data() + last.size(), most);
        repeats += std::min<std::uint64_t>(most, kDear);
    }
    return repeats >= kDear;
}

std::optional<std::string> exceeds(const Term& term, const CompileBudget& budget) {
    std::promise<void> compiled;
    std::future<void> done = compiled.get_future();
    auto given_up = std::make_shared<std::atomic<bool>>(false);
    const std::uint64_t before = resident_mb();
    const auto end = std::chrono::steady_clock::now() + budget.time;
    std::thread([term, given_up, compiled = std::move(compiled)]() mutable {
        compile_alone(term);
        compiled.set_value();
        if (given_up->exchange(true)) abandoned.fetch_sub(1);
    }).detach();
    std::string why;
    while (done.wait_for(kLook) != std::future_status::ready) {
        if (resident_mb() > before + budget.memory_mb) {
            why = fmt::format("it takes more than {} MB of memory", budget.memory_mb);
        } else if (std::chrono::steady_clock::now() >= end) {
            why = fmt::format("not done after {:.1f} s",
                              std::chrono::duration<double>(budget.time).count());
        } else {
            continue;
        }
        abandoned.fetch_add(1);
        if (given_up->exchange(true)) abandoned.fetch_sub(1);  // it ended just now
        return why;
    }
    return std::nullopt;
}

bool compiling_abandoned() noexcept {
    return abandoned.load() > 0;
}

}  // namespace querytap::signature
