#include "signatures_dir.h"

#include <array>
#include <system_error>

namespace querytap::cli {

std::filesystem::path default_signatures() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path executable = fs::read_symlink("/proc/self/exe", error);
    const std::array<fs::path, 3> candidates{
        executable.parent_path().parent_path() / "signatures",  // checkout/build/querytap
        "/etc/querytap/signatures",
        "/usr/share/querytap/signatures",
    };
    for (const fs::path& candidate : candidates) {
        if (fs::is_directory(candidate, error)) return candidate;
    }
    return candidates[1];
}

signature::LoadOptions load_options(const config::Config& config) {
    return {.lenient = config.lenient_signatures,
            .variables = {config.variables.begin(), config.variables.end()},
            .cache = config.signature_cache,
            .thresholds = config.threshold_config};
}

}  // namespace querytap::cli
