// Packets, gaps, MARS, TLS records, and streams that are TDS no longer.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

class Live {
  public:
    explicit Live(bool midstream = false) : session(pool, midstream) {}
    void say(Direction direction, const Wire& wire) { session.feed(direction, wire.bytes, log); }
    void say(const std::vector<Turn>& turns) {
        for (const Turn& turn : turns)
            session.feed(turn.direction, turn.bytes, log);
    }

    SessionPool pool{{.buffers = 256}};
    EventLog log;
    Session session;
};

TEST(Framing, SeveralMessagesInOneSegment) {
    Live live;
    live.say(Direction::kToServer, batch("select 1").add(batch("select 2")).add(packets(6, {})));
    EXPECT_EQ(live.log.text(),
              "> begin sql_batch\n> sql: select 1\n> end sql_batch size=38\n"
              "> begin sql_batch\n> sql: select 2\n> end sql_batch size=38\n"
              "> begin attention\n> end attention size=0\n");
}

TEST(Framing, StatusOfPooledClientsAndIgnoredMessages) {
    Live live;
    live.say(Direction::kToServer, packets(1, Wire().headers().wide("a"), 4096, 0x09));
    live.say(Direction::kToServer, packets(1, Wire().headers().wide("b"), 4096, 0x03));
    EXPECT_EQ(live.log.text(),
              "> begin sql_batch status=9\n> sql: a\n> end sql_batch size=24\n"
              "> begin sql_batch status=3\n> sql: b\n> end sql_batch size=24\n");
}

TEST(Framing, MessageInterruptedByAnother) {
    Live live;
    Wire first = packets(1, Wire().headers().wide(std::string(600, 'x')), 512);
    first.bytes.resize(512);
    live.say(Direction::kToServer, first.add(batch("select 2")).add(packets(3, Wire().headers())));
    const std::string text = live.log.text();
    EXPECT_EQ(text.find("! bad-header"), text.npos);  // the same type: it goes on
    Live other;
    first.bytes.resize(512);
    other.say(Direction::kToServer, first.add(packets(6, {})));
    EXPECT_NE(other.log.text().find("> ! bad-header\n"), std::string::npos);
    EXPECT_NE(other.log.text().find("end sql_batch size=504 incomplete\n> begin attention"),
              std::string::npos);
}

struct HeaderCase {
    const char* name;
    std::string_view bytes;
    const char* before_login;
    const char* after_login;
};

