// SQLBatch, RPC, bulk load: bytes in, facts out.
#include <cstdio>

#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

struct Case {
    const char* name;
    std::uint8_t type;
    Wire payload;
    const char* expected;
};

Wire nvarchar(std::string_view name, std::string_view value) {
    return Wire().b_varchar(name).u8(0).nvarchar_type().nvarchar(value);
}

Wire integer(std::uint32_t value) {
    return Wire().u8(0).u8(1).u8(0x26).u8(4).u8(4).u32(value);
}

const Case kBatches[] = {
    {"with headers", 1, Wire().headers().wide("select 1"), "> sql: select 1\n"},
    {"without, as before 7.2", 1, Wire().wide("select 1"), "> sql: select 1\n"},
    {"shorter than any header", 1, Wire().wide("go"), "> sql: go\n"},
    {"empty", 1, Wire().headers(), "> sql: \n"},
    {"two headers", 1,
     Wire().u32(48).u32(18).u16(2).u64(0).u32(1).u32(26).u16(3).zeros(20).wide("x"), "> sql: x\n"},
    {"a total that is too large", 1,
     Wire().u32(0x7fffffff).u32(18).u16(2).u64(0).u32(1).wide("exec xp_cmdshell"),
     "> ! bad-all-headers\n> sql: exec xp_cmdshell\n"},
    {"a total that is too small", 1, Wire().u32(4).u32(18).u16(2).u64(0).u32(1).wide("exec p"),
     "> ! bad-all-headers\n> sql: exec p\n"},
    {"a total that ends in a header", 1, Wire().u32(20).u32(18).u16(2).u64(0).u32(1).wide("exec p"),
     "> ! bad-all-headers\n> sql: exec p\n"},
    {"odd number of bytes", 1, Wire().headers().wide("ab").u8('c'), "> sql: ab\xef\xbf\xbd\n"},
};

TEST(Requests, Batch) {
    for (const Case& test : kBatches) {
        EXPECT_EQ(facts_of({client(packets(test.type, test.payload))}), test.expected) << test.name;
    }
}

TEST(Requests, HeadersMissingAfterALoginOf74) {
    std::vector<Turn> turns = login_turns();
    turns.push_back(client(packets(1, Wire().wide("select 1"))));
    const std::string facts = facts_of(turns);
    EXPECT_NE(facts.find("> ! bad-all-headers\n> sql: select 1\n"), facts.npos) << facts;
}

