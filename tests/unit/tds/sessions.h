// Whole sessions as turns of bytes: what the tests cut, damage and count.
#pragma once

#include <string>
#include <vector>

#include "event_log.h"
#include "wire.h"

namespace querytap::tds::test {

struct Turn {
    Direction direction;
    std::vector<std::uint8_t> bytes;
};

struct Recorded {
    std::string name;
    std::vector<Turn> turns;
};

inline Turn client(const Wire& wire) {
    return {Direction::kToServer, wire.bytes};
}
inline Turn server(const Wire& wire) {
    return {Direction::kToClient, wire.bytes};
}

/// PRELOGIN both ways, LOGIN7 and its answer.
std::vector<Turn> login_turns(std::uint8_t encryption = 2);

/// One session for each thing that the room knows.
const std::vector<Recorded>& recorded_sessions();

/// The log of a session; every piece is handed over in memory of its own, of exactly its size.
/// cut: 0 as it is, else pieces of this many bytes.
std::string log_of(SessionPool& pool, const std::vector<Turn>& turns, std::size_t cut = 0,
                   bool midstream = false, bool detailed = false);

/// The same, facts only, for tests that read well.
std::string facts_of(const std::vector<Turn>& turns, bool midstream = false);

}  // namespace querytap::tds::test
