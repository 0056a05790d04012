// Handles of prepared statements and cursors: what is executed later is shown with its SQL, and
// nothing is invented.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

Wire integer(std::uint32_t value, std::uint8_t status = 0) {
    return Wire().u8(0).u8(status).u8(0x26).u8(4).u8(4).u32(value);
}
Wire null_integer() {
    return Wire().u8(0).u8(1).u8(0x26).u8(4).u8(0);
}
Wire text(std::string_view value) {
    return Wire().u8(0).u8(0).nvarchar_type().nvarchar(value);
}
Wire call(std::uint16_t id) {
    return Wire().u16(0xffff).u16(id).u16(0);
}
Wire rpc(const Wire& calls, std::uint8_t status = 1) {
    return packets(3, Wire().headers().add(calls), 4096, status);
}

Wire prepare(std::string_view sql) {
    return call(11).add(null_integer()).add(text("")).add(text(sql)).add(integer(1));
}
Wire prepexec(std::string_view sql) {
    return call(13).add(null_integer()).add(text("")).add(text(sql));
}
Wire cursor_prepexec(std::string_view sql) {
    return call(5).add(null_integer()).add(null_integer()).add(text("")).add(text(sql));
}
Wire cursor_open(std::string_view sql) {
    return call(2).add(null_integer()).add(text(sql)).add(integer(4)).add(integer(1));
}
Wire use(std::uint16_t id, std::uint32_t handle) {
    return call(id).add(integer(handle));
}
Wire execute(std::uint32_t handle) {
    return use(12, handle);
}

Wire returned(std::uint32_t value) {
    return Wire().u8(0xac).u16(0).b_varchar("").u8(1).u32(0).u16(0).u8(0x26).u8(4).u8(4).u32(value);
}
Wire done_proc(std::uint16_t status = 0) {
    return Wire().u8(0x79).u32(0).done(status, 0, 0xfe);
}
Wire answer(const Wire& tokens = {}) {
    return packets(4, Wire(tokens).add(done_proc()));
}
Wire smp(std::uint16_t session, const Wire& data) {
    return Wire().u8(0x53).u8(8).u16(session).u32(16 + data.bytes.size()).u32(1).u32(4).add(data);
}

/// The texts that executions were shown with, one to a line.
std::string prepared_of(const std::vector<Turn>& turns, std::size_t cut = 0) {
    SessionPool pool({.buffers = 64});
    std::string found;
    const std::string log = log_of(pool, turns, cut);
    for (std::size_t at = 0; (at = log.find("prepared: ", at)) != log.npos;) {
        at += 10;
        found += log.substr(at, log.find('\n', at) + 1 - at);
    }
    EXPECT_EQ(log.find('!'), log.npos) << log;
    EXPECT_EQ(log.find("unended"), log.npos) << log;
    return found;
}

