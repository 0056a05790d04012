// Rules as they are published for SQL Server, unchanged, on sessions that hold what they look for:
// bytes of UTF-16 between bars, TCP flags, sizes, thresholds, bits that join messages.
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

class LegacyRules : public PacketTest {
  protected:
    void ask(std::string_view sql) {
        say(true, test::batch(sql));
        say(false, test::rows({"1"}));
    }
    std::uint64_t held_back() const {
        return inspector_->stats().pipeline.alerts_below_threshold.read();
    }
};

constexpr std::string_view kPublished = R"(
alert tcp $EXTERNAL_NET any -> $SQL_SERVERS 1433 (msg:"MS-SQL xp_cmdshell - program execution"; flow:to_server,established; flags:A+; content:"x|00|p|00|_|00|c|00|m|00|d|00|s|00|h|00|e|00|l|00|l|00|"; nocase; classtype:attempted-user; sid:687; rev:5;)
alert tcp $EXTERNAL_NET any -> $SQL_SERVERS 1433 (msg:"MS-SQL sp_password - password change"; flow:to_server,established; content:"s|00|p|00|_|00|p|00|a|00|s|00|s|00|w|00|o|00|r|00|d|00|"; offset:32; nocase; classtype:attempted-user; sid:683; rev:5;)
alert tcp $EXTERNAL_NET any -> $SQL_SERVERS 1433 (msg:"a batch, by its first bytes"; flow:to_server,established; flags:PA; content:"|01|"; depth:1; content:"x|00|p|00|_|00|"; nocase; distance:20; isdataat:4,relative; dsize:>30; byte_test:2,>,30,2; sid:100; rev:1;)
alert tcp $EXTERNAL_NET any -> $SQL_SERVERS 1433 (msg:"a batch that is not so short"; flow:to_server,established; content:"|01|"; depth:1; content:"x|00|p|00|_|00|"; nocase; dsize:<20; sid:101; rev:1;)
)";

TEST_F(LegacyRules, FireUnchanged) {
    make(kPublished);
    connect();
    log_in();
    ask("EXEC master..XP_CmdShell 'dir'");
    ask("exec master.dbo.sp_password NULL, 'a', 'b'");
    finish();
    EXPECT_EQ(sids(), (Sids{100, 687, 683}));
}

TEST_F(LegacyRules, ThresholdCountsAcrossMessages) {
    make(
        R"(alert tcp any any -> any 1433 (msg:"many"; content:"s|00|h|00|u|00|t|00|"; threshold:type threshold, track by_src, count 3, seconds 60; sid:1;)
alert tcp any any -> any 1433 (msg:"few"; content:"s|00|h|00|u|00|t|00|"; threshold:type limit, track by_both, count 1, seconds 60; sid:2;)
alert tcp any any -> any 1433 (msg:"filter"; content:"s|00|h|00|u|00|t|00|"; detection_filter:track by_dst, count 3, seconds 60; sid:3;))");
    connect();
    log_in();
    for (int i = 0; i < 4; ++i)
        ask("shutdown");
    EXPECT_EQ(sids(), (Sids{2, 1, 3}));
    EXPECT_EQ(held_back(), 4u * 3u - 3u);
    wait(61);
    ask("shutdown");
    EXPECT_EQ(sids(), (Sids{2, 1, 3, 2}));
}

// What a rule is not told of is no evidence either.
TEST_F(LegacyRules, BelowTheThresholdNothingIsSuspected) {
    make(
        R"(alert tcp any any -> any 1433 (msg:"m"; content:"s|00|h|00|u|00|t|00|"; threshold:type both, track by_src, count 2, seconds 60; metadata:confidence high; sid:1;))");
    connect();
    log_in();
    ask("shutdown");
    EXPECT_FALSE(has_reason("sid:1"));
    ask("shutdown");
    EXPECT_TRUE(has_reason("sid:1"));
}

TEST_F(LegacyRules, FlowbitsJoinRequestAndAnswer) {
    make(
        R"(alert tds any any -> any any (msg:"asked"; flow:to_server; tds.sql; content:"xp_cmdshell"; flowbits:set,lt.asked; flowbits:noalert; sid:1;)
alert tds any any -> any any (msg:"answered"; flow:to_client; tds.result; content:"please run"; flowbits:isset,lt.asked; sid:2;))");
    connect();
    log_in();
    say(true, test::batch("select 1"));
    say(false, test::rows({"please run calc"}));
    EXPECT_EQ(sids(), Sids{});
    ask_and_answer();
    EXPECT_EQ(sids(), Sids{2});
}

}  // namespace
}  // namespace querytap::pipeline
