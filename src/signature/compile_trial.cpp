#include "compile_trial.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <future>
#include <memory>
#include <thread>

#include <hs.h>

#include <querytap/signature/ruleset.h>

#include "program.h"

namespace querytap::signature {
namespace {

std::atomic<int> abandoned{0};

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

bool compiles_within(const Term& term, std::chrono::milliseconds budget) {
    std::promise<void> compiled;
    std::future<void> done = compiled.get_future();
    auto given_up = std::make_shared<std::atomic<bool>>(false);
    std::thread([term, given_up, compiled = std::move(compiled)]() mutable {
        compile_alone(term);
        compiled.set_value();
        if (given_up->exchange(true)) abandoned.fetch_sub(1);
    }).detach();
    if (done.wait_for(budget) == std::future_status::ready) return true;
    abandoned.fetch_add(1);
    if (given_up->exchange(true)) abandoned.fetch_sub(1);  // it ended just now
    return false;
}

bool compiling_abandoned() noexcept {
    return abandoned.load() > 0;
}

}  // namespace querytap::signature
