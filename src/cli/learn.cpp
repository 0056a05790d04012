// querytap learn: a policy of what captures and EVE records show, or what in them a policy does not
// allow.
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <querytap/policy/learner.h>

#include "appliance.h"
#include "capture_inspection.h"
#include "commands.h"
#include "conversation_facts.h"
#include "eve_reader.h"
#include "exit_status.h"
#include "signals.h"
#include "signatures_dir.h"
#include "terminal.h"

namespace querytap::cli {
namespace {

struct LearnOptions {
    std::vector<std::string> files;
    std::string output;
    std::string diff;
    std::string signatures;
    bool allow_external = false;
    std::string live;                      ///< a configuration: learn from its ports
    std::optional<config::Config> config;  ///< what stands in it
    unsigned for_minutes = 0;              ///< of that; 0: until a signal comes
};

/// Events of a capture or of EVE, one at a time.
class Facing final : public pipeline::EventSink {
  public:
    explicit Facing(FactsHandler& handler) : facts_(handler) {}
    pipeline::Event* reserve(pipeline::EventType) noexcept override { return &event_; }
    void publish() noexcept override { facts_.add(event_); }

  private:
    ConversationFacts facts_;
    pipeline::Event event_;
};

/// Events of a running appliance.
class Listening final : public sinks::Sink {
  public:
    explicit Listening(FactsHandler& handler) : facts_(handler) {}
    void write(const pipeline::Event& event, const signature::Rule*) override {
        const bool of_pair = event.type == pipeline::EventType::kVerdict && event.verdict.of_pair;
        if (!of_pair) facts_.add(event);  // its flows have said it
    }

  private:
    ConversationFacts facts_;
};

class Learning final : public FactsHandler {
  public:
    explicit Learning(bool allow_external) : learner(allow_external) {}
    void on_facts(const policy::Facts& facts) override { learner.add(facts); }
    void on_unknown_statements(const policy::Facts& facts) override {
        learner.statements_unknown(facts);
    }
    void on_suspicion(const policy::Facts& facts, std::string_view why) override {
        learner.risky(facts, why);
    }
    policy::Learner learner;
};

/// What a policy finds, each once for a client and its server.
class Comparing final : public FactsHandler {
  public:
    explicit Comparing(const policy::Policy& policy) : policy_(policy) {}
    void on_facts(const policy::Facts& facts) override {
        const policy::Decision decision = policy_.check(facts);
        for (std::size_t i = 0; i < policy::kFindingCount; ++i) {
            const auto finding = static_cast<policy::Finding>(i);
            if (!decision.findings.has(finding)) continue;
            ++counts[fmt::format("{} -> {} port {}: {}{} (rule '{}')", facts.client.to_string(),
                                 facts.server.to_string(), facts.server_port, policy::id(finding),
                                 value(finding, facts), decision.rule)];
        }
    }
    void on_unknown_statements(const policy::Facts&) override {}
    void on_suspicion(const policy::Facts&, std::string_view) override {}

    std::map<std::string, std::size_t> counts;

  private:
    static std::string value(policy::Finding finding, const policy::Facts& facts) {
        std::string_view text;
        if (finding == policy::Finding::kLoginNotAllowed) text = facts.user;
        if (finding == policy::Finding::kApplicationNotAllowed) text = facts.application;
        if (finding == policy::Finding::kHostNotAllowed) text = facts.host;
        if (finding == policy::Finding::kDatabaseNotAllowed) text = facts.database;
        return text.empty() ? std::string() : fmt::format(" '{}'", text);
    }