const Case kCalls[] = {
    {"by name, no parameters", 3, Wire().headers().us_varchar("p_x").u16(1),
     "> rpc 0 'p_x' id=0 options=1\n"},
    {"no name", 3, Wire().headers().u16(0).u16(0).add(nvarchar("", "create table t")),
     "> rpc 0 '' id=0 options=0\n> param 0 '' type=e7\n> parameter: create table t\n"},
    {"sp_executesql by number", 3,
     Wire()
         .headers()
         .u16(0xffff)
         .u16(10)
         .u16(0)
         .add(nvarchar("", "select @a"))
         .add(nvarchar("", "@a int")),
     "> rpc 0 'sp_executesql' id=10 options=0\n> param 0 '' type=e7\n> statement: select @a\n"
     "> param 1 '' type=e7\n> parameter: @a int\n"},
    {"sp_executesql as Impacket's time had it: no headers", 3,
     Wire().u16(0xffff).u16(10).u16(0).add(nvarchar("", "select 1")),
     "> rpc 0 'sp_executesql' id=10 options=0\n> param 0 '' type=e7\n> statement: select 1\n"},
    {"named parameters in another order", 3,
     Wire()
         .headers()
         .us_varchar("sp_executesql")
         .u16(0)
         .add(nvarchar("@params", "@a int"))
         .add(nvarchar("@stmt", "select @a")),
     "> rpc 0 'sp_executesql' id=0 options=0\n> param 0 '@params' type=e7\n"
     "> statement: @a int\n> param 1 '@stmt' type=e7\n> statement: select @a\n"},
    {"sp_prepexec", 3,
     Wire()
         .headers()
         .u16(0xffff)
         .u16(13)
         .u16(0)
         .add(integer(0))
         .add(nvarchar("", "@a int"))
         .add(nvarchar("", "select @a")),
     "> rpc 0 'sp_prepexec' id=13 options=0\n> param 0 '' type=26 out\n> param 1 '' type=e7\n"
     "> parameter: @a int\n> param 2 '' type=e7\n> statement: select @a\n"},
    {"sp_cursorprepexec", 3,
     Wire()
         .headers()
         .u16(0xffff)
         .u16(5)
         .u16(0)
         .add(integer(0))
         .add(integer(0))
         .add(nvarchar("", ""))
         .add(nvarchar("", "select 3")),
     "> rpc 0 'sp_cursorprepexec' id=5 options=0\n> param 0 '' type=26 out\n"
     "> param 1 '' type=26 out\n> param 2 '' type=e7\n> parameter: \n> param 3 '' type=e7\n"
     "> statement: select 3\n"},
    {"statement of single bytes", 3,
     Wire().headers().u16(0xffff).u16(10).u16(0).u8(0).u8(0).varchar_type().u16(8).raw("select 1"),
     "> rpc 0 'sp_executesql' id=10 options=0\n> param 0 '' type=a7\n> statement(8): select 1\n"},
    {"statement as NTEXT", 3,
     Wire().headers().u16(0xffff).u16(10).u16(0).u8(0).u8(0).u8(0x63).u32(16).zeros(5).u32(16).wide(
         "select 2"),
     "> rpc 0 'sp_executesql' id=10 options=0\n> param 0 '' type=63\n> statement: select 2\n"},
    {"several, separated as before 7.2", 3,
     Wire().us_varchar("a").u16(0).u8(0x80).us_varchar("b").u16(0).u8(0x80),
     "> rpc 0 'a' id=0 options=0\n> rpc 1 'b' id=0 options=0\n"},
    {"several, one not to be executed", 3,
     Wire()
         .headers()
         .us_varchar("a")
         .u16(0)
         .u8(0xfe)
         .us_varchar("b")
         .u16(0)
         .add(nvarchar("@p", "v"))
         .u8(0xff),
     "> rpc 0 'a' id=0 options=0\n> rpc 1 'b' id=0 options=0\n> param 0 '@p' type=e7\n"
     "> parameter: v\n"},
    {"encrypted parameter", 3,
     Wire()
         .headers()
         .us_varchar("p")
         .u16(0)
         .u8(0)
         .u8(8)
         .u8(0xa5)
         .u16(8000)
         .u16(2)
         .u8(1)
         .u8(2)
         .u8(0x26)
         .u8(4)
         .u8(1)
         .u8(1)
         .zeros(20)
         .u8(1)
         .add(nvarchar("@q", "clear")),
     "> rpc 0 'p' id=0 options=0\n> param 0 '' type=a5\n> parameter(x): 0102\n"
     "> param 1 '@q' type=e7\n> parameter: clear\n"},
    {"a type that does not exist", 3, Wire().headers().us_varchar("p").u16(0).u8(0).u8(0).u8(0x99),
     "> rpc 0 'p' id=0 options=0\n> ! bad-rpc\n"},
    {"ends in a value", 3,
     Wire().headers().us_varchar("p").u16(0).u8(0).u8(0).nvarchar_type().u16(8).wide("ab"),
     "> rpc 0 'p' id=0 options=0\n> param 0 '' type=e7\n> ! bad-rpc\n> parameter: ab\n"},
    {"a name longer than any", 3, Wire().headers().u16(600).zeros(1300), "> ! bad-rpc\n"},
};

TEST(Requests, Rpc) {
    for (const Case& test : kCalls) {
        for (const std::size_t size : {std::size_t{4096}, std::size_t{9}}) {
            EXPECT_EQ(facts_of({client(packets(test.type, test.payload, size))}), test.expected)
                << test.name;
        }
    }
}

TEST(Requests, StatementByAnyNameOfTheProcedure) {
    for (const char* name : {"sp_executesql", "SP_EXECUTESQL", "sys.sp_executesql",
                             "master..sp_executesql", "[sys].[sp_executesql]", "sp_executesql;1",
                             "master.dbo.\"sp_ExecuteSql\"", " sp_executesql "}) {
        const Wire rpc = Wire().headers().us_varchar(name).u16(0).add(nvarchar("", "select 1"));
        EXPECT_NE(facts_of({client(packets(3, rpc))}).find("> statement: select 1\n"),
                  std::string::npos)
            << name;
    }
}