const HeaderCase kHeaders[] = {
    {"length of seven", {"\x01\x01\x00\x07\x00\x00\x01\x00", 8}, "bad-header", "framing-lost"},
    {"length beyond any", {"\x01\x01\xff\xff\x00\x00\x01\x00", 8}, "bad-header", "framing-lost"},
    {"status that does not exist",
     {"\x01\x81\x00\x09\x00\x00\x01\x00", 8},
     "bad-header",
     "framing-lost"},
    {"undefined type",
     {"\xf0\x01\x00\x09\x00\x00\x01\x00x", 9},
     "undefined-packet-type",
     "undefined-packet-type"},
    {"text", {"GET / HTTP/1.1\r\n", 16}, "bad-header", "framing-lost"},
    {"SMP that lies",
     {"\x53\x08\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 16},
     "bad-header",
     "framing-lost"},
    {"TLS that lies", {"\x17\x09\x09\x00\x01\x00\x00\x00", 8}, "bad-header", "framing-lost"},
};

TEST(Framing, HeadersThatAreNone) {
    for (const HeaderCase& test : kHeaders) {
        Live before;
        before.say(Direction::kToServer, Wire().raw(test.bytes));
        EXPECT_NE(before.log.text().find(std::string("! ") + test.before_login), std::string::npos)
            << test.name << "\n"
            << before.log.text();
        Live after;
        after.say(login_turns());
        ASSERT_TRUE(after.session.logged_in());
        after.say(Direction::kToServer, Wire().raw(test.bytes));
        EXPECT_NE(after.log.text().find(std::string("! ") + test.after_login), std::string::npos)
            << test.name << "\n"
            << after.log.text();
    }
}

TEST(Framing, LostFramingGoesOnRaw) {
    const std::string text = [] {
        Live live;
        live.say(recorded_sessions()[7].turns);
        return live.log.text();
    }();
    const std::string_view tunnel = "ACK and then a tunnel";
    EXPECT_NE(text.find("> ! framing-lost\n"), text.npos) << text;
    EXPECT_NE(text.find("> raw " + hex(as_bytes(tunnel))), text.npos) << text;
}

TEST(Framing, OtherDirectionGoesOnUntilItIsLostToo) {
    Live live;
    live.say(login_turns());
    live.say(Direction::kToServer, Wire().raw("tunnel begins"));
    live.say(Direction::kToClient, packets(4, Wire().done(0x10, 9)));
    live.say(Direction::kToClient, Wire().raw("answer of the tunnel"));
    const std::string text = live.log.text();
    EXPECT_NE(text.find("affected=9"), text.npos);
    EXPECT_NE(text.find("< ! framing-lost"), text.npos);
}

TEST(Framing, SearchAfterAGap) {
    Live live;
    live.say(login_turns());
    Wire cut = batch(std::string(300, 'x'));
    cut.bytes.resize(200);
    live.say(Direction::kToServer, cut);
    live.session.gap(Direction::kToServer, live.log);
    live.say(Direction::kToServer,
             Wire().wide("rest of a lost message").u8(7).add(batch("select 'found'")));
    live.session.finish(live.log);
    const std::string text = live.log.text();
    EXPECT_NE(text.find("incomplete\n> ! resynchronised\n> begin sql_batch\n> sql: select 'found'"),
              text.npos)
        << text;
    EXPECT_EQ(live.pool.counters().resynchronised.read(), 1U);
}

/// pytds numbers its packets on from message to message.
TEST(Framing, SearchAfterAGapFindsARequestOfAnyNumber) {
    Live live;
    live.say(login_turns());
    live.session.gap(Direction::kToServer, live.log);
    Wire next = batch("select 'found'");
    next.bytes[6] = 77;
    live.say(Direction::kToServer, Wire().wide("rest of a lost message").u8(7).add(next));
    EXPECT_NE(live.log.text().find("> sql: select 'found'"), std::string::npos) << live.log.text();
}

/// 09 04 d0 00 34, the most common collation, looks like a header behind a size that ends with 1.
TEST(Framing, SearchAfterAGapPassesACollation) {
    Live live;
    live.say(login_turns());
    live.session.gap(Direction::kToServer, live.log);
    live.say(
        Direction::kToServer,
        Wire().wide("p").nvarchar_type(0x100).nvarchar("ERPSQL01").add(batch("select 'found'")));
    EXPECT_NE(live.log.text().find("> sql: select 'found'"), std::string::npos) << live.log.text();
}

/// A wrong header costs what its packet covers, not the rest of the session; and a stream that was
/// only lost is no tunnel.
TEST(Framing, FoundHeaderThatNothingConfirmsIsGivenUp) {
    Live live;
    live.say(login_turns());
    live.session.gap(Direction::kToServer, live.log);
    Wire wrong = batch("select 'not one'");
    wrong.bytes[3] = static_cast<std::uint8_t>(wrong.bytes[3] + 5);
    live.say(Direction::kToServer, wrong.add(batch("select 'lost'")).add(batch("select 'found'")));
    live.session.finish(live.log);
    const std::string text = live.log.text();
    EXPECT_NE(text.find("> sql: select 'found'"), text.npos) << text;
    EXPECT_EQ(text.find("framing-lost"), text.npos) << text;
    EXPECT_EQ(live.pool.counters().resynchronised.read(), 2U);
}

TEST(Framing, LaterPacketOfALostMessageIsFollowedToItsEnd) {
    Live live(true);
    Wire message = packets(1, Wire().headers().wide(std::string(1000, 'x')), 512);
    Wire tail;
    tail.bytes.assign(message.bytes.begin() + 512, message.bytes.end());
    live.say(Direction::kToServer, tail.add(batch("select 2")));
    const std::string text = live.log.text();
    EXPECT_NE(text.find("> sql: xxxx"), text.npos);
    EXPECT_NE(text.find("> sql: select 2"), text.npos);
    EXPECT_EQ(text.find('!'), text.npos) << text;
}

TEST(Framing, OneDirectionOnly) {
    for (const Recorded& recorded : recorded_sessions()) {
        for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
            for (const bool midstream : {false, true}) {
                Live live(midstream);
                for (const Turn& turn : recorded.turns) {
                    if (turn.direction == direction) live.say({turn});
                }
                live.session.finish(live.log);
                if (recorded.name == "lost framing" || recorded.name == "undefined type") continue;
                EXPECT_EQ(live.log.text().find('!'), std::string::npos) << recorded.name << "\n"
                                                                        << live.log.text();
            }
        }
    }
}