    const policy::Policy& policy_;
};

bool is_eve(const std::string& file) {
    return file.ends_with(".json") || file.ends_with(".jsonl");
}

/// The ports of a configuration for a while, without records of events.
Status listen(const LearnOptions& options, const std::vector<std::string>& eal,
              FactsHandler& handler) {
    config::Config config = *options.config;
    config.eal_arguments.insert(config.eal_arguments.end(), eal.begin(), eal.end());
    config.eve.file.clear();
    config.eve.tds = true;
    config.eve.sql_text = config::SqlText::kFull;  // stays here; kinds of statements are wanted
    config.policy.clear();
    if (!options.signatures.empty()) config.signatures = options.signatures;
    Listening listening(handler);
    install_signal_handlers();
    auto appliance = Appliance::create(config);
    if (!appliance) return appliance.error();
    if (Status opened = (*appliance)->open(std::nullopt, &listening); !opened.ok()) return opened;
    spdlog::info("learning {}; {}",
                 options.for_minutes == 0 ? "until SIGINT or SIGTERM"
                                          : fmt::format("for {} minutes", options.for_minutes),
                 (*appliance)->runtime().description());
    if (options.for_minutes > 0) request_stop_after(60 * options.for_minutes);
    return (*appliance)->run([](const Appliance&) {});
}

Status read_all(const LearnOptions& options, const std::vector<std::string>& eal,
                FactsHandler& handler) {
    if (!options.live.empty()) return listen(options, eal, handler);
    std::shared_ptr<const signature::RuleSet> rules;
    for (const std::string& file : options.files) {
        Facing events(handler);
        if (is_eve(file)) {
            if (Status read = read_eve(file, events); !read.ok()) return read;
            continue;
        }
        if (!rules) {
            const std::filesystem::path folder = options.signatures.empty()
                                                     ? default_signatures()
                                                     : std::filesystem::path(options.signatures);
            auto loaded = signature::RuleSet::load(folder);
            if (!loaded) return loaded.error();
            rules = std::move(loaded).value();
        }
        if (Status read = inspect_capture(file, rules, events, nullptr, true); !read.ok()) {
            return read;
        }
    }
    return success();
}

int compare(const LearnOptions& options, const std::vector<std::string>& eal) {
    const auto policy = policy::Policy::load(options.diff);
    if (!policy) return fail(kUsage, policy.error());
    Comparing comparing(**policy);
    if (const Status read = read_all(options, eal, comparing); !read.ok()) {
        return fail(kFailed, read.error());
    }
    for (const auto& [what, count] : comparing.counts)
        fmt::print("{}, {} times\n", what, count);
    return comparing.counts.empty() ? kDone : kFailed;
}

int learn(LearnOptions& options, const std::vector<std::string>& eal) {
    if (options.files.empty() == options.live.empty()) {
        return fail(kUsage, {.message = "captures, EVE records or --live: one of them is needed",
                             .hint = "querytap learn monday.pcap -o policy.yaml"});
    }
    if (!options.live.empty()) {
        auto config = config::load(options.live);
        if (!config) return fail(kUsage, config.error());
        options.config = std::move(config).value();
    }
    if (!options.diff.empty()) return compare(options, eal);
    Learning learning(options.allow_external);
    if (const Status read = read_all(options, eal, learning); !read.ok()) {
        return fail(kFailed, read.error());
    }
    const std::string yaml = learning.learner.to_yaml();
    if (options.output.empty()) {
        std::cout << yaml;
        return kDone;
    }
    std::ofstream out(options.output);
    out << yaml;
    out.flush();
    return out ? kDone : fail(kFailed, {.message = "cannot be written", .file = options.output});
}

}  // namespace

void add_learn(CLI::App& app, const Arguments& arguments, int& status) {
    auto options = std::make_shared<LearnOptions>();
    CLI::App* command =
        app.add_subcommand("learn", "write a policy of what captures or EVE records show");
    command->add_option("FILE", options->files,
                        "captures, or EVE records (*.json, *.jsonl) with tds");
    auto* live = command->add_option("--live", options->live,
                                     "a configuration: learn from its ports instead");
    command
        ->add_option("--for", options->for_minutes,
                     "minutes to learn live (default: until a signal)")
        ->needs(live)
        ->check(CLI::Range(1, 60 * 24 * 366));
    command->add_option("-o,--output", options->output, "the policy (default: standard output)");
    command->add_option("--diff", options->diff,
                        "compare with this policy instead: what it does not allow");
    command->add_option("--signatures", options->signatures, "folder of *.rules files");
    command->add_flag("--allow-external", options->allow_external,
                      "allow servers outside, too (default: list them as risks)");
    command->footer(
        "Examples:\n"
        "  querytap learn monday.pcap tuesday.pcap -o policy.yaml\n"
        "  querytap learn /var/log/querytap/eve.json -o policy.yaml\n"
        "  querytap learn --live /etc/querytap/querytap.yaml --for 1440 -o policy.yaml\n"
        "  querytap learn --diff policy.yaml wednesday.pcap\n"
        "\nNot allowed, but listed at the end of the policy: conversations that signatures or the\n"
        "protocol make suspicious, sa in clear text, servers outside.\n"
        "\nExit status: 0 done, and nothing differs; 1 something differs (--diff), or a file "
        "cannot\n"
        "be read; 2 the policy or the usage is wrong.");
    command->callback([options, &arguments, &status] {
        set_up_log();
        status = learn(*options, arguments.eal);
    });
}

}  // namespace querytap::cli
