// Tokens about the session, the order of rows and browse mode: what each must be made of (MS-TDS
// 2.2.7.3, 2.2.7.11, 2.2.7.12, 2.2.7.17, 2.2.7.21, 2.2.7.23). Lengths that lie are reported, and
// the tokens that follow are read all the same.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

constexpr const char* kBad = "< ! bad-token-stream\n";

struct Case {
    const char* name;
    Wire tokens;
    std::string expected;
    std::uint32_t version = 0x74000004;
};

Wire sized(std::uint8_t token, const Wire& body) {
    return Wire().u8(token).u16(body.bytes.size()).add(body);
}

Wire long_sized(std::uint8_t token, const Wire& body) {
    return Wire().u8(token).u32(body.bytes.size()).add(body);
}

Wire feature(std::uint8_t id, const Wire& data) {
    return long_sized(id, data);
}

/// FEATUREEXTACK with one feature.
Wire feature_ack(std::uint8_t id, const Wire& data) {
    return Wire().u8(0xae).add(feature(id, data)).u8(0xff);
}

/// SeqNo, Status and what is in `states`.
Wire session_state(const Wire& states) {
    return long_sized(0xe4, Wire().u32(1).u8(1).add(states));
}

Wire federation(const Wire& url, const Wire& spn) {
    const std::size_t data = 4 + 2 * 9;
    Wire body;
    body.u32(2).u8(1).u32(url.bytes.size()).u32(data);
    body.u8(2).u32(spn.bytes.size()).u32(data + url.bytes.size());
    return long_sized(0xee, body.add(url).add(spn));
}

const Case kCases[] = {
    {"features that the server has",
     Wire()
         .u8(0xae)
         .add(feature(1, Wire().u8(0).u8(2).u16(7)))
         .add(feature(2, Wire()))
         .add(feature(4, Wire().u8(1)))
         .add(feature(5, Wire().u8(1)))
         .add(feature(8, Wire().u8(1)))
         .add(feature(9, Wire().u8(2).u8(1)))
         .add(feature(10, Wire().u8(1)))
         .add(feature(11, Wire().u8(1)))
         .add(feature(13, Wire().u8(1)))
         .add(feature(14, Wire().u8(1)))
         .add(feature(15, Wire().u8(1)))
         .u8(0xff),
     "< features 0000ef36\n"},
    {"features that it has not",
     Wire()
         .u8(0xae)
         .add(feature(5, Wire().u8(0)))
         .add(feature(8, Wire().u8(0)))
         .add(feature(9, Wire().u8(2).u8(0)))
         .add(feature(10, Wire().u8(0)))
         .u8(0xff),
     "< features 00000000\n"},
    {"features that nobody knows",
     Wire().u8(0xae).add(feature(31, Wire().zeros(9))).add(feature(200, Wire().zeros(3))).u8(0xff),
     "< features 80000000\n"},
    {"no features", Wire().u8(0xae).u8(0xff), "< features 00000000\n"},
    {"federation with a nonce", feature_ack(2, Wire().zeros(32)), "< features 00000004\n"},
    {"federation with a nonce and its signature", feature_ack(2, Wire().zeros(64)),
     "< features 00000004\n"},
    {"federation with half a nonce", feature_ack(2, Wire().zeros(16)),
     std::string(kBad) + "< features 00000004\n"},
    {"enclave", feature_ack(4, Wire().u8(2).b_varchar("VBS")), "< features 00000010\n"},
    {"enclave whose name lies", feature_ack(4, Wire().u8(2).u8(9).wide("VBS")),
     std::string(kBad) + "< features 00000010\n"},
    {"column encryption of nothing", feature_ack(4, Wire()),
     std::string(kBad) + "< features 00000000\n"},
    {"classification without its second byte", feature_ack(9, Wire().u8(2)),
     std::string(kBad) + "< features 00000000\n"},
    {"UTF-8 of two bytes", feature_ack(10, Wire().u8(1).u8(0)),
     std::string(kBad) + "< features 00000400\n"},
    {"recovery of states", feature_ack(1, Wire().u8(0).u8(0).u8(9).u8(1).u8(5)),
     "< features 00000002\n"},
    {"recovery of states that lie", feature_ack(1, Wire().u8(0).u8(200).u8(1)),
     std::string(kBad) + "< features 00000002\n"},

    {"session states", session_state(Wire().u8(0).u8(0).u8(1).u8(3).zeros(3)), ""},
    {"a long session state", session_state(Wire().u8(4).u8(0xff).u32(300).zeros(300).u8(5).u8(0)),
     ""},
    {"no session state", session_state(Wire()), ""},
    {"session state that is too long", session_state(Wire().u8(1).u8(4).zeros(3)), kBad},
    {"long session state that is too long", session_state(Wire().u8(1).u8(0xff).u32(4).zeros(3)),
     kBad},
    {"session state that ends in its length", session_state(Wire().u8(1).u8(0xff).u16(1)), kBad},
    {"session state that ends in its number", session_state(Wire().u8(1).u8(0).u8(1)), kBad},
    {"session state without a status", long_sized(0xe4, Wire().u32(1)), kBad},

    {"federation",
     federation(Wire().wide("https://login.example/common"), Wire().wide("https://db.example/")),
     "< federation url='https://login.example/common' spn='https://db.example/'\n"},
    {"nothing to federate with", long_sized(0xee, Wire().u32(0)), ""},
    {"federation of something new", long_sized(0xee, Wire().u32(1).u8(9).u32(1).u32(13).u8(7)), ""},
    {"federation with one option of two", long_sized(0xee, Wire().u32(2).u8(1).u32(0).u32(13)),
     kBad},
    {"federation outside of itself", long_sized(0xee, Wire().u32(1).u8(1).u32(4).u32(14).zeros(3)),
     kBad},
    {"federation at the end of numbers",
     long_sized(0xee, Wire().u32(1).u8(1).u32(0xffffffff).u32(0xffffffff)), kBad},
    {"federation of more than anybody has", long_sized(0xee, Wire().u32(0xffffffff)), kBad},
    {"federation without a count", long_sized(0xee, Wire().u16(0)), kBad},
    {"federation, long, with its texts in front",
     long_sized(0xee, Wire().u32(1).u8(1).u32(8).u32(13).wide("sts:").zeros(6000)),
     "< federation url='sts:' spn=''\n"},

    {"order", sized(0xa9, Wire().u16(1).u16(3)), ""},
    {"order by half a column", sized(0xa9, Wire().u16(1).u8(3)), kBad},
    {"tables", sized(0xa4, Wire().u8(2).us_varchar("dbo").us_varchar("t").u8(1).us_varchar("u")),
     ""},
    {"a table without a name", sized(0xa4, Wire().u8(0)), ""},
    {"a table in five parts", sized(0xa4, Wire().u8(5).zeros(10)), kBad},
    {"a table whose name lies", sized(0xa4, Wire().u8(1).u16(9).wide("t")), kBad},
    {"tables of 7.1", sized(0xa4, Wire().us_varchar("dbo.t").us_varchar("u")), "", 0x71000000},
    {"tables of 7.1 revision 1", sized(0xa4, Wire().u8(1).us_varchar("dbo.t")), "", 0x71000001},
    {"a table of 7.1 whose name lies", sized(0xa4, Wire().u16(9).wide("t")), kBad, 0x71000000},
    {"columns of tables", sized(0xa5, Wire().u8(1).u8(1).u8(8).u8(2).u8(0).u8(0x20).b_varchar("a")),
     ""},
    {"a column of a table, cut", sized(0xa5, Wire().u8(1).u8(1)), kBad},
    {"a column of a table whose name lies",
     sized(0xa5, Wire().u8(1).u8(1).u8(0x20).u8(9).wide("a")), kBad},
};

