// Any bytes in both directions, with gaps. Each input is read twice, in the pieces it describes and
// byte by byte: both must say the same, whole values within whole messages, and leave no buffer
// lent.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <querytap/base/reader.h>

#include "../unit/tds/event_log.h"

namespace {

using namespace querytap;

void require(bool holds) {
    if (!holds) std::abort();
}

/// The input is a byte of choices, then records: a byte that says what, two for a length, bytes.
enum What : std::uint8_t { kToClient = 0x01, kGap = 0x02 };

std::string listen(Bytes input, bool byte_by_byte) {
    tds::SessionPool pool({.buffers = 256});
    tds::test::EventLog log;
    {
        Reader reader(input);
        tds::Session session(pool, (reader.u8() & 1) != 0);
        while (reader.ok() && reader.remaining() > 0) {
            const std::uint8_t what = reader.u8();
            const auto direction =
                (what & kToClient) != 0 ? tds::Direction::kToClient : tds::Direction::kToServer;
            const std::size_t size = std::min<std::size_t>(reader.u16be(), reader.remaining());
            // A copy of its own, so that the sanitizer sees reads behind the end.
            const Bytes piece = reader.bytes(size);
            const std::vector<std::uint8_t> bytes(piece.begin(), piece.end());
            if ((what & kGap) != 0) session.gap(direction, log);
            if (byte_by_byte) {
                for (const std::uint8_t& byte : bytes)
                    session.feed(direction, {&byte, 1}, log);
            } else {
                session.feed(direction, bytes, log);
            }
        }
        session.finish(log);
    }
    require(pool.counters().buffers_in_use.read() == 0);
    return log.text();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input{data, size};
    const std::string whole = listen(input, false);
    require(whole == listen(input, true));
    return 0;
}
