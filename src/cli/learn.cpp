// querytap learn: a policy of what captures and EVE records show, or what in them a policy does not
// allow.
#include <fstream>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <querytap/policy/learner.h>

#include "capture_inspection.h"
#include "commands.h"
#include "conversation_facts.h"
#include "eve_reader.h"
#include "exit_status.h"
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

Status read_all(const LearnOptions& options, FactsHandler& handler) {
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

int compare(const LearnOptions& options) {
    const auto policy = policy::Policy::load(options.diff);
    if (!policy) return fail(kUsage, policy.error());
    Comparing comparing(**policy);
    if (const Status read = read_all(options, comparing); !read.ok()) {
        return fail(kFailed, read.error());
    }
    for (const auto& [what, count] : comparing.counts)
        fmt::print("{}, {} times\n", what, count);
    return comparing.counts.empty() ? kDone : kFailed;
}

int learn(const LearnOptions& options) {
    if (!options.diff.empty()) return compare(options);
    Learning learning(options.allow_external);
    if (const Status read = read_all(options, learning); !read.ok()) {
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

void add_learn(CLI::App& app, const Arguments&, int& status) {
    auto options = std::make_shared<LearnOptions>();
    CLI::App* command =
        app.add_subcommand("learn", "write a policy of what captures or EVE records show");
    command
        ->add_option("FILE", options->files, "captures, or EVE records (*.json, *.jsonl) with tds")
        ->required();
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
        "  querytap learn --diff policy.yaml wednesday.pcap\n"
        "\nNot allowed, but listed at the end of the policy: conversations that signatures or the\n"
        "protocol make suspicious, sa in clear text, servers outside.\n"
        "\nExit status: 0 done, and nothing differs; 1 something differs (--diff), or a file "
        "cannot\n"
        "be read; 2 the policy or the usage is wrong.");
    command->callback([options, &status] {
        set_up_log();
        status = learn(*options);
    });
}

}  // namespace querytap::cli
