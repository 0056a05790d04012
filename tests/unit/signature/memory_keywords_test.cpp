// Keywords that remember: threshold and detection_filter (how often), flowbits (what was before).
#include <querytap/signature/rate_table.h>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;

IpAddress address(std::uint32_t last) {
    return IpAddress::v4(0x0a000000 + last);
}

Rule with_rate(const Rate& rate) {
    Rule rule;
    rule.sid = 1;
    rule.rate = rate;
    return rule;
}

struct RateCase {
    std::string_view name;
    Rate rate;
    std::vector<int> at;    ///< seconds of each hit
    std::string_view told;  ///< '1' for each that is told
};

class Rates : public testing::TestWithParam<RateCase> {};

TEST_P(Rates, TellWhatTheySay) {
    Counter evicted;
    RateTable table(64, 1, evicted);
    Rule rule = with_rate(GetParam().rate);
    std::string told;
    for (const int second : GetParam().at) {
        const bool tells = table.tell(rule, *rule.rate, address(1), address(2),
                                      from_ns((1000 + second) * std::int64_t{1'000'000'000}));
        told += tells ? '1' : '0';
    }
    EXPECT_EQ(told, GetParam().told);
}

const RateCase kRates[] = {
    {"limit", {RateType::kLimit, Track::kBySource, 2, 10}, {0, 1, 2, 9, 11, 12, 13}, "1100110"},
    {"threshold",
     {RateType::kThreshold, Track::kBySource, 3, 10},
     {0, 1, 2, 3, 4, 5, 6, 20},
     "00100100"},
    {"threshold_too_slow",
     {RateType::kThreshold, Track::kBySource, 2, 10},
     {0, 11, 22, 30},
     "0001"},
    {"both", {RateType::kBoth, Track::kBySource, 2, 10}, {0, 1, 2, 3, 11, 12, 13}, "0100010"},
    {"detection_filter",
     {RateType::kDetectionFilter, Track::kBySource, 2, 10},
     {0, 1, 2, 3, 11, 12, 13},
     "0011001"},
};
INSTANTIATE_TEST_SUITE_P(Types, Rates, testing::ValuesIn(kRates),
                         [](const auto& param) { return std::string(param.param.name); });

struct TrackCase {
    Track track;
    std::string_view told;  ///< of (1,2) (1,2) (1,3) (4,2) with a limit of one
};
TEST(RateTable, CountsByWhatIsTracked) {
    for (const TrackCase& tested : {TrackCase{Track::kBySource, "1001"},
                                    {Track::kByDestination, "1010"},
                                    {Track::kByBoth, "1011"},
                                    {Track::kByRule, "1000"}}) {
        Counter evicted;
        RateTable table(64, 1, evicted);
        Rule rule = with_rate({RateType::kLimit, tested.track, 1, 60});
        std::string told;
        for (const auto& [source, destination] :
             {std::pair{1u, 2u}, {1u, 2u}, {1u, 3u}, {4u, 2u}}) {
            told += table.tell(rule, *rule.rate, address(source), address(destination), from_ns(5)) ? '1' : '0';
        }
        EXPECT_EQ(told, tested.told);
        rule.sid = 2;  // another rule counts by itself
        EXPECT_TRUE(table.tell(rule, *rule.rate, address(1), address(2), from_ns(5)));
    }
}

TEST(RateTable, IsBoundedAndForgetsTheOldestFirst) {
    Counter evicted;
    RateTable table(64, 1, evicted);
    Rule rule = with_rate({RateType::kLimit, Track::kBySource, 1, 60});
    for (std::uint32_t i = 0; i < 10'000; ++i)
        EXPECT_TRUE(table.tell(rule, *rule.rate, address(i), address(0), from_ns(i)));
    EXPECT_GE(evicted.read(), 10'000u - 64u);
    EXPECT_FALSE(table.tell(rule, *rule.rate, address(9'999), address(0), from_ns(10'000)));
}

class Bits : public testing::Test {
  protected:
    std::vector<std::uint32_t> run(Bench& bench, std::string_view text) {
        FlowFacts facts;
        facts.bits = &bits_;
        return bench.run({{Buffer::kTdsSql, std::string(text)}}, facts).sids;
    }
    FlowBits bits_ = 0;
};
using Found = std::vector<std::uint32_t>;

TEST_F(Bits, JoinWhatComesInDifferentMessages) {
    Bench bench(rule("tds.sql; content:\"first\"; flowbits:set,t.a; flowbits:noalert;", 1) +
                rule("tds.sql; content:\"then\"; flowbits:isset,t.a;", 2) +
                rule("tds.sql; content:\"then\"; flowbits:isnotset,t.a;", 3) +
                rule("tds.sql; content:\"forget\"; flowbits:unset,t.a; noalert;", 4));
    EXPECT_EQ(run(bench, "then"), Found{3});
    EXPECT_EQ(run(bench, "first"), Found{});
    EXPECT_EQ(run(bench, "then"), Found{2});
    EXPECT_EQ(run(bench, "forget"), Found{});
    EXPECT_EQ(run(bench, "then"), Found{3});
}

TEST_F(Bits, WhoSetsGoesBeforeWhoAsks) {
    Bench bench(rule("tds.sql; content:\"b\"; flowbits:isset,t.b;", 1) +
                rule("tds.sql; content:\"a\"; flowbits:set,t.b;", 2));
    EXPECT_EQ(run(bench, "ab"), (Found{2, 1}));
}

TEST_F(Bits, Toggle) {
    Bench bench(rule("tds.sql; content:\"t\"; flowbits:toggle,t.c; noalert;", 1) +
                rule("tds.sql; content:\"a\"; flowbits:isset,t.c;", 2));
    EXPECT_EQ(run(bench, "t"), Found{});
    EXPECT_EQ(run(bench, "a"), Found{2});
    EXPECT_EQ(run(bench, "t"), Found{});
    EXPECT_EQ(run(bench, "a"), Found{});
}

TEST_F(Bits, MeanTheSameAfterAReload) {
    Bench before(rule("tds.sql; content:\"first\"; flowbits:set,t.d;", 1));
    EXPECT_EQ(run(before, "first"), Found{1});
    Bench after(rule("tds.sql; content:\"x\"; flowbits:set,t.e;", 1) +
                rule("tds.sql; content:\"then\"; flowbits:isset,t.d;", 2));
    EXPECT_EQ(run(after, "then"), Found{2});
}

TEST_F(Bits, AlternativesOfIsset) {
    Bench bench(rule("tds.sql; content:\"one\"; flowbits:set,t.one; noalert;", 1) +
                rule("tds.sql; content:\"two\"; flowbits:set,t.two; noalert;", 2) +
                rule("tds.sql; content:\"then\"; flowbits:isset,t.one|t.two;", 3));
    EXPECT_EQ(run(bench, "then"), Found{});
    EXPECT_EQ(run(bench, "two"), Found{});
    EXPECT_EQ(run(bench, "then"), Found{3});
}

TEST_F(Bits, AFlowWithoutBitsHasNoneSet) {
    Bench bench(rule("tds.sql; content:\"a\"; flowbits:isnotset,t.a;", 1));
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "a"}}).sids, Found{1});
}

/// Requests from client to server, each with a connection of its own.
class Xbits : public testing::Test {
  protected:
    Found run(Bench& bench, std::string_view text, std::uint32_t client, std::uint32_t server,
              bool to_server = true) {
        const FlowFacts facts{.client = address(client),
                              .server = address(server),
                              .to_server = to_server,
                              .xbits = &table_};
        return bench.run({{Buffer::kTdsSql, std::string(text)}}, facts).sids;
    }
    void wait(int seconds) { now_ += std::chrono::seconds(seconds); }

    Timestamp now_ = from_ns(1'000'000'000);
    Counter evicted_;
    XbitTable table_{64, 1, now_, evicted_};
};

TEST_F(Xbits, OfAPairLastAcrossItsConnectionsUntilTheyExpire) {
    Bench bench(
        rule("tds.sql; content:\"first\"; xbits:set,x.a,track ip_pair,expire 10; noalert;", 1) +
        rule("tds.sql; content:\"then\"; xbits:isset,x.a,track ip_pair;", 2) +
        rule("tds.sql; content:\"then\"; xbits:isnotset,x.a,track ip_pair;", 3));
    EXPECT_EQ(run(bench, "then", 1, 2), Found{3});
    EXPECT_EQ(run(bench, "first", 1, 2), Found{});
    EXPECT_EQ(run(bench, "then", 1, 2), Found{2});
    EXPECT_EQ(run(bench, "then", 1, 2, false), Found{2}) << "the pair has no direction";
    EXPECT_EQ(run(bench, "then", 1, 3), Found{3});
    wait(9);
    EXPECT_EQ(run(bench, "first", 1, 2), Found{}) << "its time begins anew";
    wait(9);
    EXPECT_EQ(run(bench, "then", 1, 2), Found{2});
    wait(2);
    EXPECT_EQ(run(bench, "then", 1, 2), Found{3});
}

TEST_F(Xbits, OfASourceOrADestination) {
    Bench bench(
        rule("tds.sql; content:\"scan\"; xbits:set,x.s,track ip_src,expire 60; noalert;", 1) +
        rule("tds.sql; content:\"scan\"; xbits:set,x.d,track ip_dst,expire 60; noalert;", 2) +
        rule("tds.sql; content:\"then\"; xbits:isset,x.s,track ip_src;", 3) +
        rule("tds.sql; content:\"then\"; xbits:isset,x.d,track ip_dst;", 4));
    EXPECT_EQ(run(bench, "scan", 1, 2), Found{});
    EXPECT_EQ(run(bench, "then", 1, 9), Found{3});
    EXPECT_EQ(run(bench, "then", 9, 2), Found{4});
    EXPECT_EQ(run(bench, "then", 1, 2, false), Found{}) << "an answer comes from the server";
}

TEST_F(Xbits, ToggleAndUnset) {
    Bench bench(
        rule("tds.sql; content:\"t\"; xbits:toggle,x.t,track ip_pair,expire 60; noalert;", 1) +
        rule("tds.sql; content:\"u\"; xbits:unset,x.t,track ip_pair; noalert;", 2) +
        rule("tds.sql; content:\"a\"; xbits:isset,x.t,track ip_pair;", 3));
    EXPECT_EQ(run(bench, "t", 1, 2), Found{});
    EXPECT_EQ(run(bench, "a", 1, 2), Found{3});
    EXPECT_EQ(run(bench, "t", 1, 2), Found{});
    EXPECT_EQ(run(bench, "a", 1, 2), Found{});
    EXPECT_EQ(run(bench, "t", 1, 2), Found{});
    EXPECT_EQ(run(bench, "u", 1, 2), Found{});
    EXPECT_EQ(run(bench, "a", 1, 2), Found{});
}

TEST_F(Xbits, AreBounded) {
    Bench bench(rule("tds.sql; content:\"s\"; xbits:set,x.b,track ip_pair,expire 60;", 1));
    for (std::uint32_t i = 0; i < 1000; ++i)
        EXPECT_EQ(run(bench, "s", i, 5000), Found{1});
    EXPECT_GE(evicted_.read(), 1000u - 64u);
    EXPECT_TRUE(table_.is_set({0, XbitTrack::kPair, address(1), address(2)}) == false);
}

}  // namespace
}  // namespace querytap::signature
