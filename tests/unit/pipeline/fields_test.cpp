// What rules see beside SQL: a server's version, who an integrated login is, the shape of a
// statement, a TLS handshake.
#include "../tds/wire.h"
#include "../tls/wire.h"
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

class Fields : public PacketTest {
  protected:
    std::vector<std::string> records(TdsKind kind) const {
        std::vector<std::string> found;
        for (const Event* event : events_.of(EventType::kTds)) {
            if (event->tds.kind != kind) continue;
            const Tds& tds = event->tds;
            found.push_back(std::string(tds.user.view()) + " " + std::string(tds.domain.view()) +
                            " " + std::string(tds.host.view()));
        }
        return found;
    }
};

ByteVector ntlm_authenticate() {
    tds::test::Wire ntlm;
    ntlm.raw({"NTLMSSP\0", 8}).u32(3).u16(0).u16(0).u32(72).u16(0).u16(0).u32(72);
    ntlm.u16(8).u16(8).u32(72).u16(10).u16(10).u32(80).u16(4).u16(4).u32(90);
    ntlm.u16(0).u16(0).u32(94).u32(1).zeros(8);
    return ntlm.wide("CORP").wide("alice").wide("W7").bytes;
}

TEST_F(Fields, VersionOfEitherSide) {
    make(
        R"(alert tds any any -> any any (msg:"client"; flow:to_server; tds.prelogin.version; content:"16.0.2000.0"; startswith; endswith; sid:1;)
alert tds any any -> any any (msg:"server"; flow:to_client; tds.prelogin.version; content:"16.0."; startswith; sid:2;)
alert tds any any -> any any (msg:"old"; tds.prelogin.version; content:"8."; startswith; sid:3;))");
    connect();
    log_in();
    EXPECT_EQ(sids(), (Sids{1, 2}));
}

TEST_F(Fields, IntegratedLogin) {
    make(R"(alert tds any any -> any any (msg:"domain"; tds.login.domain; content:"CORP"; sid:1;)
alert tds any any -> any any (msg:"user"; tds.login.user; content:"alice"; sid:2;)
alert tds any any -> any any (msg:"workstation"; tds.login.host; content:"W7"; sid:3;)
alert tds any any -> any any (msg:"a challenge's answer is no payload"; payload; content:"NTLMSSP"; sid:4;))");
    connect();
    say(true, test::prelogin());
    say(false, test::prelogin_answer());
    say(true, test::login7({.user = ""}));
    say(true, test::packets(0x11, ntlm_authenticate()));
    finish();
    EXPECT_EQ(sids(), (Sids{1, 2, 3}));
    EXPECT_EQ(records(TdsKind::kNtlm), (std::vector<std::string>{"alice CORP W7"}));
}

TEST_F(Fields, ShapeOfAStatement) {
    make("");
    connect();
    log_in();
    say(true, test::batch("select * from users where id = 7"));
    std::uint64_t hash = 0;
    for (const Event* event : events_.of(EventType::kTds)) {
        if (event->tds.kind == TdsKind::kQuery) hash = event->tds.query_hash;
    }
    ASSERT_NE(hash, 0u);
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));

    Limits limits = test::small_limits();
    limits.tds_events = false;  // the rule alone asks for it
    make("alert tds any any -> any any (msg:\"shape\"; tds.query_hash; content:\"" +
             std::string(digits) + "\"; sid:1;)",
         {}, limits);
    client_ += 100'000;  // another connection
    server_ += 100'000;
    connect();
    log_in();
    say(true, test::batch("SELECT *  FROM Users WHERE id=123"));
    EXPECT_EQ(sids(), Sids{1});
    say(true, test::batch("select name from users where id = 7"));
    EXPECT_EQ(sids(), Sids{1});
}

TEST_F(Fields, Numbers) {
    make(R"(alert tds any any -> any any (msg:"login"; tds.type:16; tds.version:7.4; sid:1;)
alert tds any any -> any any (msg:"old"; tds.version:<7.4; sid:2;)
alert tds any any -> any any (msg:"batch of a session"; tds.type:1; tds.version:>7.3; tds.sql; content:"xp_cmdshell"; sid:3;)
alert tds any any -> any any (msg:"three rows"; flow:to_client; tds.type:4; tds.rows:2-4; sid:4;)
alert tds any any -> any any (msg:"many rows"; tds.rows:>3; sid:5;)
alert tds any any -> any any (msg:"no such error"; tds.error_number:15281; sid:6;))");
    connect();
    log_in();
    EXPECT_EQ(sids(), Sids{1});
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    say(false, test::rows({"a", "b", "c"}));
    finish();
    EXPECT_EQ(sids(), (Sids{1, 3, 4}));
}

TEST_F(Fields, ErrorNumbers) {
    make(R"(alert tds any any -> any any (msg:"disabled"; tds.error_number:15281; sid:1;)
alert tds any any -> any any (msg:"failed login"; tds.error_number:18455-18457; sid:2;))");
    connect();
    log_in();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    tds::test::Wire error;
    error.u8(0xaa)
        .u16(2 * 5 + 4 + 1 + 1 + 2 + 1 + 1 + 4)
        .u32(15281)
        .u8(1)
        .u8(16)
        .u16(5)
        .wide("shut!");
    error.u8(0).u8(0).u32(1);
    ByteVector tokens = error.bytes;
    const ByteVector end = test::done();
    tokens.insert(tokens.end(), end.begin(), end.end());
    say(false, test::packets(4, tokens));
    finish();
    EXPECT_EQ(sids(), Sids{1});
}

TEST_F(Fields, XbitsJoinTwoConnectionsOfAPair) {
    make(
        R"(alert tds any any -> any any (msg:"first"; tds.sql; content:"sp_configure"; xbits:set,f.x,track ip_pair,expire 600; noalert; sid:1;)
alert tds any any -> any any (msg:"then"; tds.sql; content:"xp_cmdshell"; xbits:isset,f.x,track ip_pair; sid:2;))");
    connect();
    log_in();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    EXPECT_EQ(sids(), Sids{});
    say(true, test::batch("exec sp_configure 'x', 1"));
    segment(true, packet::kRst, {});
    client_ += 100'000;  // another connection
    server_ += 100'000;
    connect();
    log_in();
    say(true, test::batch("exec xp_cmdshell 'dir'"));
    EXPECT_EQ(sids(), Sids{2});
    wait(601);
    say(true, test::batch("exec xp_cmdshell 'whoami'"));
    EXPECT_EQ(sids(), Sids{2});
}

TEST_F(Fields, TlsHandshake) {
    using namespace tls::test;
    make(
        R"(alert tcp any any -> any 1433 (msg:"name"; flow:to_server; tls.sni; content:"contoso"; sid:1;)
alert tds any any -> any any (msg:"ja4"; ja4.hash; content:"t13"; startswith; sid:2;)
alert tds any any -> any any (msg:"another name"; tls.sni; content:"fabrikam"; sid:3;))");
    connect();
    say(true, tls::test::records(22, client_hello({.versions = {0x0304},
                                                   .ciphers = {0x1301},
                                                   .extensions = {0, 16, 43},
                                                   .alpn = {"tds/8.0"}}))
                  .bytes);
    say(false,
        tls::test::records(22, server_hello({.selected = 0x0304, .extensions = {43}})).bytes);
    finish();
    EXPECT_EQ(sids(), (Sids{1, 2}));
}

}  // namespace
}  // namespace querytap::pipeline