TEST(Framing, MarsInterleavedWithinMessages) {
    Live live;
    live.say(recorded_sessions()[5].turns);
    live.session.finish(live.log);
    const std::string text = live.log.text();
    EXPECT_NE(text.find(">[5] sql: select 'one conversation'\n"), text.npos) << text;
    EXPECT_NE(text.find(">[6] sql: select 'the other'\n"), text.npos) << text;
    EXPECT_NE(text.find("<[6] result rows=0 affected=6"), text.npos) << text;
    EXPECT_NE(text.find("<[5] result rows=0 affected=5"), text.npos) << text;
    EXPECT_EQ(text.find('!'), text.npos) << text;
}

TEST(Framing, MarsConversationsAreBounded) {
    Live live;
    live.say(login_turns());
    for (std::uint16_t id = 0; id < 200; ++id) {
        live.say(Direction::kToServer, Wire().u8(0x53).u8(8).u16(id).u32(24).u64(0).raw(
                                           std::string_view("\x06\x01\x00\x08\0\0\x01\0", 8)));
    }
    EXPECT_LE(live.pool.counters().buffers_in_use.read(), 64U);
    EXPECT_NE(live.log.text().find("! limit"), std::string::npos);
    // A conversation that ended, seen from one side, makes room.
    live.say(Direction::kToServer, Wire().u8(0x53).u8(4).u16(3).u32(16).u64(0));
    const Wire query = batch("select 'room'");
    live.say(Direction::kToServer,
             Wire().u8(0x53).u8(8).u16(900).u32(16 + query.bytes.size()).u64(0).add(query));
    EXPECT_NE(live.log.text().find(">[900] sql: select 'room'"), std::string::npos);
}

TEST(Framing, LoginInTlsOnly) {
    Live live;
    live.say(recorded_sessions()[6].turns);
    live.session.finish(live.log);
    const std::string text = live.log.text();
    EXPECT_NE(text.find("< encrypted: login\n"), text.npos) << text;
    EXPECT_NE(text.find("> sql: select 'in the clear again'\n"), text.npos) << text;
    EXPECT_EQ(text.find('!'), text.npos) << text;
    EXPECT_EQ(text.find("encrypted: all"), text.npos) << text;
}

TEST(Framing, UndefinedTypeIsPassedOnRaw) {
    Live live;
    live.say(recorded_sessions()[8].turns);
    const std::string text = live.log.text();
    EXPECT_NE(text.find("! undefined-packet-type\n> begin unknown241"), text.npos) << text;
    EXPECT_NE(text.find("> raw " + hex(as_bytes(std::string_view("tunnelled bytes")))), text.npos);
    EXPECT_NE(text.find("> sql: select 1\n"), text.npos);
}

TEST(Framing, Names) {
    EXPECT_EQ(name(PacketType::kSqlBatch), "sql_batch");
    EXPECT_EQ(name(static_cast<PacketType>(0xf0)), "unknown");
    for (std::size_t i = 0; i < kAnomalyCount; ++i)
        EXPECT_NE(name(static_cast<Anomaly>(i)), "unknown");
    EXPECT_EQ(name(Anomaly::kFramingLost), "framing-lost");
}

}  // namespace
}  // namespace querytap::tds::test
