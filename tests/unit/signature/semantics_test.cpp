// What a rule means: contents and their places, buffers and values, headers, pass rules, order.
#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;

struct Case {
    std::string_view name;
    std::string_view options;
    std::vector<std::string_view> match;
    std::vector<std::string_view> no_match;
};

class Contents : public testing::TestWithParam<Case> {};

TEST_P(Contents, MatchWhatTheySay) {
    const Case& tested = GetParam();
    Bench bench(rule("tds.sql; " + std::string(tested.options)));
    ASSERT_TRUE(bench);
    for (const auto text : tested.match) {
        EXPECT_EQ(bench.run({{Buffer::kTdsSql, std::string(text)}}).sids.size(), 1u) << text;
    }
    for (const auto text : tested.no_match) {
        EXPECT_EQ(bench.run({{Buffer::kTdsSql, std::string(text)}}).sids.size(), 0u) << text;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Semantics, Contents,
    testing::Values(
        Case{"Plain", "content:\"abc\";", {"abc", "xxabcxx"}, {"", "ab", "aBc"}},
        Case{"Nocase", "content:\"abC\"; nocase;", {"ABC", "xabcx"}, {"ab"}},
        Case{"Metacharacters", "content:\"a.*(b|5b 7c|c\";", {"a.*(b[|c"}, {"axb[|c", "a.*(b"}},
        Case{"Hex", "content:\"|00 0A|x\";", {std::string_view("\0\nx", 3)}, {"\nx"}},
        Case{"Both", "content:\"ab\"; content:\"ba\";", {"ab ba", "ba ab", "aba"}, {"ab", "ba"}},
        Case{"TwiceTheSame", "content:\"ab\"; content:\"ab\";", {"ab"}, {"a"}},
        Case{"Offset", "content:\"ab\"; offset:2;", {"xxab", "ababab"}, {"ab", "xab", "xabx"}},
        Case{"Depth", "content:\"ab\"; depth:3;", {"ab", "xab"}, {"xxab"}},
        Case{"OffsetAndDepth",
             "content:\"ab\"; offset:1; depth:3;",
             {"xab", "xxab"},
             {"ab", "xxxab"}},
        Case{"DepthOfTheSize", "content:\"ab\"; depth:2;", {"abx"}, {"xab"}},
        Case{"StartsWith", "content:\"ab\"; startswith;", {"ab", "abab"}, {"xab", ""}},
        Case{"EndsWith", "content:\"ab\"; endswith;", {"ab", "abxab"}, {"abx", "ab\n"}},
        Case{"StartsAndEndsWith", "content:\"ab\"; startswith; endswith;", {"ab"}, {"abab", "abx"}},
        Case{"EndsWithOffset", "content:\"ab\"; offset:1; endswith;", {"xab", "abab"}, {"ab"}},
        Case{"EndsWithDepth", "content:\"ab\"; depth:4; endswith;", {"ab", "xxab"}, {"xxxab"}},
        Case{"Distance",
             "content:\"a\"; content:\"b\"; distance:1;",
             {"axb", "a..b", "abab"},
             {"ab", "ba", "bab"}},
        Case{"DistanceZero", "content:\"a\"; content:\"b\"; distance:0;", {"ab", "axxb"}, {"ba"}},
        Case{"Within",
             "content:\"a\"; content:\"bb\"; within:3;",
             {"abb", "axbb"},
             {"axxbb", "bba"}},
        Case{"DistanceAndWithin",
             "content:\"a\"; content:\"b\"; distance:1; within:2;",
             {"axb", "axxb"},
             {"ab", "axxxb"}},
        Case{"Backtracks", "content:\"a\"; content:\"b\"; within:1;", {"aab", "a ab"}, {"a b"}},
        Case{"ChainOfThree",
             "content:\"a\"; content:\"b\"; distance:0; content:\"c\"; within:2;",
             {"abc", "a-b-c", "ab--bc"},
             {"abxxc", "cab"}},
        Case{"ChainFromDepth",
             "content:\"a\"; depth:2; content:\"b\"; distance:3;",
             {"a123b", "xa123b"},
             {"a12b", "xxa123b"}},
        Case{"ChainFromOffset",
             "content:\"a\"; offset:2; content:\"b\"; distance:0;",
             {"xxab"},
             {"xab", "ab b"}},
        Case{"ChainFromStart",
             "content:\"a\"; startswith; content:\"b\"; distance:0;",
             {"a.b"},
             {"xa.b"}},
        Case{"ChainToEnd",
             "content:\"a\"; content:\"b\"; distance:0; endswith;",
             {"ab", "abxb"},
             {"abx"}},
        Case{"ChainOverLines", "content:\"a\"; content:\"b\"; distance:1;", {"a\nb"}, {"ab"}},
        Case{"FirstIsRelative",
             "content:\"b\"; distance:1; within:2;",
             {"xb", "xxb"},
             {"b", "xxxb"}},
        Case{"RelativeToTheLast",
             "content:\"a\"; content:\"b\"; content:\"c\"; within:1;",
             {"bc a", "abc"},
             {"ac b", "acb"}},
        Case{"Negated", "content:\"a\"; content:!\"b\";", {"a", "xax"}, {"ab", "ba", "b", ""}},
        Case{"NegatedDepth", "content:\"a\"; content:!\"b\"; depth:2;", {"axb", "a"}, {"ab", "ba"}},
        Case{"OnlyNegated", "content:!\"b\";", {"", "a"}, {"ab"}},
        Case{"OverlappingChain",
             "content:\"aa\"; content:\"aa\"; distance:0;",
             {"aaaa", "aaxaa"},
             {"aaa"}},
        Case{"NocaseInChain",
             "content:\"a\"; nocase; content:\"B\"; distance:0;",
             {"AB", "aB"},
             {"Ab"}},
        Case{"Pcre", "pcre:\"/^a+b$/\";", {"ab", "aaab"}, {"xab", "abx"}},
        Case{"PcreFlags", "pcre:\"/^a.c$/ims\";", {"A\nC", "x\naxc\ny"}, {"ac"}},
        Case{"PcreDotStopsAtLines", "pcre:\"/a.c/\";", {"abc"}, {"a\nc"}},
        Case{"PcreExtended", "pcre:\"/a b # c/x\";", {"ab"}, {"a b"}},
        Case{"PcreRelative", "content:\"k=\"; pcre:\"/\\d+\\;/R\";", {"k=12;", "k=x1;"}, {"1;k="}},
        Case{"PcreRelativeAnchored",
             "content:\"k=\"; pcre:\"/^\\d+/R\";",
             {"k=1", "k=k=1"},
             {"k=x1"}},
        Case{"PcreRelativeDot", "content:\"k\"; pcre:\"/^.x/R\";", {"k-x"}, {"k\nx"}},
        Case{"AfterPcre", "pcre:\"/a\\d/\"; content:\"b\"; within:2;", {"a1b", "a1-b"}, {"a1--b"}},
        Case{"PcreNegated", "content:\"a\"; pcre:!\"/\\d/\";", {"ab"}, {"a1"}},
        Case{"PcreExtendedInChain",
             "pcre:\"/a b # c/x\"; content:\"d\"; within:1;",
             {"abd"},
             {"ab d"}},
        Case{"PcreAlternativesInChain",
             "pcre:\"/a|b/\"; content:\"c\"; within:1;",
             {"ac", "bc"},
             {"a", "ab"}}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Values, ContentsOfOneBufferMustMatchInOneValue) {
    Bench bench(rule("tds.param; content:\"a\"; content:\"b\";"));
    EXPECT_TRUE(bench.run({{Buffer::kTdsParam, "a"}, {Buffer::kTdsParam, "b"}}).sids.empty());
    EXPECT_EQ(bench.run({{Buffer::kTdsParam, "x"}, {Buffer::kTdsParam, "ba"}}).sids.size(), 1u);
}

TEST(Values, DifferentBuffersMayMatchAnywhereInTheTransaction) {
    Bench bench(
        rule("tds.proc; content:\"p\"; tds.param; content:\"a\"; tds.proc; content:\"q\";"));
    EXPECT_EQ(bench.run({{Buffer::kTdsParam, "a"}, {Buffer::kTdsProc, "pq"}}).sids.size(), 1u);
    EXPECT_TRUE(bench.run({{Buffer::kTdsProc, "pq"}}).sids.empty());
    EXPECT_TRUE(
        bench.run({{Buffer::kTdsProc, "p"}, {Buffer::kTdsProc, "q"}, {Buffer::kTdsParam, "a"}})
            .sids.empty());
}

TEST(Values, NegatedNeedsAValueToLookAt) {
    Bench bench(rule("tds.proc; content:!\"p\";"));
    EXPECT_TRUE(bench.run({}).sids.empty());
    EXPECT_EQ(bench.run({{Buffer::kTdsProc, "p"}, {Buffer::kTdsProc, "q"}}).sids.size(), 1u);
}

TEST(Values, TransactionsDoNotMix) {
    Bench bench(rule("tds.proc; content:\"p\"; tds.param; content:\"a\";"));
    EXPECT_TRUE(bench.run({{Buffer::kTdsProc, "p"}}).sids.empty());
    EXPECT_TRUE(bench.run({{Buffer::kTdsParam, "a"}}).sids.empty());
}

TEST(Values, PayloadIsTheDefaultBuffer) {
    Bench bench(rule("content:\"a\";"));
    EXPECT_EQ(bench.run({{Buffer::kPayload, "a"}}).sids.size(), 1u);
    EXPECT_TRUE(bench.run({{Buffer::kTdsSql, "a"}}).sids.empty());
}

TEST(Values, Aliases) {
    Bench bench(
        rule("tds.sql_raw; content:\"a\"; tds.login.application; content:\"b\"; pkt_data; "
             "content:\"c\";"));
    EXPECT_EQ(
        bench.run({{Buffer::kTdsSqlRaw, "a"}, {Buffer::kTdsLoginApp, "b"}, {Buffer::kPayload, "c"}})
            .sids.size(),
        1u);
}

TEST(Rules, ReportedOnceAndInOrderOfSid) {
    Bench bench(rule("tds.sql; content:\"b\";", 30) + rule("tds.proc; content:\"p\";", 10) +
                rule("tds.sql; content:\"a\";", 20) + rule("tds.sql; content:\"z\";", 5));
    const auto found =
        bench.run({{Buffer::kTdsSql, "bbaa"}, {Buffer::kTdsSql, "ab"}, {Buffer::kTdsProc, "p"}});
    EXPECT_EQ(found.sids, (std::vector<std::uint32_t>{10, 20, 30}));
}

TEST(Rules, PassSilencesTheTransaction) {
    Bench bench(rule("tds.sql; content:\"a\";", 1) +
                rule("tds.sql; content:\"backup\";", 2, "pass"));
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "a"}}).sids.size(), 1u);
    EXPECT_TRUE(bench.run({{Buffer::kTdsSql, "a backup"}}).sids.empty());
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "a"}}).sids.size(), 1u);
}

