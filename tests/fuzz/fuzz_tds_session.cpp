// Any bytes in both directions, with gaps. The first byte is a Choice of how to cut, and 0x01
// of it: picked up mid-stream. Then come records: a byte that says what, two for a length, bytes.
#include "session_log.h"
#include "sized_piece.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace querytap;
    enum What : std::uint8_t { kToClient = 0x01, kGap = 0x02 };
    Reader reader(Bytes{data, size});
    const std::uint8_t choices = reader.u8();
    fuzz::Pieces pieces;
    while (reader.ok() && reader.remaining() > 0) {
        const std::uint8_t what = reader.u8();
        const auto direction =
            (what & kToClient) != 0 ? tds::Direction::kToClient : tds::Direction::kToServer;
        const Bytes piece = fuzz::sized_piece(reader);
        pieces.push_back({direction, fuzz::copy(piece), (what & kGap) != 0});
    }
    fuzz::log_in_all_ways(pieces, fuzz::Choice(choices).cut(), (choices & 1) != 0);
    return 0;
}
