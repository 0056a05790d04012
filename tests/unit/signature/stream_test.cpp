// Streaming: the same answer however a value is cut, and what happens at the limits.
#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::Collector;
using test::rule;

const std::string kRules = rule("tds.sql; content:\"exec master..xp_cmdshell\";", 1) +
                           rule("tds.sql; content:\"dir'\"; endswith;", 2) +
                           rule("tds.sql; content:\"ex\"; startswith;", 3) +
                           rule(
                               "tds.sql; content:\"exec\"; content:\"shell\"; distance:4; "
                               "within:30; content:\"'\"; distance:0;",
                               4) +
                           rule("tds.sql; pcre:\"/\\bmaster\\b/\";", 5) +
                           rule("tds.sql; content:\"xp_\"; offset:13; depth:5;", 6) +
                           rule("tds.sql; content:!\"select\";", 7) +
                           rule("tds.sql; pcre:\"/dir.$/\";", 8) +
                           rule("tds.sql; content:!\"dir\";", 9);
const std::string kText = "exec master..xp_cmdshell'dir'";

TEST(Stream, EveryPairOfCutsGivesTheSame) {
    Bench bench(kRules);
    const Collector whole = bench.run({{Buffer::kTdsSql, kText}});
    EXPECT_EQ(whole.sids, (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    for (std::size_t a = 0; a <= kText.size(); ++a) {
        for (std::size_t b = a; b <= kText.size(); ++b) {
            const Collector cut = bench.run_cut(Buffer::kTdsSql, kText, {a, b});
            ASSERT_EQ(cut.sids, whole.sids) << a << " " << b;
            ASSERT_EQ(cut.excerpts, whole.excerpts) << a << " " << b;
        }
    }
}

TEST(Stream, ByteByByteWithALongHistory) {
    Bench bench(kRules);
    const std::string text = std::string(1000, '.') + kText + std::string(500, '.');
    std::vector<std::size_t> cuts;
    for (std::size_t i = 1; i < text.size(); ++i)
        cuts.push_back(i);
    const Collector whole = bench.run({{Buffer::kTdsSql, text}});
    const Collector cut = bench.run_cut(Buffer::kTdsSql, text, cuts);
    EXPECT_EQ(cut.sids, whole.sids);
    EXPECT_EQ(cut.excerpts, whole.excerpts);
    EXPECT_EQ(cut.excerpts.at(1).size(), kExcerptMax);
}

TEST(Stream, CloseEndsWhatIsOpen) {
    Bench bench(kRules);
    Collector found(bench.scanner().rules());
    const TransactionId id = bench.scanner().open({});
    bench.scanner().stream(id, Buffer::kTdsSql, kText, false);
    bench.scanner().close(id, found);
    EXPECT_EQ(found.sids, (std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Stream, SecondValueStartsAfresh) {
    Bench bench(rule("tds.sql; content:\"ab\"; startswith; endswith;"));
    Collector found(bench.scanner().rules());
    const TransactionId id = bench.scanner().open({});
    for (const char* piece : {"x", "a"}) {
        bench.scanner().stream(id, Buffer::kTdsSql, piece, false);
        bench.scanner().stream(id, Buffer::kTdsSql, "b", true);
    }
    bench.scanner().close(id, found);
    EXPECT_EQ(found.sids.size(), 1u);
}

TEST(Stream, BuffersAndTransactionsInterleave) {
    Bench bench(rule("tds.sql; content:\"abcd\"; tds.param; content:\"1234\";"));
    Scanner& scanner = bench.scanner();
    Collector first(scanner.rules());
    Collector second(scanner.rules());
    const TransactionId a = scanner.open({});
    const TransactionId b = scanner.open({});
    scanner.stream(a, Buffer::kTdsSql, "ab", false);
    scanner.stream(b, Buffer::kTdsSql, "ab", false);
    scanner.stream(a, Buffer::kTdsParam, "12", false);
    scanner.stream(a, Buffer::kTdsSql, "cd", true);
    scanner.scan(a, Buffer::kTdsParam, "x");
    scanner.stream(b, Buffer::kTdsSql, "-cd", true);
    scanner.stream(a, Buffer::kTdsParam, "34", true);
    scanner.stream(b, Buffer::kTdsParam, "1234", true);
    scanner.close(b, second);
    scanner.close(a, first);
    EXPECT_EQ(first.sids.size(), 1u);
    EXPECT_TRUE(second.sids.empty());
}

TEST(Stream, WithoutAFreeStreamEachPieceIsScannedByItself) {
    Bench bench(rule("tds.sql; content:\"abcd\";"), {4, 1});
    Scanner& scanner = bench.scanner();
    Collector found(scanner.rules());
    const TransactionId holder = scanner.open({});
    scanner.stream(holder, Buffer::kTdsSql, "ab", false);

    const TransactionId poor = scanner.open({});
    scanner.stream(poor, Buffer::kTdsSql, "ab", false);  // cut inside: cannot be seen
    scanner.stream(poor, Buffer::kTdsSql, "cd", true);
    scanner.close(poor, found);
    EXPECT_TRUE(found.sids.empty());
    EXPECT_EQ(bench.counters().streams_exhausted.read(), 1u);

    const TransactionId lucky = scanner.open({});
    scanner.stream(lucky, Buffer::kTdsSql, "abcd", false);  // whole in one piece: seen
    // A stream that becomes free in the middle of a value changes nothing for that value.
    scanner.discard(holder);
    scanner.stream(lucky, Buffer::kTdsSql, "", true);
    scanner.close(lucky, found);
    EXPECT_EQ(found.sids.size(), 1u);
    EXPECT_EQ(found.excerpts.at(1), "abcd");
    EXPECT_EQ(bench.counters().streams_exhausted.read(), 2u);
}

TEST(Transactions, ExhaustedPoolMakesEveryCallDoNothing) {
    Bench bench(rule("tds.sql; content:\"a\";"), {1, 1});
    Scanner& scanner = bench.scanner();
    Collector found(scanner.rules());
    const TransactionId one = scanner.open({});
    const TransactionId none = scanner.open({});
    EXPECT_EQ(none, TransactionId::kNone);
    scanner.scan(none, Buffer::kTdsSql, "a");
    scanner.stream(none, Buffer::kTdsSql, "a", false);
    scanner.close(none, found);
    scanner.discard(none);
    EXPECT_TRUE(found.sids.empty());
    EXPECT_EQ(bench.counters().transactions_exhausted.read(), 1u);
    EXPECT_EQ(scanner.open_transactions(), 1u);
    scanner.discard(one);
    EXPECT_EQ(scanner.open_transactions(), 0u);
}

TEST(Transactions, DiscardForgets) {
    Bench bench(rule("tds.sql; content:\"a\"; tds.proc; content:\"b\";"), {1, 1});
    Scanner& scanner = bench.scanner();
    TransactionId id = scanner.open({});
    scanner.scan(id, Buffer::kTdsSql, "a");
    scanner.stream(id, Buffer::kTdsProc, "b", false);
    scanner.discard(id);
    Collector found(scanner.rules());
    id = scanner.open({});
    scanner.stream(id, Buffer::kTdsProc, "b", false);
    scanner.close(id, found);
    EXPECT_TRUE(found.sids.empty());
    EXPECT_EQ(bench.counters().streams_exhausted.read(), 0u);
}

TEST(Transactions, NoiseDoesNotPushAnAttackOut) {
    std::string text;
    std::string value;
    for (std::uint32_t sid = 1; sid <= 300; ++sid) {
        text += rule("tds.sql; content:\"noise" + std::to_string(sid) + ";\";", sid);
        value += "noise" + std::to_string(sid) + ";";
    }
    text = text.substr(0, text.size());
    for (std::size_t at = 0; (at = text.find(";\";", at)) != std::string::npos; at += 4) {
        text.replace(at, 1, "\\;");  // a ; inside content is escaped
    }
    text += rule("tds.sql; content:\"attack\";", 1000);
    Bench bench(text);
    ASSERT_TRUE(bench);
    value += "attack";
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, value}}).sids.size(), 301u);
    EXPECT_EQ(bench.run_cut(Buffer::kTdsSql, value, {100, 1000}).sids.size(), 301u);
    EXPECT_GT(bench.counters().excerpts_exhausted.read(), 0u);
}