/// What is said of the tokens behind a login, and that an error behind them is found.
std::string said_of(const Case& test, std::size_t packet_size) {
    const Wire last = sized(0xaa, Wire().u32(1).u8(1).u8(1).us_varchar("").u8(0).u8(0).u32(1));
    Wire tokens = test.tokens;
    const std::vector<Turn> login = {server(login_answer(test.version))};
    std::vector<Turn> turns = login;
    turns.push_back(server(packets(4, tokens.add(last), packet_size)));
    const std::string facts = facts_of(turns).substr(facts_of(login).size());
    constexpr std::string_view kLast =
        "< error 1/1/1 '' server= procedure=\n"
        "< result rows=0 affected=0 columns=0 errors=1 sets=0\n";
    EXPECT_TRUE(facts.ends_with(kLast)) << facts;
    return facts.substr(0, facts.size() - std::min(facts.size(), kLast.size()));
}

TEST(SessionTokens, AsTheSpecificationSays) {
    for (const Case& test : kCases) {
        for (const std::size_t packet_size : {9U, 13U, 4096U})
            EXPECT_EQ(said_of(test, packet_size), test.expected) << test.name;
    }
}

TEST(SessionTokens, LongListsAreReadAsFarAsTheyAreKept) {
    Wire tables;
    for (int i = 0; i < 3000; ++i)
        tables.u8(1).us_varchar("tab");
    Wire columns;
    for (int i = 0; i < 3000; ++i)
        columns.u8(1).u8(1).u8(0x20).b_varchar("c");
    EXPECT_EQ(said_of({"", sized(0xa4, tables), ""}, 4096), "");
    EXPECT_EQ(said_of({"", sized(0xa5, columns), ""}, 4096), "");
}

}  // namespace
}  // namespace querytap::tds::test
