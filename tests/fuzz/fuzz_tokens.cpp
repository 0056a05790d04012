// First byte: see Choice. The rest as the token stream of an answer, which may be one to a login
// and change how the same tokens are read in the next; and as a bulk load, which is tokens too.
#include "session_log.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace querytap;
    if (size == 0) return 0;
    const fuzz::Choice choice(data[0]);
    const Bytes payload(data + 1, size - 1);
    const fuzz::Message answer{tds::Direction::kToClient, tds::PacketType::kTabularResult, payload};
    const fuzz::Message load{tds::Direction::kToServer, tds::PacketType::kBulkLoad, payload};
    fuzz::log_of_messages({answer, load, answer}, choice);
    return 0;
}
