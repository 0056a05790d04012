// querytap: one binary, one file for each subcommand.
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include <querytap/signature/ruleset.h>

#include "commands.h"
#include "exit_status.h"

int main(int argc, char** argv) {
    using namespace querytap::cli;

    CLI::App app{
        "querytap watches Microsoft SQL Server traffic (TDS) on a passive tap and says which\n"
        "conversations are a command channel, a shell, a tunnel or a database spoken where none\n"
        "should be.",
        "querytap"};
    app.set_version_flag("--version", std::string("querytap " QUERYTAP_VERSION));
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  querytap replay capture.pcap                  what is in a capture, as a table\n"
        "  querytap replay capture.pcap --json -         the same as EVE JSON lines\n"
        "  querytap run -c /etc/querytap/querytap.yaml   watch the ports of the configuration\n"
        "  querytap check signatures                     do the rules match what they should?\n"
        "  querytap doctor -c /etc/querytap/querytap.yaml  why it does not, or loses packets\n"
        "  querytap learn monday.pcap -o policy.yaml     a policy of what is legitimate\n"
        "\nExit status: 0 done, 1 failed at work, 2 wrong usage or configuration.");

    int status = kDone;
    // EAL arguments follow "--"; CLI11 must not see them.
    const Arguments arguments = split_eal_arguments(argc, argv);
    add_replay(app, arguments, status);
    add_run(app, arguments, status);
    add_check(app, arguments, status);
    add_learn(app, arguments, status);
    add_doctor(app, arguments, status);

    try {
        app.parse(static_cast<int>(arguments.own.size()), arguments.own.data());
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kDone : kUsage;
    }
    // A pattern that Hyperscan has not done with would keep us from ending.
    if (querytap::signature::compiling_abandoned()) {
        std::fflush(nullptr);
        std::_Exit(status);
    }
    return status;
}