struct TypeCase {
    const char* name;
    Wire parameter;  ///< TYPE_INFO and value
    const char* value;
};

const TypeCase kTypes[] = {
    {"null", Wire().u8(0x1f), ""},
    {"int1", Wire().u8(0x30).u8(1), ""},
    {"bit", Wire().u8(0x32).u8(1), ""},
    {"int2", Wire().u8(0x34).zeros(2), ""},
    {"int4", Wire().u8(0x38).zeros(4), ""},
    {"datetime4", Wire().u8(0x3a).zeros(4), ""},
    {"float4", Wire().u8(0x3b).zeros(4), ""},
    {"money", Wire().u8(0x3c).zeros(8), ""},
    {"datetime", Wire().u8(0x3d).zeros(8), ""},
    {"float8", Wire().u8(0x3e).zeros(8), ""},
    {"money4", Wire().u8(0x7a).zeros(4), ""},
    {"int8", Wire().u8(0x7f).zeros(8), ""},
    {"decimal, legacy", Wire().u8(0x37).u8(5).u8(9).u8(0).u8(5).zeros(5), ""},
    {"numeric", Wire().u8(0x6c).u8(17).u8(38).u8(0).u8(17).zeros(17), ""},
    {"guid", Wire().u8(0x24).u8(16).u8(16).zeros(16), ""},
    {"date", Wire().u8(0x28).u8(3).zeros(3), ""},
    {"date, null", Wire().u8(0x28).u8(0), ""},
    {"time", Wire().u8(0x29).u8(7).u8(5).zeros(5), ""},
    {"datetimeoffset", Wire().u8(0x2b).u8(7).u8(10).zeros(10), ""},
    {"char, legacy", Wire().u8(0x2f).u8(9).u8(2).raw("ab"), "> parameter(8): ab\n"},
    {"varbinary, legacy", Wire().u8(0x25).u8(9).u8(1).u8(7), "> parameter(x): 07\n"},
    {"binary", Wire().u8(0xad).u16(9).u16(1).u8(7), "> parameter(x): 07\n"},
    {"nchar", Wire().u8(0xef).u16(4).zeros(5).nvarchar("ab"), "> parameter: ab\n"},
    {"empty text", Wire().nvarchar_type().u16(0), "> parameter: \n"},
    {"text", Wire().u8(0x23).u32(9).zeros(5).u32(2).raw("ab"), "> parameter(8): ab\n"},
    {"text, null", Wire().u8(0x23).u32(9).zeros(5).u32(0xffffffff), ""},
    {"image", Wire().u8(0x22).u32(9).u32(1).u8(7), "> parameter(x): 07\n"},
    {"variant of text", Wire().u8(0x62).u32(8009).u32(13).u8(0xe7).u8(7).zeros(7).wide("ab"),
     "> parameter: ab\n"},
    {"variant of int", Wire().u8(0x62).u32(8009).u32(6).u8(0x38).u8(0).zeros(4), ""},
    {"variant, null", Wire().u8(0x62).u32(8009).u32(0), ""},
    {"xml with a schema",
     Wire()
         .u8(0xf1)
         .u8(1)
         .b_varchar("db")
         .b_varchar("dbo")
         .us_varchar("s")
         .u64(4)
         .u32(4)
         .wide("ab")
         .u32(0),
     "> parameter: ab\n"},
    {"udt",
     Wire().u8(0xf0).b_varchar("").b_varchar("dbo").b_varchar("geo").u64(1).u32(1).u8(7).u32(0),
     "> parameter(x): 07\n"},
    {"json", Wire().u8(0xf4).u64(2).u32(2).raw("{}").u32(0), "> parameter(8): {}\n"},
    {"vector", Wire().u8(0xf5).u16(12).u8(0).u16(12).zeros(12), ""},
    {"max, empty", Wire().nvarchar_type(0xffff).u64(0).u32(0), "> parameter: \n"},
    {"max, a word over chunks",
     Wire()
         .nvarchar_type(0xffff)
         .u64(~std::uint64_t{1})
         .u32(3)
         .raw(std::string_view("x\0p", 3))
         .u32(5)
         .raw(std::string_view("\0_\0c\0", 5))
         .u32(0),
     "> parameter: xp_c\n"},
};

