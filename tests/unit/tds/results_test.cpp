// The token stream of responses: bytes in, facts out.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

struct Case {
    const char* name;
    Wire payload;
    const char* expected;
};

constexpr const char* kNothing = "< result rows=0 affected=0 columns=0 errors=0 sets=0\n";

Wire token(std::uint8_t kind, const Wire& body) {
    return Wire().u8(kind).u16(body.bytes.size()).add(body);
}

Wire error_body(std::string_view text) {
    return Wire().u32(229).u8(5).u8(14).us_varchar(text).b_varchar("SRV").b_varchar("proc").u32(1);
}

const Case kTokens[] = {
    {"done", Wire().done(0x10, 7), "< result rows=0 affected=7 columns=0 errors=0 sets=0\n"},
    {"done without a count", Wire().done(0, 7), kNothing},
    {"count beyond 32 bits", Wire().done(1).done(0x10, 1ULL << 33),
     "< result rows=0 affected=8589934592 columns=0 errors=0 sets=0\n"},
    {"done of 7.1, twice", Wire().u8(0xff).u16(0x11).u16(0).u32(3).u8(0xfe).u16(0x10).u16(0).u32(4),
     "< result rows=0 affected=7 columns=0 errors=0 sets=0\n"},
    {"error", token(0xaa, error_body("denied")).done(2),
     "< error 229/5/14 'denied' server=SRV procedure=proc\n"
     "< result rows=0 affected=0 columns=0 errors=1 sets=0\n"},
    {"error that lies about its text", token(0xaa, Wire().u32(1).u8(1).u8(1).u16(900)).done(),
     "< error 1/1/1 '' server= procedure=\n"
     "< result rows=0 affected=0 columns=0 errors=1 sets=0\n"},
    {"error of nothing", token(0xaa, Wire().u8(1)).done(),
     "< ! bad-token-stream\n< result rows=0 affected=0 columns=0 errors=1 sets=0\n"},
    {"collation", token(0xe3, Wire().u8(7).u8(5).raw("\x09\x04\xd0\x01\x34").u8(0)).done(),
     "< env 7 '0904d00134'\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"database", token(0xe3, Wire().u8(1).b_varchar("db").b_varchar("old")).done(),
     "< env 1 'db'\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"routing",
     token(0xe3, Wire().u8(20).u16(17).u8(0).u16(11023).us_varchar("node7").u16(0)).done(),
     "< env 20 'node7:11023'\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"enhanced routing",
     token(0xe3, Wire().u8(21).u16(17).u8(0).u16(1433).us_varchar("n").us_varchar("d").u16(0))
         .done(),
     "< env 21 'n:1433/d'\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"promoted transaction, whose length lies by design",
     Wire().u8(0xe3).u16(1).u8(15).u32(3).zeros(3).u8(0).done(), kNothing},
    {"transaction begun", token(0xe3, Wire().u8(8).u8(8).u64(1).u8(0)).done(), kNothing},
    {"login acknowledged by a server of 7.0",
     token(0xad, Wire().u8(1).u32(0x00000007).b_varchar("S").u32(0)).u8(0xfd).zeros(8),
     "< login_ack tds=70000000 'S' version=00000000\n"
     "< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"return status, offset, SSPI",
     Wire().u8(0x79).u32(0).u8(0x78).u32(0).u8(0xed).u16(1).u8(1).done(), kNothing},
    {"a token that does not exist", Wire().done(1).u8(0x42).done(),
     "< ! bad-token-stream\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"a row without columns", Wire().done(1).u8(0xd1).zeros(4),
     "< ! bad-token-stream\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"ends in a token", token(0xaa, error_body("x")).u8(0xaa).u16(100),
     "< error 229/5/14 'x' server=SRV procedure=proc\n< ! bad-token-stream\n"
     "< result rows=0 affected=0 columns=0 errors=1 sets=0\n"},
    {"output parameter",
     Wire()
         .u8(0xac)
         .u16(1)
         .b_varchar("@o")
         .u8(1)
         .u32(0)
         .u16(0)
         .nvarchar_type()
         .nvarchar("out")
         .done(),
     "< result: out\n< result rows=0 affected=0 columns=0 errors=0 sets=0\n"},
    {"rows with nulls",
     Wire()
         .u8(0x81)
         .u16(2)
         .column()
         .u8(0x26)
         .u8(4)
         .b_varchar("i")
         .column()
         .nvarchar_type()
         .b_varchar("t")
         .u8(0xd1)
         .u8(0)
         .nvarchar("a")
         .u8(0xd2)
         .u8(1)
         .nvarchar("b")
         .u8(0xd2)
         .u8(3)
         .u8(0xd1)
         .u8(4)
         .u32(1)
         .u16(0xffff)
         .done(0x10, 4),
     "< column 0 'i' type=26\n< column 1 't' type=e7\n< result: a\n< result: b\n"
     "< result rows=4 affected=4 columns=2 errors=0 sets=1\n"},
    {"columns of 7.1",
     Wire()
         .u8(0x81)
         .u16(2)
         .u16(0)
         .u16(9)
         .u8(0x26)
         .u8(4)
         .b_varchar("i")
         .u16(0)
         .u16(8)
         .u8(0x63)
         .u32(99)
         .zeros(5)
         .us_varchar("t")
         .b_varchar("n")
         .u8(0xd1)
         .u8(0)
         .u8(16)
         .zeros(24)
         .u32(2)
         .wide("x")
         .u8(0xfd)
         .u16(0x10)
         .u16(0)
         .u32(1),
     "< column 0 'i' type=26\n< column 1 'n' type=63\n< result: x\n"
     "< result rows=1 affected=1 columns=2 errors=0 sets=1\n"},
    {"totals of COMPUTE",
     Wire()
         .u8(0x81)
         .u16(1)
         .column()
         .u8(0x38)
         .b_varchar("i")
         .u8(0x88)
         .u16(1)
         .u16(7)
         .u8(1)
         .u16(1)
         .u8(0x4d)
         .u16(1)
         .column()
         .nvarchar_type()
         .u8(0)
         .u8(0xd1)
         .u32(5)
         .u8(0xd3)
         .u16(7)
         .nvarchar("sum")
         .done(),
     "< column 0 'i' type=38\n< result: sum\n"
     "< result rows=2 affected=0 columns=1 errors=0 sets=1\n"},
    {"classified columns, ranked",
     Wire()
         .u8(0xae)
         .u8(9)
         .u32(2)
         .u8(2)
         .u8(1)
         .u8(0xff)
         .u8(0x81)
         .u16(1)
         .column()
         .u8(0x38)
         .b_varchar("i")
         .u8(0xa3)
         .u16(1)
         .b_varchar("secret")
         .b_varchar("id")
         .u16(1)
         .b_varchar("type")
         .b_varchar("id")
         .u32(20)
         .u16(1)
         .u16(1)
         .u16(0)
         .u16(0)
         .u32(20)
         .u8(0xd1)
         .u32(5)
         .done(),
     "< features 00000200\n"
     "< column 0 'i' type=38\n< result rows=1 affected=0 columns=1 errors=0 sets=1\n"},
    {"encrypted columns and their keys",
     Wire()
         .u8(0xae)
         .u8(4)
         .u32(1)
         .u8(1)
         .u8(0xff)
         .u8(0x81)
         .u16(1)
         .u16(1)
         .zeros(20)
         .u8(1)
         .u16(3)
         .zeros(3)
         .b_varchar("STORE")
         .us_varchar("path")
         .b_varchar("RSA")
         .column(0x0809)
         .u8(0xa5)
         .u16(8000)
         .u16(0)
         .u32(0)
         .u8(0x26)
         .u8(4)
         .u8(2)
         .u8(1)
         .u8(1)
         .b_varchar("c")
         .u8(0xd1)
         .u16(1)
         .u8(7)
         .done(),
     "< features 00000010\n"
     "< column 0 'c' type=a5\n< result(x): 07\n"
     "< result rows=1 affected=0 columns=1 errors=0 sets=1\n"},
    {"keys left out where they must stand",
     Wire()
         .u8(0xae)
         .u8(4)
         .u32(1)
         .u8(1)
         .u8(0xff)
         .u8(0x81)
         .u16(1)
         .column()
         .u8(0x26)
         .u8(4)
         .b_varchar("c")
         .u8(0xd1)
         .u8(0)
         .done(),
     "< features 00000010\n"
     "< column 0 'c' type=26\n< result rows=1 affected=0 columns=1 errors=0 sets=1\n"},
    {"no columns, no metadata", Wire().u8(0x81).u16(0).u8(0x81).u16(0xffff).done(),
     "< result rows=0 affected=0 columns=0 errors=0 sets=1\n"},
};

