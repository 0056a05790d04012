// First byte: see Choice. Then u16be size and an RPC request, and the rest is what the server
// answers; then the request comes once more, so that handles in the answer are executed.
#include "session_log.h"
#include "sized_piece.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace querytap;
    Reader reader(Bytes{data, size});
    const fuzz::Choice choice(reader.u8());
    const Bytes request = fuzz::sized_piece(reader);
    if (!reader.ok()) return 0;
    const Bytes answer = reader.bytes(reader.remaining());
    const fuzz::Message asked{tds::Direction::kToServer, tds::PacketType::kRpc, request};
    const fuzz::Message said{tds::Direction::kToClient, tds::PacketType::kTabularResult, answer};
    fuzz::log_of_messages({asked, said, asked}, choice);
    return 0;
}
