// Rules on `payload`, written for engines that know no TDS: they see each message as it stands in
// the stream, whatever its packets and segments are; and never a login.
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

class Payload : public PacketTest, public testing::WithParamInterface<std::size_t> {
  protected:
    /// Says it in segments of this size.
    void say_in(std::size_t size, bool to_server, const ByteVector& bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at);
            const auto count = static_cast<std::ptrdiff_t>(std::min(size, bytes.size() - at));
            say(to_server, {from, from + count});
        }
    }
};

constexpr std::string_view kLegacy =
    R"(alert tcp any any -> any 1433 (msg:"xp_cmdshell"; flow:to_server,established; content:"x|00|p|00|_|00|c|00|m|00|d|00|s|00|h|00|e|00|l|00|l|00|"; nocase; sid:1;)
alert tcp any any -> any 1433 (msg:"batch, by its first bytes"; flow:to_server,established; content:"|01 01|"; offset:0; depth:2; content:"x|00|p|00|"; nocase; distance:20; sid:2;)
alert tcp any 1433 -> any any (msg:"answer"; flow:from_server,established; content:"please"; sid:3;)
alert tcp any 1433 -> any any (msg:"answer in UTF-16"; flow:from_server,established; content:"p|00|l|00|e|00|a|00|s|00|e|00|"; offset:8; sid:4;)
alert tcp any any -> any 1433 (msg:"not in a batch that begins so"; flow:to_server,established; content:"|03 01|"; depth:2; sid:5;)
)";

TEST_P(Payload, RulesThatKnowNoTdsSeeEachMessage) {
    make(kLegacy);
    connect();
    log_in();
    say_in(GetParam(), true, test::batch("EXEC XP_CMDSHELL 'dir'"));
    say_in(GetParam(), false, test::rows({"please run calc"}));
    finish();
    EXPECT_EQ(sids(), (Sids{1, 2, 4}));
}
INSTANTIATE_TEST_SUITE_P(SegmentSizes, Payload, testing::Values(1, 7, 100, 5000));

TEST_F(Payload, EachMessageIsAValueOfItsOwn) {
    make(
        R"(alert tcp any any -> any any (msg:"both"; content:"a|00|a|00|"; content:"b|00|b|00|"; sid:1;))");
    connect();
    log_in();
    say(true, test::batch("select 'aa'"));
    say(false, test::rows({"x"}));
    say(true, test::batch("select 'bb'"));
    EXPECT_EQ(sids(), Sids{});
    say(false, test::rows({"x"}));
    say(true, test::batch("select 'aa', 'bb'"));
    EXPECT_EQ(sids(), Sids{1});
}

TEST_F(Payload, AcrossThePacketsOfAMessageTheirHeadersStand) {
    make(R"(alert tcp any any -> any any (msg:"next packet"; content:"a|00|a|00 01|"; sid:1;))");
    connect();
    log_in();
    say(true, test::batch("select '" + std::string(2000, 'a') + "'", true, 512));
    EXPECT_EQ(sids(), Sids{1});
}

// LOGIN7 holds the password, hardly hidden: not one byte of it may reach an alert.
TEST_F(Payload, ALoginIsNoPayload) {
    make(R"(alert tcp any any -> any any (msg:"login"; content:"|10 01|"; depth:2; sid:1;)
alert tcp any any -> any any (msg:"user"; content:"s|00|h|00|o|00|p|00|"; sid:2;)
alert tcp any any -> any any (msg:"any"; content:"|00|"; sid:3;)
)");
    connect();
    say(true, test::login7({.user = "shop"}));
    finish();
    EXPECT_EQ(sids(), Sids{});
}

}  // namespace
}  // namespace querytap::pipeline
