// querytap doctor: everything that run needs, tried one after the other, with what to do about it.
#include <chrono>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <querytap/dataplane/doctor.h>
#include <querytap/dataplane/runtime.h>

#include "commands.h"
#include "exit_status.h"
#include "signatures_dir.h"
#include "terminal.h"

namespace querytap::cli {
namespace {

using dataplane::Finding;
using Kind = Finding::Status;

struct Options {
    std::string file = "/etc/querytap/querytap.yaml";
    double seconds = 2;
    bool json = false;
};

struct Report {
    std::vector<Finding> findings;
    int status = kDone;

    void add(Finding finding) {
        if (finding.status == Kind::kFailed && status == kDone) status = kFailed;
        findings.push_back(std::move(finding));
    }
    void add(std::vector<Finding> more) {
        for (Finding& finding : more)
            add(std::move(finding));
    }
    void failed(std::string subject, const Error& error) {
        Error place = error;
        place.hint.clear();
        add({Kind::kFailed, std::move(subject), place.to_string(), error.hint});
    }
};

std::string_view word(Kind kind) {
    switch (kind) {
        case Kind::kOk:
            return "ok";
        case Kind::kWarning:
            return "warning";
        case Kind::kFailed:
            return "failed";
    }
    return "";
}

/// Listens for a while, as run does, and looks at what was lost where.
void listen(dataplane::Runtime& runtime, double seconds, Report& report) {
    if (Status started = runtime.start(); !started.ok()) {
        report.failed("ports", started.error());
        return;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    const auto drain = [&] {
        for (pipeline::EventRing* ring : runtime.event_rings()) {
            while (ring->front() != nullptr)
                ring->release();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    while (std::chrono::steady_clock::now() < end)
        drain();
    for (const std::string& name : runtime.ports_down()) {
        report.add({Kind::kWarning, "port " + name, "the link is down",
                    "look at the cable, the optics and the mirror port of the switch"});
    }
    report.add(dataplane::examine_traffic(runtime, seconds));
    runtime.stop();
    while (!runtime.finished())
        drain();
    if (Status joined = runtime.join(); !joined.ok()) report.failed("ports", joined.error());
}

Report examine(const Options& options, const Arguments& arguments) {
    Report report;
    auto config = config::load(options.file);
    if (!config) {
        report.failed("configuration", config.error());
        report.status = kUsage;
        return report;
    }
    report.add({Kind::kOk, "configuration", options.file, ""});
    config->eal_arguments.insert(config->eal_arguments.end(), arguments.eal.begin(),
                                 arguments.eal.end());
    pipeline::Generation generation{.number = 1, .rules = nullptr, .policy = nullptr};
    auto rules = signature::RuleSet::load(config->signatures, load_options(*config));
    if (rules) {
        generation.rules = *rules;
        report.add({Kind::kOk, "signatures",
                    fmt::format("{} in {}", (*rules)->rules().size(), config->signatures), ""});
    } else {
        report.failed("signatures", rules.error());
        report.status = kUsage;
    }
    if (!config->policy.empty()) {
        if (auto policy = policy::Policy::load(config->policy)) {
            report.add({Kind::kOk, "policy", config->policy, ""});
        } else {
            report.failed("policy", policy.error());
            report.status = kUsage;
        }
    }
    report.add(dataplane::examine_host(*config));
    if (report.status != kDone) return report;  // what follows would only say it again

    auto runtime = dataplane::Runtime::create(*config, std::nullopt, generation);
    if (!runtime) {
        report.failed("DPDK", runtime.error());
        return report;
    }
    report.add((*runtime)->findings());
    if (options.seconds > 0) listen(**runtime, options.seconds, report);
    return report;
}

void print_json(const Report& report) {
    rapidjson::StringBuffer buffer;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> out(buffer);
    const auto text = [&](const char* key, std::string_view value) {
        out.Key(key);
        out.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    };
    out.StartObject();
    out.Key("exit_status");
    out.Int(report.status);
    out.Key("findings");
    out.StartArray();
    for (const Finding& finding : report.findings) {
        out.StartObject();
        text("status", word(finding.status));
        text("subject", finding.subject);
        text("text", finding.text);
        if (!finding.hint.empty()) text("hint", finding.hint);
        out.EndObject();
    }
    out.EndArray();
    out.EndObject();
    std::cout << buffer.GetString() << '\n';
}

void print_text(const Report& report) {
    const bool color = wants_color(stdout);
    std::size_t failed = 0;
    std::size_t warnings = 0;
    for (const Finding& finding : report.findings) {
        const char* const on = finding.status == Kind::kOk        ? "\x1b[32m"
                               : finding.status == Kind::kWarning ? "\x1b[33m"
                                                                  : "\x1b[31m";
        failed += finding.status == Kind::kFailed ? 1 : 0;
        warnings += finding.status == Kind::kWarning ? 1 : 0;
        std::cout << fmt::format("{}{:<8}{} {:<16} {}\n", color ? on : "", word(finding.status),
                                 color ? "\x1b[0m" : "", finding.subject, finding.text);
        if (!finding.hint.empty()) std::cout << fmt::format("{:>26}do: {}\n", "", finding.hint);
    }
    if (failed > 0) {
        std::cout << fmt::format("\nIt will not run: {} failed. Begin with the first.\n", failed);
    } else if (warnings > 0) {
        std::cout << fmt::format("\nIt runs; {} thing{} could be better.\n", warnings,
                                 warnings == 1 ? "" : "s");
    } else {
        std::cout << "\nNothing stands in the way.\n";
    }
}

}  // namespace

void add_doctor(CLI::App& app, const Arguments& arguments, int& status) {
    auto options = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("doctor", "what stands between this machine and a tap without loss");
    command->add_option("-c,--config", options->file,
                        "configuration (default /etc/querytap/querytap.yaml)");
    command
        ->add_option("--seconds", options->seconds, "listen for so long (default 2; 0: not at all)")
        ->check(CLI::Range(0.0, 3600.0));
    command->add_flag("--json", options->json, "findings as JSON");
    command->footer(
        "Examples:\n"
        "  querytap doctor -c /etc/querytap/querytap.yaml\n"
        "  querytap doctor -c lab.yaml --json --seconds 10\n"
        "\nLooks at configuration, signatures, policy, cores, NUMA, hugepages, memory, "
        "permissions,\n"
        "devices, the self-test of RSS, and what comes and is lost while it listens. Not beside a\n"
        "running querytap on the same ports.\n"
        "Exit status: 0 it runs (warnings included), 1 it does not, 2 the configuration is wrong.");
    command->callback([options, &arguments, &status] {
        set_up_log();
        const Report report = examine(*options, arguments);
        options->json ? print_json(report) : print_text(report);
        std::cout << std::flush;
        status = report.status;
    });
}

}  // namespace querytap::cli