TEST(Results, Tokens) {
    for (const Case& test : kTokens) {
        for (const std::size_t size : {std::size_t{4096}, std::size_t{9}}) {
            EXPECT_EQ(facts_of({server(packets(4, test.payload, size))}), test.expected)
                << test.name;
        }
    }
}

TEST(Results, MetadataThatIsNotRepeated) {
    const Wire described = Wire()
                               .u8(0x81)
                               .u16(1)
                               .column()
                               .nvarchar_type()
                               .b_varchar("c")
                               .u8(0xd1)
                               .nvarchar("1")
                               .done();
    const Wire remembered = Wire().u8(0x81).u16(0xffff).u8(0xd1).nvarchar("2").done();
    const std::string facts =
        facts_of({server(packets(4, described)), server(packets(4, remembered))});
    EXPECT_NE(facts.find("< result: 2\n"), facts.npos) << facts;
    // Never described: nothing can be read, and nothing is wrong.
    const std::string alone = facts_of({server(packets(4, remembered))});
    EXPECT_EQ(alone, "< result rows=0 affected=0 columns=0 errors=0 sets=1\n");
}

TEST(Results, ManyColumns) {
    for (const std::uint16_t count : std::initializer_list<std::uint16_t>{64, 65, 1024, 4096}) {
        Wire wire;
        wire.u8(0x81).u16(count);
        for (int i = 0; i < count; ++i)
            wire.column().u8(0x26).u8(4).u8(0);
        wire.u8(0xd1).zeros(count).u8(0xd2).fill((count + 7U) / 8, 0xff).done(0x10, 2);
        SessionPool pool({.buffers = 2});
        const std::string log = log_of(pool, {server(packets(4, wire))});
        EXPECT_NE(log.find("rows=2 affected=2 columns=" + std::to_string(count)), log.npos)
            << count;
        EXPECT_EQ(pool.counters().buffers_in_use.read(), 0U);
    }
    Wire wire;
    wire.u8(0x81).u16(5000);
    EXPECT_NE(facts_of({server(packets(4, wire))}).find("! limit"), std::string::npos);
}

TEST(Results, LongErrorIsCut) {
    const std::string text(3000, 'e');
    const std::string facts = facts_of({server(packets(4, token(0xaa, error_body(text)).done()))});
    EXPECT_NE(facts.find("error 229/5/14 'eeee"), facts.npos);
    EXPECT_EQ(facts.find('!'), facts.npos) << facts;
}

TEST(Results, AfterABadMessageTheNextIsRead) {
    const std::string facts = facts_of(
        {server(packets(4, Wire().done(1).u8(0x42))), server(packets(4, Wire().done(0x10, 3)))});
    EXPECT_NE(facts.find("affected=3"), facts.npos) << facts;
}

}  // namespace
}  // namespace querytap::tds::test
