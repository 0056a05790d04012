// querytap replay: captures through the whole path, then a table.
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "appliance.h"
#include "commands.h"
#include "exit_status.h"
#include "signals.h"
#include "signatures_dir.h"
#include "terminal.h"

namespace querytap::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::vector<std::string> files;
    std::string json;
    std::string speed = "max";
    unsigned workers = 1;
    std::string signatures;
    std::string policy;
    std::string state;
    unsigned learning_h = config::Novelty{}.learning_h;
    std::string key_log;
    std::string flows = "sql";
    std::string sql_text = "full";
    std::string metrics;
    std::string metrics_file;
    bool hugepages = false;
};

/// "max", "real", "2", "x2", "0.5x": 0 stands for max.
Result<double> parse_speed(std::string_view text) {
    if (text == "max") return 0.0;
    if (text == "real" || text == "realtime") return 1.0;
    std::string_view number = text;
    for (const std::string_view sign : {"x", "X", "\xc3\x97"}) {
        if (number.starts_with(sign)) number.remove_prefix(sign.size());
        if (number.ends_with(sign)) number.remove_suffix(sign.size());
    }
    double speed = 0;
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), speed);
    if (code == std::errc{} && end == number.data() + number.size() && speed > 0 && speed <= 1e6) {
        return speed;
    }
    return Error{.message = "--speed '" + std::string(text) + "' is not a speed",
                 .hint = "write max, real, or a factor such as x10"};
}

Result<config::Config> make_config(const Options& options) {
    config::Config config;
    config.workers.count = options.workers;
    config.workers.spin = false;
    config.memory.hugepages = options.hugepages;
    config.memory.mbufs = 16384;
    config.limits.flows = (1u << 20) / options.workers;
    config.limits.sessions = 1u << 13;
    config.eve.file = options.json;
    config.eve.tds = !options.json.empty();  // the closing table needs none
    config.eve.flows =
        options.flows == "all" ? config::FlowRecords::kAll : config::FlowRecords::kSql;
    auto sql_text = config::parse_sql_text(options.sql_text);
    if (!sql_text) {
        return Error{.message = "--sql-text " + sql_text.error().message,
                     .hint = sql_text.error().hint};
    }
    config.eve.sql_text = *sql_text;
    config.signatures =
        options.signatures.empty() ? default_signatures().string() : options.signatures;
    config.policy = options.policy;
    config.novelty.state = options.state;
    config.novelty.learning_h = options.learning_h;
    config.metrics.enabled = !options.metrics.empty();
    if (config.metrics.enabled) {
        auto listen = config::parse_listen(options.metrics);
        if (!listen) return listen.error();
        config.metrics.address = listen->address;
        config.metrics.port = listen->port;
    }
    return config;
}

/// One line on the terminal, for files that take long.
class ProgressLine {
  public:
    ProgressLine() : enabled_(is_terminal(stderr)) {}
    ~ProgressLine() {
        if (shown_) std::cerr << "\r\033[K";
    }

    void update(const dataplane::Progress& progress) {
        if (!enabled_ || Clock::now() < next_ || progress.bytes_total == 0) return;
        next_ = Clock::now() + std::chrono::milliseconds(200);
        shown_ = true;
        std::cerr << fmt::format("\r\033[K{:3.0f} %  {} packets",
                                 100.0 * static_cast<double>(progress.bytes_read) /
                                     static_cast<double>(progress.bytes_total),
                                 progress.packets)
                  << std::flush;
    }

  private:
    bool enabled_;
    bool shown_ = false;
    Clock::time_point next_ = Clock::now() + std::chrono::seconds(1);
};

int write_metrics_file(const Appliance& appliance, const std::string& path) {
    std::ofstream out(path);
    out << appliance.metrics();
    out.flush();
    if (out) return kDone;
    return fail(kFailed, {.message = "cannot be written", .file = path});
}

