// What a session says does not depend on how its bytes were cut.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

TEST(Split, PiecesOfEverySize) {
    SessionPool pool({.buffers = 256});
    for (const Recorded& recorded : recorded_sessions()) {
        const std::string whole = log_of(pool, recorded.turns);
        for (const std::size_t cut : {1U, 2U, 3U, 5U, 7U, 8U, 9U, 15U, 16U, 17U, 64U, 100U, 512U}) {
            EXPECT_EQ(whole, log_of(pool, recorded.turns, cut)) << recorded.name << " by " << cut;
        }
    }
    EXPECT_EQ(pool.counters().buffers_in_use.read(), 0U);
}

TEST(Split, EveryTurnCutAtEveryByte) {
    SessionPool pool({.buffers = 256});
    for (const Recorded& recorded : recorded_sessions()) {
        const std::string whole = log_of(pool, recorded.turns);
        for (std::size_t turn = 0; turn < recorded.turns.size(); ++turn) {
            const auto& bytes = recorded.turns[turn].bytes;
            for (std::size_t at = 1; at < bytes.size(); ++at) {
                std::vector<Turn> cut = recorded.turns;
                const auto border = bytes.begin() + static_cast<std::ptrdiff_t>(at);
                cut[turn].bytes.assign(bytes.begin(), border);
                cut.insert(cut.begin() + static_cast<std::ptrdiff_t>(turn) + 1,
                           {recorded.turns[turn].direction, {border, bytes.end()}});
                ASSERT_EQ(whole, log_of(pool, cut))
                    << recorded.name << " turn " << turn << " at " << at;
            }
        }
    }
}

TEST(Split, PickedUpMidstream) {
    SessionPool pool({.buffers = 256});
    for (const Recorded& recorded : recorded_sessions()) {
        const std::string whole = log_of(pool, recorded.turns, 0, true);
        for (const std::size_t cut : {1U, 3U, 8U, 16U, 100U}) {
            EXPECT_EQ(whole, log_of(pool, recorded.turns, cut, true))
                << recorded.name << " by " << cut;
        }
    }
}

}  // namespace
}  // namespace querytap::tds::test
