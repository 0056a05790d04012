#include "signals.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

namespace querytap::cli {
namespace {

std::atomic<bool> stop{false};
std::atomic<bool> reload{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a handler may do no more

void on_stop(int signal) {
    stop.store(true);
    // Who asks twice does not want to wait for the drain.
    std::signal(signal, SIG_DFL);
}

void on_reload(int) {
    reload.store(true);
}

}  // namespace

void install_signal_handlers() {
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    action.sa_handler = on_stop;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGALRM, &action, nullptr);
    action.sa_handler = on_reload;
    sigaction(SIGHUP, &action, nullptr);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
}

bool stop_requested() noexcept {
    return stop.load();
}
void request_stop_after(unsigned seconds) noexcept {
    ::alarm(seconds);
}
bool take_reload_request() noexcept {
    return reload.exchange(false);
}
void request_reload() noexcept {
    reload.store(true);
}

}  // namespace querytap::cli