int replay(const Options& options, const Arguments& arguments) {
    auto speed = parse_speed(options.speed);
    if (!speed) return fail(kUsage, speed.error());
    auto config = make_config(options);
    if (!config) return fail(kUsage, config.error());
    config->eal_arguments = arguments.eal;

    dataplane::Replay source{.files = {options.files.begin(), options.files.end()},
                             .speed = *speed};
    for (const auto& file : source.files) {
        std::error_code ignored;
        if (!std::filesystem::exists(file, ignored)) {
            return fail(kFailed, {.message = "there is no such file", .file = file.string()});
        }
    }
    if (!options.key_log.empty()) {
        auto key_log = tls::KeyLog::load(options.key_log);
        if (!key_log) return fail(kUsage, key_log.error());
        source.key_log = std::make_shared<const tls::KeyLog>(std::move(key_log).value());
    }
    auto appliance = Appliance::create(*config);
    if (!appliance) return fail(kUsage, appliance.error());
    if (Status opened = (*appliance)->open(source); !opened.ok()) {
        return fail(kFailed, opened.error());
    }

    const Clock::time_point begin = Clock::now();
    Status done = success();
    {
        ProgressLine progress;
        done = (*appliance)->run([&](const Appliance& now) {
            progress.update(now.runtime().progress());
        });
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const bool events_on_stdout = options.json == "-";
    std::FILE* const stream = events_on_stdout ? stderr : stdout;
    (*appliance)
        ->print_summary(events_on_stdout ? std::cerr : std::cout, seconds, wants_color(stream),
                        columns(stream));
    std::cout << std::flush;
    if (!done.ok()) return fail(kFailed, done.error());
    return options.metrics_file.empty() ? kDone
                                        : write_metrics_file(**appliance, options.metrics_file);
}

}  // namespace

void add_replay(CLI::App& app, const Arguments& arguments, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("replay", "inspect captures and say what is in them");
    command
        ->add_option("FILE", options->files, "pcap or pcapng, also .gz or .zst; several in order")
        ->required();
    command->add_option("--json", options->json,
                        "write EVE JSON lines to FILE, or to - (standard output)");
    command->add_option("--speed", options->speed, "max (default), real, or a factor such as x10");
    command->add_option("--workers", options->workers, "inspecting threads; events are the same")
        ->check(CLI::Range(1, 32));
    command->add_option("--signatures", options->signatures, "folder of *.rules files");
    command->add_option("--policy", options->policy, "what is legitimate here (YAML)");
    command->add_option("--state", options->state,
                        "what was seen before (a file; made when it is not there): what is new\n"
                        "becomes evidence, and is remembered");
    command->add_option("--learning", options->learning_h,
                        "hours of the first traffic of which nothing is new (168)");
    command->add_option("--keylog", options->key_log,
                        "secrets of TLS sessions (SSLKEYLOGFILE): what is encrypted is read too");
    command->add_option("--flows", options->flows, "flow records: sql (default) or all")
        ->check(CLI::IsMember({"sql", "all"}));
    command->add_option("--sql-text", options->sql_text,
                        "what records show of SQL: full (default; passwords are hidden),\n"
                        "redacted (literals as ?) or none");
    command->add_option("--metrics", options->metrics,
                        "serve /metrics while replaying, for example on 127.0.0.1:9464");
    command->add_option("--metrics-file", options->metrics_file,
                        "write the metrics to a file at the end");
    command->add_flag("--hugepages", options->hugepages, "use hugepages (they must be reserved)");
    command->footer(
        "Examples:\n"
        "  querytap replay capture.pcap\n"
        "  querytap replay monday.pcap.gz tuesday.pcapng --json week.json --workers 2\n"
        "  querytap replay capture.pcap --json - | jq 'select(.event_type==\"verdict\")'\n"
        "  querytap replay capture.pcap --speed x10 --metrics 127.0.0.1:9464\n"
        "  querytap replay today.pcap --state seen           logins and queries never seen before\n"
        "  querytap replay capture.pcap --keylog keys.log         TLS 1.2 and 1.3, decrypted\n"
        "  querytap replay capture.pcap -- --log-level=debug      EAL arguments after --\n"
        "\nExit status: 0 the captures were read whole, whatever was found; 1 one is missing or\n"
        "broken (what came before the fault was inspected); 2 wrong usage, signatures, policy or\n"
        "key log.");
    command->callback([options, &arguments, &status] {
        set_up_log();
        install_signal_handlers();
        status = replay(*options, arguments);
    });
}

}  // namespace querytap::cli