struct Case {
    const char* name;
    std::vector<Turn> turns;
    const char* expected;
};

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases = {
        {"sp_prepare, executed twice",
         {client(rpc(prepare("select a"))), server(answer(returned(1))), client(rpc(execute(1))),
          server(answer()), client(rpc(execute(1))), server(answer())},
         "select a\nselect a\n"},
        {"sp_prepexec",
         {client(rpc(prepexec("select b"))), server(answer(returned(7))), client(rpc(execute(7)))},
         "select b\n"},
        {"two statements",
         {client(rpc(prepare("first"))), server(answer(returned(1))),
          client(rpc(prepare("second"))), server(answer(returned(2))), client(rpc(execute(2))),
          server(answer()), client(rpc(execute(1)))},
         "second\nfirst\n"},
        {"a handle that nobody saw", {client(rpc(execute(3))), server(answer())}, ""},
        {"unprepared",
         {client(rpc(prepare("a"))), server(answer(returned(1))), client(rpc(use(15, 1))),
          server(answer()), client(rpc(execute(1)))},
         ""},
        {"replaced by a later sp_prepexec",
         {client(rpc(prepare("a"))), server(answer(returned(1))),
          client(rpc(call(13).add(integer(1, 1)).add(text("")).add(text("b")))),
          server(answer(returned(2))), client(rpc(execute(1))), server(answer()),
          client(rpc(execute(2)))},
         "b\n"},
        {"failed: the handle is null",
         {client(rpc(prepare("a"))),
          server(answer(
              Wire().u8(0xac).u16(0).b_varchar("").u8(1).u32(0).u16(0).u8(0x26).u8(4).u8(0))),
          client(rpc(execute(0)))},
         ""},
        {"failed: no handle at all; the next answer is not taken for it",
         {client(rpc(prepare("a"))), server(answer()),
          client(rpc(Wire().us_varchar("p").u16(0).add(integer(0, 1)))),
          server(answer(returned(1))), client(rpc(execute(1)))},
         ""},
        {"a connection reset takes all handles",
         {client(rpc(prepare("a"))), server(answer(returned(1))),
          client(rpc(Wire().us_varchar("p").u16(0), 0x09)), server(answer()),
          client(rpc(execute(1)))},
         ""},
        {"cursor: prepared handle and cursor, apart",
         {client(rpc(cursor_prepexec("select c"))),
          server(answer(returned(1073741825).add(returned(180150003)))),
          client(rpc(use(7, 180150003))), server(answer()), client(rpc(use(4, 1073741825))),
          server(answer(returned(180150005))), client(rpc(use(7, 180150005))), server(answer()),
          client(rpc(execute(180150003)))},
         "select c\nselect c\nselect c\n"},
        {"cursor: opened, fetched, closed",
         {client(rpc(cursor_open("select d"))), server(answer(returned(180150003))),
          client(rpc(use(7, 180150003))), server(answer()), client(rpc(use(9, 180150003))),
          server(answer()), client(rpc(use(7, 180150003)))},
         "select d\n"},
        {"several calls in a message",
         {client(rpc(prepare("a").u8(0xff).add(execute(9)).u8(0xff).add(prepare("b")))),
          server(packets(4, returned(1)
                                .add(done_proc(0x81))
                                .add(done_proc(0x81))
                                .add(returned(2))
                                .add(done_proc()))),
          client(rpc(execute(2).u8(0xff).add(execute(1))))},
         "b\na\n"},
        {"two conversations, answered the other way round",
         {client(smp(1, rpc(prepare("one"))).add(smp(2, rpc(prepare("two"))))),
          server(smp(2, answer(returned(1))).add(smp(1, answer(returned(2))))),
          client(smp(1, rpc(execute(1)))), client(smp(2, rpc(execute(2))))},
         "two\none\n"},
        {"an attention between: its acknowledgement answers nothing",
         {client(rpc(prepare("a"))), server(answer(returned(1))), client(packets(6, {})),
          server(packets(4, Wire().done(0x20))), client(rpc(prepare("b"))),
          server(answer(returned(2))), client(rpc(execute(2)))},
         "b\n"},
        {"answers seen before their requests",
         {client(batch("x")), server(answer()), server(answer(returned(1))),
          client(rpc(prepare("a"))), server(answer(returned(2))), client(rpc(prepare("b"))),
          client(rpc(execute(1))), client(rpc(execute(2)))},
         ""},
    };
    return kCases;
}

TEST(Prepared, ExecutionsAreShownWithTheirSql) {
    for (const Case& test : cases()) {
        for (const std::size_t cut : {0U, 1U, 7U, 50U})
            EXPECT_EQ(prepared_of(test.turns, cut), test.expected) << test.name << " by " << cut;
    }
}

