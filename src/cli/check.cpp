// querytap check: do the signatures load, do they match what they must, and nothing else?
#include <iostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <querytap/config/config.h>
#include <querytap/policy/policy.h>
#include <querytap/signature/examples.h>
#include <querytap/signature/lint.h>

#include "capture_inspection.h"
#include "check_options.h"
#include "commands.h"
#include "exit_status.h"
#include "signatures_dir.h"
#include "terminal.h"

namespace querytap::cli {
namespace {

/// The sids of alerts.
class Sids final : public pipeline::EventSink {
  public:
    explicit Sids(const signature::RuleSet& rules) : rules_(rules) {}
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override {
        if (event_.type == pipeline::EventType::kAlert)
            found.insert(rules_.rules()[event_.alert.rule].sid);
    }
    std::set<std::uint32_t> found;

  private:
    const signature::RuleSet& rules_;
    pipeline::Event event_;
};

void print(std::string_view kind, const std::vector<Error>& list) {
    for (const Error& entry : list) {
        Error shown = entry;
        shown.message = fmt::format("{}: {}", kind, entry.message);
        std::cerr << shown.to_string() << "\n";
    }
}

/// The configuration, what it names, and the signatures' directory that it says.
Status check_configuration(CheckOptions& options) {
    if (options.config.empty()) return success();
    auto config = config::load(options.config);
    if (!config) return config.error();
    if (const auto weights = verdict::weights_of(config->verdict); !weights) {
        return weights.error();
    }
    if (!config->policy.empty()) {
        auto policy = policy::Policy::load(config->policy);
        if (!policy) return policy.error();
        if (options.policy.empty()) options.policy = config->policy;
    }
    if (options.directory.empty()) options.directory = config->signatures;
    const bool lenient = options.load.lenient;
    options.load = load_options(*config);
    options.load.lenient = options.load.lenient || lenient;
    return success();
}

std::string counted(std::size_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

int check_signatures(const CheckOptions& options) {
    auto rules = signature::RuleSet::load(options.directory, options.load);
    if (!rules) return fail(kUsage, rules.error());
    auto warnings = signature::lint(options.directory, options.load);
    if (!warnings) return fail(kUsage, warnings.error());
    auto examples = signature::load_examples(options.directory);
    if (!examples) return fail(kUsage, examples.error());
    auto report = signature::check_examples(
        *rules, *examples,
        [&](const std::filesystem::path& file) -> Result<std::set<std::uint32_t>> {
            Sids sids(**rules);
            if (Status read = inspect_capture(file, *rules, sids); !read.ok()) return read.error();
            return sids.found;
        });
    if (!report) return fail(kFailed, report.error());
    print("skipped", (*rules)->skipped());
    print("warning", (*rules)->warnings());
    print("warning", *warnings);
    print("warning", report->warnings);
    print("error", report->failures);
    const std::size_t warned =
        (*rules)->warnings().size() + warnings->size() + report->warnings.size();
    fmt::print("{}: {} and {}; {}, {}{}\n", options.directory.string(),
               counted((*rules)->rules().size(), "signature"), counted(report->examples, "example"),
               counted(report->failures.size(), "failure"), counted(warned, "warning"),
               options.load.lenient ? fmt::format(", {} skipped", (*rules)->skipped().size()) : "");
    const bool failed = !report->failures.empty() || (options.strict && warned > 0);
    return failed ? kFailed : kDone;
}

int check(CheckOptions options) {
    if (const Status configured = check_configuration(options); !configured.ok()) {
        return fail(kUsage, configured.error());
    }
    if (!options.explain.empty() || (options.config.empty() && !options.policy.empty())) {
        return check_policy(options);
    }
    if (options.directory.empty()) options.directory = default_signatures();
    if (options.has_sql) return check_sql(options);
    if (!options.profile.empty()) return check_profile(options);
    return check_signatures(options);
}

}  // namespace

void add_check(CLI::App& app, const Arguments&, int& status) {
    auto options = std::make_shared<CheckOptions>();
    CLI::App* command = app.add_subcommand("check", "try signatures before they are used");
    command->add_option("DIRECTORY", options->directory,
                        "folder of *.rules files (default: those that replay uses)");
    command->add_option("-c,--config", options->config,
                        "check a configuration, its policy and its signatures");
    auto* sql = command->add_option("--sql", options->sql,
                                    "show every view of a statement (- reads standard input) and\n"
                                    "what matches it");
    command->add_option("--policy", options->policy, "check a policy");
    command->add_option("--explain", options->explain,
                        "what the policy says of a conversation, and why: \"10.1.2.3 ->\n"
                        "52.1.2.3:1433 tls=1.2 sni=x login=y app=z host=h database=d\n"
                        "tds=7.4 statements=read,write time=2026-03-02T08:00:00Z\n"
                        "to_server_mb=3 to_client_mb=800\"");
    auto* profile = command->add_option("--profile", options->profile,
                                        "list the dearest signatures on a capture");
    sql->excludes(profile);
    command->add_option("--thresholds", options->load.thresholds,
                        "a threshold.config to read the signatures with");
    command->add_flag("--lenient", options->load.lenient,
                      "skip rules that are not supported, and say so");
    command->add_flag("--strict", options->strict, "a warning is a failure, too");
    command->footer(
        "Examples:\n"
        "  querytap check signatures\n"
        "  querytap check -c /etc/querytap/querytap.yaml\n"
        "  querytap check --sql \"EXEC('xp_' + 'cmdshell ''dir''')\"\n"
        "  querytap check --policy policy.yaml --explain \"10.1.2.3 -> 52.1.2.3:1433 tls sni=x\"\n"
        "  querytap check --profile monday.pcap signatures\n"
        "\nThe rules are compiled; each *.examples.yaml beside them is tried, and nothing may "
        "match\n"
        "benign.yaml. Exit status: 0 all is as it should be (warnings do not count without\n"
        "--strict); 1 an example failed; 2 a rule, a file or the usage is wrong.");
    command->callback([options, sql, &status] {
        set_up_log();
        options->has_sql = sql->count() > 0;
        status = check(*options);
    });
}

}  // namespace querytap::cli
