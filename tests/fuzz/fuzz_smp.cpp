// MARS: the first byte is a Choice. Then records of what comes next in either direction: a byte
// (see Record), u16be size (0x8000: after a gap), bytes. Conversations interleave as the records
// do.
#include "session_log.h"

namespace {

using namespace querytap;

struct Record {
    explicit Record(std::uint8_t byte) noexcept
        : to_client((byte & 0x01) != 0),
          content(byte >> 1 & 3),
          flag(static_cast<std::uint8_t>(1U << (byte >> 3 & 3))),
          session(static_cast<std::uint16_t>(byte >> 5)) {}

    bool to_client;
    std::uint8_t content;  ///< 0 without an SMP header, 1 as it is, 2 in a packet, 3 in several
    std::uint8_t flag;     ///< SYN, ACK, FIN, DATA
    std::uint16_t session;
};

tds::test::Wire wire_of(const Record& record, Bytes bytes, std::size_t packet_size) {
    tds::test::Wire content;
    content.bytes = fuzz::copy(bytes);
    if (record.content == 0) return content;
    const std::uint8_t type = record.to_client ? 4 : 1;
    if (record.content == 2) content = tds::test::packets(type, content, 32767);
    if (record.content == 3) content = tds::test::packets(type, content, packet_size);
    const bool data = record.flag == 8;
    tds::test::Wire wire;
    wire.u8(0x53).u8(record.flag).u16(record.session);
    wire.u32(16 + (data ? content.bytes.size() : 0)).u32(1).u32(4);
    return data ? wire.add(content) : wire;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Reader reader(Bytes{data, size});
    const fuzz::Choice choice(reader.u8());
    fuzz::Pieces pieces = choice.before();
    while (reader.ok() && reader.remaining() > 0) {
        const Record record(reader.u8());
        const std::size_t length = reader.u16be();
        const Bytes bytes =
            reader.bytes(std::min<std::size_t>(length & 0x7fff, reader.remaining()));
        const auto direction =
            record.to_client ? tds::Direction::kToClient : tds::Direction::kToServer;
        pieces.push_back({direction, wire_of(record, bytes, choice.packet_size()).bytes,
                          (length & 0x8000) != 0});
    }
    fuzz::log_in_all_ways(pieces, choice.cut());
    return 0;
}
