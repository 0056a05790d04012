// querytap run: the ports of a configuration, until a signal comes.
#include <chrono>
#include <iostream>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include "appliance.h"
#include "commands.h"
#include "exit_status.h"
#include "signals.h"
#include "terminal.h"

namespace querytap::cli {
namespace {

int run(const std::string& file, const Arguments& arguments) {
    auto config = config::load(file);
    if (!config) return fail(kUsage, config.error());
    config->eal_arguments.insert(config->eal_arguments.end(), arguments.eal.begin(),
                                 arguments.eal.end());
    auto appliance = Appliance::create(*config);
    if (!appliance) return fail(kUsage, appliance.error());
    if (Status opened = (*appliance)->open(std::nullopt); !opened.ok()) {
        return fail(kFailed, opened.error());
    }
    spdlog::info("{} signatures; {}", (*appliance)->rule_count(),
                 (*appliance)->runtime().description());
    for (const dataplane::Finding& finding : (*appliance)->runtime().findings()) {
        if (finding.status == dataplane::Finding::Status::kOk) continue;
        spdlog::warn("{}: {}; {}", finding.subject, finding.text, finding.hint);
    }
    if (config->metrics.enabled) {
        spdlog::info("metrics on http://{}:{}/metrics", config->metrics.address,
                     config->metrics.port);
    }
    const auto begin = std::chrono::steady_clock::now();
    const Status done = (*appliance)->run([](const Appliance&) {});
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

    const bool events_on_stdout = config->eve.file == "-";
    std::FILE* const stream = events_on_stdout ? stderr : stdout;
    (*appliance)
        ->print_summary(events_on_stdout ? std::cerr : std::cout, seconds, wants_color(stream),
                        columns(stream));
    std::cout << std::flush;
    return done.ok() ? kDone : fail(kFailed, done.error());
}

}  // namespace

void add_run(CLI::App& app, const Arguments& arguments, int& status) {
    auto file = std::make_shared<std::string>("/etc/querytap/querytap.yaml");
    CLI::App* command = app.add_subcommand("run", "watch the ports of a configuration");
    command->add_option("-c,--config", *file,
                        "configuration (default /etc/querytap/querytap.yaml)");
    command->footer(
        "Examples:\n"
        "  querytap run -c /etc/querytap/querytap.yaml\n"
        "  querytap run -c lab.yaml -- --file-prefix=lab2       EAL arguments after --\n"
        "\nSignals: SIGINT and SIGTERM work off what has arrived, print a summary and end; SIGHUP\n"
        "reads signatures and policy anew and reopens the EVE file.");
    command->callback([file, &arguments, &status] {
        set_up_log();
        install_signal_handlers();
        status = run(*file, arguments);
    });
}

}  // namespace querytap::cli
