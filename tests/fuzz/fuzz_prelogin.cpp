// First byte: see Choice. The rest as PRELOGIN, from either side: read alone, and in a session.
#include "../../src/tds/prelogin.h"
#include "session_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace querytap;
    if (size == 0) return 0;
    const Bytes payload(data + 1, size - 1);
    const std::vector<std::uint8_t> message = fuzz::copy(payload);
    for (const auto direction : {tds::Direction::kToServer, tds::Direction::kToClient}) {
        tds::Prelogin prelogin;
        const bool good = tds::read_prelogin(message, direction, prelogin);
        fuzz::require(!good || prelogin.option_count > 0);
        fuzz::require(prelogin.direction == direction);
        fuzz::require(prelogin.instance.view().find('\0') == std::string_view::npos);
    }
    const fuzz::Choice choice(data[0]);
    const fuzz::Message asked{tds::Direction::kToServer, tds::PacketType::kPrelogin, payload};
    const fuzz::Message answer{tds::Direction::kToClient, tds::PacketType::kTabularResult, payload};
    fuzz::log_of_messages({asked, answer}, choice);
    return 0;
}
