// The subcommands. Each adds itself to the parser and, when chosen, runs and leaves its exit
// status.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace querytap::cli {

struct Arguments {
    std::vector<char*> own;        ///< before "--", the program's name first
    std::vector<std::string> eal;  ///< after it
};
Arguments split_eal_arguments(int argc, char** argv);

void add_check(CLI::App& app, const Arguments& arguments, int& status);
void add_learn(CLI::App& app, const Arguments& arguments, int& status);
void add_replay(CLI::App& app, const Arguments& arguments, int& status);
void add_run(CLI::App& app, const Arguments& arguments, int& status);
void add_doctor(CLI::App& app, const Arguments& arguments, int& status);

}  // namespace querytap::cli