TEST(Prepared, ByNameAndBefore72) {
    const Wire prepared = packets(3, Wire()
                                         .us_varchar("sp_prepare")
                                         .u16(0)
                                         .add(null_integer())
                                         .add(text(""))
                                         .add(text("select 71")));
    const Wire handle =
        Wire().u8(0xac).u16(0).b_varchar("").u8(1).u16(0).u16(0).u8(0x26).u8(4).u8(4).u32(1);
    const Wire done = Wire().u8(0xfe).u16(0).u16(0).u32(0);
    std::vector<Turn> turns = {
        client(packets(16, login_body({.version = 0x71000001}))),
        server(packets(4, Wire().u8(0xfd).u16(0).u16(0).u32(0))), client(prepared),
        server(packets(4, Wire(handle).add(done))),
        client(packets(3, Wire().us_varchar("SP_EXECUTE").u16(0).u8(0).u8(0).u8(0x38).u32(1)))};
    EXPECT_EQ(prepared_of(turns), "select 71\n");
}

TEST(Prepared, NothingIsLearntOverAGap) {
    SessionPool pool({.buffers = 64});
    for (const Direction lost : {Direction::kToServer, Direction::kToClient}) {
        EventLog log;
        Session session(pool, false);
        session.feed(Direction::kToServer, rpc(prepare("a")).bytes, log);
        session.gap(lost, log);
        session.feed(Direction::kToClient, answer(returned(1)).bytes, log);
        session.feed(Direction::kToServer, rpc(execute(1)).bytes, log);
        EXPECT_EQ(log.text().find("prepared"), std::string::npos) << log.text();
    }
}

TEST(Prepared, LongTextsAreCut) {
    const std::string sql(3000, 'x');
    const std::string seen = prepared_of(
        {client(rpc(prepare(sql))), server(answer(returned(1))), client(rpc(execute(1)))});
    EXPECT_EQ(seen, std::string(1026, 'x') + "\n");
}

TEST(Prepared, TheLeastRecentlyUsedGivesWay) {
    SessionPool pool({.buffers = 64, .statements = 64});
    EventLog log;
    {
        Session session(pool, false);
        const auto prepare_one = [&](std::uint32_t handle) {
            session.feed(Direction::kToServer, rpc(prepare("sql " + std::to_string(handle))).bytes,
                         log);
            session.feed(Direction::kToClient, answer(returned(handle)).bytes, log);
        };
        const auto execute_one = [&](std::uint32_t handle) {
            session.feed(Direction::kToServer, rpc(execute(handle)).bytes, log);
            session.feed(Direction::kToClient, answer().bytes, log);
        };
        for (std::uint32_t handle = 1; handle <= 1000; ++handle) {
            prepare_one(handle);
            execute_one(1);
        }
        execute_one(1000);
        execute_one(500);
        const std::string text = log.text();
        EXPECT_NE(text.rfind("prepared: sql 1\n"), text.npos);
        EXPECT_NE(text.find("prepared: sql 1000\n"), text.npos);
        EXPECT_EQ(text.find("prepared: sql 500\n"), text.npos);
        EXPECT_GT(pool.counters().statements_dropped.read(), 900U);
        EXPECT_EQ(pool.counters().handles_unknown.read(), 1U);
    }
    // What a session leaves behind is no loss when others need its place.
    const std::uint64_t dropped = pool.counters().statements_dropped.read();
    Session next(pool, false);
    for (std::uint32_t handle = 1; handle <= 40; ++handle) {
        next.feed(Direction::kToServer, rpc(prepare("x")).bytes, log);
        next.feed(Direction::kToClient, answer(returned(handle)).bytes, log);
    }
    EXPECT_EQ(pool.counters().statements_dropped.read(), dropped);
}

TEST(Prepared, SessionsDoNotShareHandles) {
    SessionPool pool({.buffers = 64});
    EventLog log;
    Session one(pool, false);
    Session other(pool, true);
    one.feed(Direction::kToServer, rpc(prepare("a")).bytes, log);
    one.feed(Direction::kToClient, answer(returned(1)).bytes, log);
    other.feed(Direction::kToServer, rpc(execute(1)).bytes, log);
    EXPECT_EQ(log.text().find("prepared"), std::string::npos);
    EXPECT_EQ(pool.counters().handles_unknown.read(), 1U);
}

}  // namespace
}  // namespace querytap::tds::test
