// Attacks in disguise are found, and what only looks like them is not: the corpus of this folder,
// from frames to verdict.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "corpus.h"
#include "event_collector.h"
#include "inspected.h"

namespace querytap {
namespace {

using test::Variant;

std::string label(const testing::TestParamInfo<Variant>& tested) {
    std::string name = tested.param.id;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
    return name;
}

class Attack : public testing::TestWithParam<Variant> {};

TEST_P(Attack, IsDetected) {
    const Variant& variant = GetParam();
    const test::Inspected found = test::inspect(variant);
    EXPECT_TRUE(test::detected(variant, found)) << found;
}

class LookAlike : public testing::TestWithParam<Variant> {};

TEST_P(LookAlike, IsQuiet) {
    const test::Inspected found = test::inspect(GetParam());
    EXPECT_TRUE(found.sids.empty()) << found;
    EXPECT_LE(found.level, verdict::Level::kBenign) << found;
    EXPECT_TRUE(found.anomalies.empty()) << found << "the test itself speaks broken TDS";
    EXPECT_GT(found.queries, 0u) << "nothing was seen";
}

INSTANTIATE_TEST_SUITE_P(Corpus, Attack, testing::ValuesIn(test::attacks()), label);
INSTANTIATE_TEST_SUITE_P(Corpus, LookAlike, testing::ValuesIn(test::look_alikes()), label);

/// The promise: so many variants, of so many techniques, of each threat that has a name.
TEST(Corpus, IsAsLargeAsPromised) {
    const std::vector<Variant> attacks = test::attacks();
    std::map<std::string, int> techniques;
    std::map<std::string, int> threats;
    std::set<std::string> texts;
    for (const Variant& variant : attacks) {
        ++techniques[variant.technique];
        ++threats[variant.threat];
        for (const std::string& sql : variant.speech.sql)
            texts.insert(sql);
    }
    EXPECT_GE(attacks.size(), 150u);
    EXPECT_GE(techniques.size(), 10u);
    EXPECT_GE(texts.size(), 120u);
    for (const char* threat : {"sqlc2", "c3-mssql", "sharpmssqlc2", "mssqlproxy", "maggie",
                               "xp-cmdshell", "ole-automation", "clr-assembly", "agent-job"}) {
        EXPECT_GE(threats[threat], 5) << threat;
    }
    EXPECT_GE(test::look_alikes().size(), 150u);
}

TEST(Corpus, UsesEveryWay) {
    std::set<std::string_view> used;
    const std::vector<Variant> attacks = test::attacks();
    for (const Variant& variant : attacks)
        used.insert(variant.way);
    for (const std::string_view way : test::ways())
        EXPECT_TRUE(used.contains(way)) << way;
}

}  // namespace
}  // namespace querytap
