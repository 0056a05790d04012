#include "terminal.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace querytap::cli {

bool is_terminal(std::FILE* stream) noexcept {
    return isatty(fileno(stream)) == 1;
}

bool wants_color(std::FILE* stream) noexcept {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    if (no_color != nullptr && *no_color != '\0') return false;
    if (term != nullptr && std::string_view(term) == "dumb") return false;
    return is_terminal(stream);
}

unsigned columns(std::FILE* stream) noexcept {
    constexpr unsigned kDefault = 100;
    constexpr unsigned kMin = 60;
    winsize size{};
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefault;
    return std::max<unsigned>(size.ws_col, kMin);
}

void set_up_log() {
    auto logger = spdlog::stderr_color_mt("querytap");
    logger->set_pattern("querytap: %^%l%$: %v");
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace querytap::cli
