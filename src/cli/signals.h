// SIGINT and SIGTERM ask to stop, SIGHUP asks for a reload; the control thread looks at the flags.
#pragma once

namespace querytap::cli {

/// Once, before threads start. SIGPIPE is ignored: a reader that went away is an error of the sink.
void install_signal_handlers();

bool stop_requested() noexcept;
/// As if somebody asked then. After install_signal_handlers().
void request_stop_after(unsigned seconds) noexcept;
/// True once for each request.
bool take_reload_request() noexcept;
void request_reload() noexcept;

}  // namespace querytap::cli
