// tds.type, tds.version, tds.rows, tds.error_number: comparisons as Suricata's integers have them.
#include <initializer_list>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;
using Found = std::vector<std::uint32_t>;

Found run(Bench& bench, std::initializer_list<std::pair<Number, std::uint64_t>> numbers,
          std::string_view sql = "") {
    test::Collector found(bench.scanner().rules());
    const TransactionId id = bench.scanner().open({});
    for (const auto& [kind, value] : numbers)
        bench.scanner().number(id, kind, value);
    bench.scanner().scan(id, Buffer::kTdsSql, sql);
    bench.scanner().close(id, found);
    return found.sids;
}

struct Comparison {
    std::string_view text;
    std::vector<std::uint64_t> hold;
    std::vector<std::uint64_t> hold_not;
};
class Comparisons : public testing::TestWithParam<Comparison> {};

TEST_P(Comparisons, Hold) {
    Bench bench(rule("tds.rows:" + std::string(GetParam().text) + ";"));
    for (const std::uint64_t value : GetParam().hold)
        EXPECT_EQ(run(bench, {{Number::kTdsRows, value}}), Found{1}) << value;
    for (const std::uint64_t value : GetParam().hold_not)
        EXPECT_EQ(run(bench, {{Number::kTdsRows, value}}), Found{}) << value;
    EXPECT_EQ(run(bench, {}), Found{}) << "no number came";
    EXPECT_EQ(run(bench, {{Number::kTdsErrorNumber, GetParam().hold[0]}}), Found{}) << "another's";
}

const Comparison kComparisons[] = {
    {"5", {5}, {4, 6, 0}},
    {"=5", {5}, {4, 6}},
    {"!5", {4, 6, 0}, {5}},
    {"<5", {4, 0}, {5, 6}},
    {"<=5", {5, 0}, {6}},
    {"<=0", {0}, {1}},
    {"> 5", {6, UINT64_MAX}, {5, 0}},
    {">=5", {5, UINT64_MAX}, {4}},
    {"5-8", {6, 7}, {5, 8}},
    {"5<>8", {6, 7}, {5, 8}},
    {"!5-8", {5, 8, 0}, {6, 7}},
};
INSTANTIATE_TEST_SUITE_P(All, Comparisons, testing::ValuesIn(kComparisons));

TEST(Numbers, JoinWithContents) {
    Bench bench(rule("tds.type:1; tds.sql; content:\"whoami\";", 1) +
                rule("tds.sql; content:\"whoami\"; tds.rows:>3; tds.type:4;", 2));
    EXPECT_EQ(run(bench, {{Number::kTdsType, 1}}, "whoami"), Found{1});
    EXPECT_EQ(run(bench, {{Number::kTdsType, 1}}, "who"), Found{});
    EXPECT_EQ(run(bench, {{Number::kTdsType, 4}}, "whoami"), Found{});
    EXPECT_EQ(run(bench, {{Number::kTdsType, 4}, {Number::kTdsRows, 4}}, "whoami"), Found{2});
}

TEST(Numbers, OneOfSeveralIsEnough) {
    Bench bench(rule("tds.error_number:15281;"));
    EXPECT_EQ(run(bench, {{Number::kTdsErrorNumber, 5701}, {Number::kTdsErrorNumber, 15281}}),
              Found{1});
    EXPECT_EQ(run(bench, {{Number::kTdsErrorNumber, 5701}}), Found{}) << "the next message";
}

TEST(Numbers, VersionsHaveTheOrderOfVersions) {
    Bench bench(rule("tds.version:<7.2;", 1) + rule("tds.version:>=7.4;", 2) +
                rule("tds.version:8.0;", 3));
    EXPECT_EQ(run(bench, {{Number::kTdsVersion, version_number(7, 1)}}), Found{1});
    EXPECT_EQ(run(bench, {{Number::kTdsVersion, version_number(7, 3)}}), Found{});
    EXPECT_EQ(run(bench, {{Number::kTdsVersion, version_number(7, 4)}}), Found{2});
    EXPECT_EQ(run(bench, {{Number::kTdsVersion, version_number(8, 0)}}), (Found{2, 3}));
}

}  // namespace
}  // namespace querytap::signature