TEST(Rules, WithoutContentHoldsForEveryTransaction) {
    Bench bench("pass tds 10.0.0.1 any -> any any (msg:\"m\"; sid:1;)\n" + rule("", 2));
    FlowFacts facts;
    facts.client = IpAddress::parse("10.0.0.2").value();
    EXPECT_EQ(bench.run({}, facts).sids, (std::vector<std::uint32_t>{2}));
    facts.client = IpAddress::parse("10.0.0.1").value();
    EXPECT_TRUE(bench.run({}, facts).sids.empty());
}

TEST(Rules, ManyRulesShareTheirTerms) {
    std::string text;
    for (std::uint32_t sid = 1; sid <= 200; ++sid) {
        text +=
            rule("tds.sql; content:\"common\"; content:\"word" + std::to_string(sid) + "\";", sid);
    }
    Bench bench(text);
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "common word200 word7"}}).sids,
              (std::vector<std::uint32_t>{2, 7, 20, 200}));
}

TEST(Excerpt, EndsWithTheLastContentAndIsBounded) {
    Bench bench(rule("tds.proc; content:\"p\"; tds.sql; content:\"tail\"; content:\"head\";"));
    const auto found = bench.run(
        {{Buffer::kTdsSql, std::string(300, 'x') + "head tail"}, {Buffer::kTdsProc, "p"}});
    ASSERT_EQ(found.sids.size(), 1u);
    EXPECT_EQ(found.buffers.at(1), Buffer::kTdsSql);
    EXPECT_EQ(found.excerpts.at(1), std::string(kExcerptMax - 4, 'x') + "head");
}