TEST(Requests, EveryType) {
    for (const TypeCase& test : kTypes) {
        const Wire rpc = Wire()
                             .headers()
                             .us_varchar("p")
                             .u16(0)
                             .u8(0)
                             .u8(0)
                             .add(test.parameter)
                             .add(nvarchar("@after", "tail"));
        const std::string facts = facts_of({client(packets(3, rpc))});
        char type[3];
        std::snprintf(type, sizeof type, "%02x", test.parameter.bytes[0]);
        EXPECT_EQ(facts, std::string("> rpc 0 'p' id=0 options=0\n> param 0 '' type=") + type +
                             "\n" + test.value + "> param 1 '@after' type=e7\n> parameter: tail\n")
            << test.name;
    }
}

struct IntegerCase {
    const char* name;
    Wire parameter;  ///< TYPE_INFO and value
    const char* value;
};

const IntegerCase kIntegers[] = {
    {"intn(1), no sign", Wire().u8(0x26).u8(1).u8(1).u8(200), "200"},
    {"intn(2)", Wire().u8(0x26).u8(2).u8(2).u16(0xfffe), "-2"},
    {"intn(4)", Wire().u8(0x26).u8(4).u8(4).u32(0x80000000), "-2147483648"},
    {"intn(8)", Wire().u8(0x26).u8(8).u8(8).u64(~std::uint64_t{0}), "-1"},
    {"intn, null", Wire().u8(0x26).u8(4).u8(0), nullptr},
    {"int1", Wire().u8(0x30).u8(255), "255"},
    {"bit", Wire().u8(0x32).u8(1), "1"},
    {"bitn", Wire().u8(0x68).u8(1).u8(1).u8(1), "1"},
    {"int2", Wire().u8(0x34).u16(7), "7"},
    {"int4", Wire().u8(0x38).u32(7), "7"},
    {"int8", Wire().u8(0x7f).u64(1ULL << 40), "1099511627776"},
};

TEST(Requests, IntegersOfParameters) {
    SessionPool pool({.buffers = 16});
    for (const IntegerCase& test : kIntegers) {
        const Wire rpc = Wire()
                             .headers()
                             .us_varchar("p")
                             .u16(0)
                             .u8(0)
                             .u8(0)
                             .add(test.parameter)
                             .add(nvarchar("@after", "tail"));
        for (const std::size_t cut : {0U, 1U}) {
            const std::string log = log_of(pool, {client(packets(3, rpc))}, cut, false, true);
            const std::size_t found = log.find("number: ");
            EXPECT_EQ(found != log.npos, test.value != nullptr) << test.name;
            if (test.value != nullptr) {
                EXPECT_EQ(log.substr(found + 8, log.find('\n', found) - found - 8), test.value)
                    << test.name;
            }
            EXPECT_NE(log.find("parameter: tail"), log.npos) << test.name;
        }
    }
}

TEST(Requests, TableValuedParameter) {
    const std::string facts = facts_of(recorded_sessions()[4].turns);
    EXPECT_NE(facts.find("> rpc 0 'dbo.load' id=0 options=0\n> param 0 '' type=f3\n"
                         "> parameter: first\n> parameter: second\n> param 1 '@after' type=e7\n"
                         "> parameter: tail\n"),
              facts.npos)
        << facts;
}

TEST(Requests, BulkLoad) {
    Wire load;
    load.u8(0x81).u16(1).column().nvarchar_type().b_varchar("c").u8(0xd1).nvarchar("uploaded");
    load.done(0x10, 1);
    EXPECT_EQ(facts_of({client(packets(7, load))}),
              "> column 0 'c' type=e7\n> parameter: uploaded\n");
    EXPECT_EQ(facts_of({client(packets(7, Wire().u32(3).u8(1).u8(2).u8(3)))}),
              "> parameter(x): 010203\n");
}

TEST(Requests, OthersAreFramedOnly) {
    EXPECT_EQ(facts_of({client(packets(14, Wire().headers().u16(5).u8(2).u8(0))),
                        client(packets(8, Wire().u32(4).zeros(4))), client(packets(6, Wire())),
                        client(batch("select 1"))}),
              "> sql: select 1\n");
}

}  // namespace
}  // namespace querytap::tds::test
