// PRELOGIN, LOGIN7 and NTLM: who says to be who, and that a password is nobody's business.
#include <gtest/gtest.h>

#include "sessions.h"

namespace querytap::tds::test {
namespace {

using namespace std::string_view_literals;

struct Row {
    const char* name;
    std::vector<Turn> turns;
    const char* facts;
};

void expect_facts(const std::vector<Row>& rows) {
    for (const Row& row : rows)
        EXPECT_EQ(facts_of(row.turns), row.facts) << row.name;
}

Wire prelogin_of_all_options() {
    constexpr std::size_t kData = 8 * 5 + 1;
    Wire wire;
    wire.u8(0).u16be(kData).u16be(6).u8(1).u16be(kData + 6).u16be(1);
    wire.u8(2).u16be(kData + 7).u16be(5).u8(3).u16be(kData + 12).u16be(4);
    wire.u8(4).u16be(kData + 16).u16be(1).u8(5).u16be(kData + 17).u16be(36);
    wire.u8(6).u16be(kData + 53).u16be(1).u8(7).u16be(kData + 54).u16be(32);
    wire.u8(0xff).raw("\x10\x00\x07\xd0\x00\x00"sv).u8(0x83).raw("INST\0"sv).u32(0x1234);
    return wire.u8(1).zeros(36).u8(1).zeros(32);
}

TEST(Prelogin, Fields) {
    expect_facts({
        {"all options",
         {client(packets(18, prelogin_of_all_options()))},
         "> prelogin version=100007d00000 encryption=3 instance=INST options=8 mars trace fedauth "
         "nonce\n"},
        {"the server answers with a result",
         {server(packets(4, prelogin_body(2)))},
         "< prelogin version=100007d00000 encryption=2 options=2\n"},
        {"data beyond the end",
         {client(packets(18, Wire().u8(0).u16be(6).u16be(6).u8(0xff).u8(1)))},
         "> ! bad-prelogin\n> prelogin version=000000000000 encryption=255 options=1\n"},
        {"no terminator",
         {client(packets(18, Wire().u8(0).u16be(0).u16be(6)))},
         "> ! bad-prelogin\n> prelogin version=000000000000 encryption=255 options=1\n"},
        {"no ENCRYPTION",
         {client(packets(18, Wire().u8(0).u16be(6).u16be(6).u8(0xff).raw("\x10\0\7\xd0\0\0"sv)))},
         "> prelogin version=100007d00000 encryption=255 options=1\n"},
        {"encryption that does not exist",
         {client(packets(18, prelogin_body(9)))},
         "> ! encryption-contradiction\n"
         "> prelogin version=100007d00000 encryption=255 options=2\n"},
        {"client demands, server declines",
         {client(packets(18, prelogin_body(3))), server(packets(4, prelogin_body(0)))},
         "> prelogin version=100007d00000 encryption=3 options=2\n"
         "< ! encryption-contradiction\n"
         "< prelogin version=100007d00000 encryption=0 options=2\n"},
    });
}

TEST(Login, Fields) {
    expect_facts({
        {"7.4",
         {client(packets(16, login_body()))},
         "> login tds=74000004 packet=4096 program=07000000 pid=4242 flags=e0030000 "
         "id=010203040506 host=WS01 user=sa app=app server=db01 library=ODBC database=master "
         "password\n"},
        {"no password",
         {client(packets(16, login_body({.password = ""})))},
         "> login tds=74000004 packet=4096 program=07000000 pid=4242 flags=e0030000 "
         "id=010203040506 host=WS01 user=sa app=app server=db01 library=ODBC database=master\n"},
        {"too short for its fixed part",
         {client(packets(16, Wire().u32(20).u32(0x74000004).zeros(12)))},
         "> ! bad-login7\n"},
    });
}

/// The fixed part of 7.1 has 86 bytes: text may begin where later versions have ChangePassword.
TEST(Login, ShortFixedPart) {
    Wire login;
    login.u32(86 + 4 + 2).u32(0x71000001).u32(4096).u32(7).u32(1).u32(0).u32(0).u32(0).u32(0);
    login.u16(86).u16(2);  // host
    for (int i = 0; i < 8; ++i)
        login.u16(86).u16(0);                      // user to database
    login.zeros(6).u16(86).u16(0).u16(86).u16(0);  // id, SSPI, file
    login.wide("PC").wide("x");
    EXPECT_EQ(facts_of({client(packets(16, login))}),
              "> login tds=71000001 packet=4096 program=00000007 pid=1 flags=00000000 "
              "id=000000000000 host=PC\n");
}

TEST(Login, OffsetsThatLie) {
    for (std::size_t place = 36; place < 94; place += 4) {
        Wire login = login_body();
        login.bytes[place + 1] = 0xff;  // an offset, or a length, of 0xff00 and more
        login.bytes[place + 3] = 0xff;
        const std::string facts = facts_of({client(packets(16, login))});
        EXPECT_NE(facts.find("> login "), facts.npos) << place << "\n" << facts;
    }
}

/// Whatever other field points at the password finds nothing there.
TEST(Login, PasswordIsNotRead) {
    const Wire login = login_body({.password = "tr0ub4dor"});
    for (std::size_t place = 36; place <= 82; place += 4) {
        if (place == 44 || place == 72 || place == 76) continue;
        Wire twisted = login;
        for (std::size_t i = 0; i < 4; ++i)
            twisted.bytes[place + i] = login.bytes[44 + i];
        const std::string facts = facts_of({client(packets(16, twisted))});
        EXPECT_EQ(facts.find("tr0"), facts.npos) << facts;
        EXPECT_EQ(facts.find("b4d"), facts.npos) << facts;
        EXPECT_NE(facts.find(" password"), facts.npos) << facts;
    }
}

Wire ntlm_authenticate() {
    Wire ntlm;
    ntlm.raw("NTLMSSP\0"sv).u32(3).u16(0).u16(0).u32(72).u16(0).u16(0).u32(72);
    ntlm.u16(8).u16(8).u32(72).u16(10).u16(10).u32(80).u16(4).u16(4).u32(90);
    ntlm.u16(0).u16(0).u32(94).u32(1).zeros(8);
    return ntlm.wide("CORP").wide("alice").wide("W7");
}

TEST(Ntlm, Names) {
    Wire negotiate;
    negotiate.raw("NTLMSSP\0"sv).u32(1).u32(0x3000).u16(4).u16(4).u32(32).u16(2).u16(2).u32(36);
    negotiate.raw("CORPW7");
    Wire login = login_body({.password = ""});
    const std::size_t at = login.bytes.size();
    login.bytes[78] = static_cast<std::uint8_t>(at & 0xff);
    login.bytes[79] = static_cast<std::uint8_t>(at >> 8);
    login.bytes[80] = static_cast<std::uint8_t>(negotiate.bytes.size());
    login.bytes[0] = static_cast<std::uint8_t>(at + negotiate.bytes.size());
    login.bytes[1] = static_cast<std::uint8_t>((at + negotiate.bytes.size()) >> 8);
    login.add(negotiate);
    expect_facts({
        {"in LOGIN7",
         {client(packets(16, login))},
         "> login tds=74000004 packet=4096 program=07000000 pid=4242 flags=e0030000 "
         "id=010203040506 host=WS01 user=sa app=app server=db01 library=ODBC database=master "
         "domain=CORP workstation=W7 integrated\n"},
        {"in SSPI",
         {client(packets(17, ntlm_authenticate()))},
         "> ntlm authenticate domain=CORP user=alice workstation=W7\n"},
        {"behind SPNEGO",
         {client(packets(17, Wire().raw("\xa1\x81\x80"sv).add(ntlm_authenticate())))},
         "> ntlm authenticate domain=CORP user=alice workstation=W7\n"},
        {"Kerberos", {client(packets(17, Wire().fill(6000, 0x60)))}, ""},
    });
}

TEST(LoginAnswer, LogsIn) {
    SessionPool pool({.buffers = 8});
    EventLog log;
    Session session(pool, false);
    for (const Turn& turn : login_turns()) {
        EXPECT_FALSE(session.logged_in());
        session.feed(turn.direction, turn.bytes, log);
    }
    EXPECT_TRUE(session.logged_in());
}

}  // namespace
}  // namespace querytap::tds::test