TEST(Excerpt, IsOfTheValueThatMatched) {
    Bench bench(rule("tds.sql; content:\"a\"; content:\"b\";"));
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "only b"}, {Buffer::kTdsSql, "a, b."}}).excerpts.at(1),
              "a, b");
}

struct HeaderCase {
    std::string_view name;
    std::string_view header;
    bool from_client;  ///< 10.0.0.1:5000 -> 10.0.0.2:1433
    bool from_server;
};

class Headers : public testing::TestWithParam<HeaderCase> {};

TEST_P(Headers, AreOfTheSender) {
    Bench bench("alert " + std::string(GetParam().header) +
                " (msg:\"m\"; tds.sql; content:\"a\"; sid:1;)");
    FlowFacts facts;
    facts.client = IpAddress::parse("10.0.0.1").value();
    facts.server = IpAddress::parse("10.0.0.2").value();
    facts.client_port = 5000;
    facts.server_port = 1433;
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "a"}}, facts).sids.size(),
              GetParam().from_client ? 1u : 0u);
    facts.to_server = false;
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "a"}}, facts).sids.size(),
              GetParam().from_server ? 1u : 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Semantics, Headers,
    testing::Values(
        HeaderCase{"Any", "tds any any -> any any", true, true},
        HeaderCase{"Udp", "udp any any -> any any", false, false},
        HeaderCase{"ToPort", "tcp any any -> any 1433", true, false},
        HeaderCase{"FromPort", "ip any 1433 -> any any", false, true},
        HeaderCase{"BothWays", "tds any any <> any 1433", true, true},
        HeaderCase{"Source", "tds 10.0.0.1 any -> any any", true, false},
        HeaderCase{"Network", "tds 10.0.0.0/30 any -> 10.0.0.0/30 1000:2000", true, false},
        HeaderCase{"NotSource", "tds !10.0.0.1 any -> any any", false, true},
        HeaderCase{"ListWithHole", "tds [10.0.0.0/8,!10.0.0.1] any -> any any", false, true},
        HeaderCase{"NestedHole", "tds [10.0.0.0/8,![10.0.0.1,10.0.0.2]] any -> any any", false,
                   false},
        HeaderCase{"Range", "tds 10.0.0.2-10.0.0.9 any -> any [1:999,5000]", false, true},
        HeaderCase{"OtherFamily", "tds 2001:db8::/32 any -> any any", false, false},
        HeaderCase{"NotPort", "tds any any -> any ![1433,1434]", false, true},
        HeaderCase{"OpenRange", "tds any 5000: -> any :1433", true, false}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Flow, Conditions) {
    Bench bench(rule("flow:to_server;", 1) + rule("flow:from_server,established;", 2) +
                rule("flow:not_established;", 3) +
                "alert tcp any any -> any any (msg:\"m\"; sid:4;)\n");
    FlowFacts facts;
    EXPECT_EQ(bench.run({}, facts).sids, (std::vector<std::uint32_t>{1, 4}));
    facts.to_server = false;
    EXPECT_EQ(bench.run({}, facts).sids, (std::vector<std::uint32_t>{2, 4}));
    facts.established = false;
    EXPECT_EQ(bench.run({}, facts).sids, (std::vector<std::uint32_t>{3, 4}));
    facts.is_tds = false;
    EXPECT_EQ(bench.run({}, facts).sids, (std::vector<std::uint32_t>{4}));
}

}  // namespace
}  // namespace querytap::signature
