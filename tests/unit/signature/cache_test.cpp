// Compiled databases on disk: found again, never believed when damaged, never mixed up.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;

class Cache : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = std::filesystem::temp_directory_path() / "querytap-cache-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::shared_ptr<const RuleSet> load(const std::string& text) {
        auto set = RuleSet::parse(text, "a.rules", {.variables = {}, .cache = directory_ / "made"});
        EXPECT_TRUE(set.ok());
        return set.ok() ? set.value() : nullptr;
    }
    std::vector<std::filesystem::path> files() const {
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator(directory_ / "made"))
            found.push_back(entry.path());
        std::sort(found.begin(), found.end());
        return found;
    }
    static std::vector<std::uint32_t> hits(std::shared_ptr<const RuleSet> set,
                                           const std::string& text) {
        Bench bench(std::move(set), {16, 16});
        auto found = bench.run({{Buffer::kTdsSql, text}}).sids;
        const auto again = bench.run_cut(Buffer::kTdsSql, text, {1}).sids;
        EXPECT_EQ(found, again);
        return found;
    }
    std::filesystem::path directory_;
};

const std::string kRules = rule("tds.sql; content:\"abc\"; nocase;", 1) +
                           rule("tds.sql; content:\"b\"; offset:1; content:\"d\"; distance:1;", 2);

TEST_F(Cache, FindsWhatItKept) {
    EXPECT_EQ(hits(load(kRules), "xABC"), (std::vector<std::uint32_t>{1}));
    const auto made = files();
    ASSERT_EQ(made.size(), 2u);  // block and streaming
    const auto written = std::filesystem::last_write_time(made[0]);
    const auto set = load(kRules);
    EXPECT_EQ(files(), made);
    EXPECT_EQ(std::filesystem::last_write_time(made[0]), written) << "compiled again";
    EXPECT_TRUE(set->warnings().empty());
    EXPECT_EQ(hits(set, "xABC"), (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(hits(set, "xbcd"), (std::vector<std::uint32_t>{2}));
}

TEST_F(Cache, OtherRulesAreOtherFiles) {
    load(kRules);
    EXPECT_EQ(hits(load(rule("tds.sql; content:\"abc\";", 1)), "xABC"),
              (std::vector<std::uint32_t>{}));
    EXPECT_EQ(files().size(), 4u);
}

TEST_F(Cache, ADamagedFileIsToldAndReplaced) {
    load(kRules);
    for (const auto& file : files()) {
        std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
        out.seekp(-40, std::ios::end);
        out.write("damaged", 7);
    }
    const auto set = load(kRules);
    ASSERT_EQ(set->warnings().size(), 2u);
    EXPECT_NE(set->warnings()[0].to_string().find("is damaged, and is made anew"),
              std::string::npos);
    EXPECT_EQ(hits(set, "xABC"), (std::vector<std::uint32_t>{1}));
    EXPECT_TRUE(load(kRules)->warnings().empty());
}

TEST_F(Cache, AFileCutShortAnywhereIsDamaged) {
    load(kRules);
    const auto file = files()[0];
    const auto size = std::filesystem::file_size(file);
    for (const std::uintmax_t left : {std::uintmax_t{0}, std::uintmax_t{5}, std::uintmax_t{20},
                                      std::uintmax_t{60}, size / 2, size - 1}) {
        std::filesystem::resize_file(file, left);
        const auto set = load(kRules);
        EXPECT_EQ(set->warnings().size(), 1u) << left;
    }
}

TEST_F(Cache, AFolderThatCannotBeWrittenIsToldOnly) {
    std::ofstream(directory_ / "made") << "a file";
    const auto set = load(kRules);
    EXPECT_EQ(set->warnings().size(), 2u);
    EXPECT_EQ(hits(set, "xABC"), (std::vector<std::uint32_t>{1}));
}

// The bar: ten thousand rules in less than two seconds, the second time.
TEST_F(Cache, TenThousandRulesStartAtOnceTheSecondTime) {
    std::string text;
    for (std::uint32_t i = 1; i <= 10'000; ++i) {
        text += rule("tds.sql; content:\"proc_" + std::to_string(i * 7919u) + "\"; content:\"x" +
                         std::to_string(i) + "\";",
                     i);
    }
    const auto timed = [&] {
        const auto start = std::chrono::steady_clock::now();
        EXPECT_EQ(load(text)->rules().size(), 10'000u);
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    const double first = timed();
    const double second = timed();
    std::printf("10,000 rules: %.2f s, then %.2f s\n", first, second);
    const char* const slowness = std::getenv("QUERYTAP_SLOWNESS");
    EXPECT_LT(second, 2.0 * (slowness != nullptr ? std::atof(slowness) : 1.0));
}

TEST(Compiling, IsGivenUpAfterAWhile) {
    const std::string dear = test::rule("tds.sql; content:\"cheap\"; fast_pattern;", 1) +
                             test::rule("tds.sql; pcre:\"/a.{0,1000}b.{0,1000}c.{0,1000}d/\";", 2);
    const auto rules =
        RuleSet::parse(dear, "a.rules", {.pattern_budget = std::chrono::milliseconds(1)});
    ASSERT_FALSE(rules.ok());
    EXPECT_EQ(rules.error().to_string(),
              "a.rules:2:49: sid 2: Hyperscan cannot compile this: not done after 0.0 s (shorten "
              "its repeats, or split it into contents)");
    EXPECT_TRUE(compiling_abandoned());
    while (compiling_abandoned())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_TRUE(RuleSet::parse(dear, "a.rules").ok());
}

TEST(Compiling, IsGivenUpWhenItEatsTheMemory) {
    const auto rules = RuleSet::parse(
        test::rule("tds.sql; pcre:\"/a.{0,30000}b.{0,30000}c.{0,30000}d/\";", 1), "a.rules",
        {.pattern_budget = std::chrono::minutes(1), .pattern_memory_mb = 20});
    ASSERT_FALSE(rules.ok());
    EXPECT_NE(rules.error().to_string().find("it takes more than 20 MB of memory"),
              std::string::npos)
        << rules.error().to_string();
    while (compiling_abandoned())
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace querytap::signature