// A stream without messages (a tunnel) may never end: its rules are decided as it goes.
TEST(Decide, ReportsAtOnceAndOnlyOnce) {
    Bench bench(rule("payload; content:\"abc\";", 1) + rule("payload; content:\"xyz\";", 2) +
                rule("payload; content:\"abc\"; content:!\"no\";", 3));
    Scanner& scanner = bench.scanner();
    Collector found(scanner.rules());
    const TransactionId id = scanner.open({});
    const auto piece = [&](std::string_view text) {
        scanner.stream(id, Buffer::kPayload, text, false);
        scanner.decide(id, found);
    };
    piece("a");
    EXPECT_TRUE(found.sids.empty());
    piece("bc");
    EXPECT_EQ(found.sids, (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(found.excerpts.at(1), "abc");
    piece("abc xy");
    piece("z");
    EXPECT_EQ(found.sids, (std::vector<std::uint32_t>{1, 2}));
    scanner.close(id, found);  // what must not be there is known at the end only
    EXPECT_EQ(found.sids, (std::vector<std::uint32_t>{1, 2, 3}));

    Collector next(scanner.rules());
    const TransactionId again = scanner.open({});
    scanner.scan(again, Buffer::kPayload, "abc");
    scanner.close(again, next);
    EXPECT_EQ(next.sids, (std::vector<std::uint32_t>{1, 3}));
}

TEST(Decide, PassSilencesFromThenOn) {
    Bench bench(rule("payload; content:\"abc\";", 1) + rule("payload; content:\"ok\";", 2, "pass"));
    Scanner& scanner = bench.scanner();
    Collector found(scanner.rules());
    const TransactionId id = scanner.open({});
    scanner.stream(id, Buffer::kPayload, "ok abc", false);
    scanner.decide(id, found);
    scanner.close(id, found);
    EXPECT_TRUE(found.sids.empty());
}

TEST(Transactions, UnusedBuffersCostNothing) {
    Bench bench(rule("tds.sql; content:\"a\";"));
    bench.run({{Buffer::kTdsResult, "aaaa"}, {Buffer::kTdsSql, "aa"}});
    EXPECT_EQ(bench.counters().scanned_bytes.read(), 2u);
    EXPECT_FALSE(bench.scanner().rules().uses(Buffer::kTdsResult));
}

TEST(Transactions, ManyScannersShareOneRuleSet) {
    auto rules = RuleSet::parse(rule("tds.sql; content:\"ab\";"), "t").value();
    Bench one(rules, {2, 2});
    Bench two(rules, {2, 2});
    EXPECT_EQ(one.run_cut(Buffer::kTdsSql, "ab", {1}).sids.size(), 1u);
    EXPECT_EQ(two.run_cut(Buffer::kTdsSql, "ab", {1}).sids.size(), 1u);
}

}  // namespace
}  // namespace querytap::signature
