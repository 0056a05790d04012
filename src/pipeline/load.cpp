#include <querytap/pipeline/load.h>

namespace querytap::pipeline {

std::string_view name(Shed shed) noexcept {
    switch (shed) {
        case Shed::kStreams:
            return "streams";
        case Shed::kResults:
            return "results";
        case Shed::kRequests:
            return "requests";
    }
    return "";
}

}  // namespace querytap::pipeline
