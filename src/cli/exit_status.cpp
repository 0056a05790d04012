#include "exit_status.h"

#include <iostream>

namespace querytap::cli {

int fail(int status, const Error& error) {
    std::cerr << "querytap: " << error.to_string() << "\n";
    return status;
}

}  // namespace querytap::cli
