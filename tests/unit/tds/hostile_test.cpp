// Input that nobody means well with: every byte changed, lengths that lie, memory that is gone.
#include <gtest/gtest.h>

#include "../base/counting_new.h"
#include "sessions.h"

namespace querytap::tds::test {
namespace {

/// Counts callbacks, as a measure of work.
class Counting final : public Handler {
  public:
    std::uint64_t calls = 0;
    std::uint64_t bytes = 0;
    void on_result_values(const MessageInfo&, std::span<const Chunk> values) override {
        calls += values.size();
        for (const Chunk& value : values)
            bytes += value.bytes.size();
    }
    void on_parameter_value(const MessageInfo&, const Chunk& chunk) override {
        ++calls;
        bytes += chunk.bytes.size();
    }
    void on_sql(const MessageInfo&, SqlSource, const Chunk& chunk) override {
        ++calls;
        bytes += chunk.bytes.size();
    }
    void on_anomaly(Direction, Anomaly) override { ++calls; }
};

TEST(Hostile, NoAllocationPerPacket) {
    SessionPool pool({.buffers = 256});
    for (const Recorded& recorded : recorded_sessions()) {
        Counting handler;
        const std::size_t before = querytap::test::allocations();
        {
            Session session(pool, false);
            for (const Turn& turn : recorded.turns) {
                for (std::size_t i = 0; i < turn.bytes.size(); i += 5) {
                    session.feed(turn.direction,
                                 Bytes{turn.bytes}.subspan(
                                     i, std::min<std::size_t>(5, turn.bytes.size() - i)),
                                 handler);
                }
            }
            session.gap(Direction::kToServer, handler);
            session.finish(handler);
        }
        EXPECT_EQ(querytap::test::allocations(), before) << recorded.name;
    }
}

TEST(Hostile, EveryByteChanged) {
    SessionPool pool({.buffers = 64});
    for (const Recorded& recorded : recorded_sessions()) {
        for (std::size_t turn = 0; turn < recorded.turns.size(); ++turn) {
            for (std::size_t at = 0; at < recorded.turns[turn].bytes.size(); ++at) {
                for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff}) {
                    std::vector<Turn> changed = recorded.turns;
                    changed[turn].bytes[at] = static_cast<std::uint8_t>(value);
                    const std::string whole = log_of(pool, changed);
                    if (at % 7 == 0) {
                        ASSERT_EQ(whole, log_of(pool, changed, 1))
                            << recorded.name << " turn " << turn << " byte " << at << " = "
                            << value;
                    }
                }
            }
        }
    }
    EXPECT_EQ(pool.counters().buffers_in_use.read(), 0U);
}

TEST(Hostile, EveryMessageCutShort) {
    SessionPool pool({.buffers = 64});
    for (const Recorded& recorded : recorded_sessions()) {
        for (std::size_t turn = 0; turn < recorded.turns.size(); ++turn) {
            for (std::size_t size = 0; size < recorded.turns[turn].bytes.size(); ++size) {
                std::vector<Turn> cut(
                    recorded.turns.begin(),
                    recorded.turns.begin() + static_cast<std::ptrdiff_t>(turn) + 1);
                cut.back().bytes.resize(size);
                const std::string log = log_of(pool, cut);
                EXPECT_EQ(log.find("unended"), log.npos) << log;
            }
        }
    }
    EXPECT_EQ(pool.counters().buffers_in_use.read(), 0U);
}

TEST(Hostile, WithoutBuffersSqlIsStillSeen) {
    SessionPool pool({.buffers = 0});
    EventLog log;
    Session session(pool, false);
    const Wire query = batch("select 1");
    session.feed(Direction::kToServer, query.bytes, log);
    EXPECT_NE(log.text().find("sql: select 1"), std::string::npos) << log.text();
    // A unit in two pieces needs a buffer, and is given up for good.
    const Wire login = packets(16, login_body());
    session.feed(Direction::kToServer, login.bytes, log);
    EXPECT_NE(log.text().find("! limit"), std::string::npos) << log.text();
    EXPECT_GT(pool.counters().buffers_exhausted.read(), 0U);
}

Wire many(std::string_view kind, std::size_t count) {
    Wire wire;
    if (kind == "rows of nulls") {
        wire.u8(0x81).u16(4000);
        for (int i = 0; i < 4000; ++i)
            wire.column().u8(0x26).u8(4).u8(0);
        for (std::size_t i = 0; i < count; ++i)
            wire.u8(0xd2).fill(500, 0xff);
    } else if (kind == "empty rpcs") {
        wire.headers();
        for (std::size_t i = 0; i < count; ++i)
            wire.u16(0).u16(0).u8(0xff);
    } else if (kind == "tvp rows without columns") {
        wire.headers().us_varchar("p").u16(0).u8(0).u8(0).u8(0xf3).zeros(3).u16(1000);
        for (int i = 0; i < 1000; ++i)
            wire.u32(0).u16(0x200).u8(0x26).u8(4).u8(0);
        wire.u8(0).fill(count, 1).u8(0);
    }
    return wire;
}

TEST(Hostile, WorkGrowsWithBytesOnly) {
    for (const std::string_view kind :
         {"rows of nulls", "empty rpcs", "tvp rows without columns"}) {
        const std::uint8_t type = kind == "rows of nulls" ? 4 : 3;
        for (const std::size_t count : {1000U, 2000U}) {
            SessionPool pool({.buffers = 64});
            Session session(pool, false);
            Counting handler;
            const Wire wire = packets(type, many(kind, count), 4096);
            session.feed(type == 4 ? Direction::kToClient : Direction::kToServer, wire.bytes,
                         handler);
            session.finish(handler);
            EXPECT_LE(handler.calls, wire.bytes.size()) << kind;
        }
    }
}

TEST(Hostile, SearchDoesNotLoop) {
    SessionPool pool({.buffers = 64});
    Wire wire;
    for (int i = 0; i < 3000; ++i)
        wire.u8(4).u8(1).u16be(9).u16be(0).u8(static_cast<std::uint64_t>(i) & 0xff).u8(0);
    EventLog log;
    Session session(pool, true);
    session.feed(Direction::kToClient, wire.bytes, log);
    session.gap(Direction::kToClient, log);
    session.feed(Direction::kToClient, wire.bytes, log);
    session.finish(log);
    EXPECT_LT(log.lines().size(), wire.bytes.size());
}

}  // namespace
}  // namespace querytap::tds::test
