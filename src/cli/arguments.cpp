#include <string_view>

#include "commands.h"

namespace querytap::cli {

Arguments split_eal_arguments(int argc, char** argv) {
    Arguments arguments;
    int i = 0;
    for (; i < argc && std::string_view(argv[i]) != "--"; ++i)
        arguments.own.push_back(argv[i]);
    for (++i; i < argc; ++i)
        arguments.eal.emplace_back(argv[i]);
    return arguments;
}

}  // namespace querytap::cli
