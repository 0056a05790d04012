// threshold.config: what the owner does not want to hear.
#include <cstdio>
#include <fstream>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::rule;
using Found = std::vector<std::uint32_t>;

class Thresholds : public testing::Test {
  protected:
    ~Thresholds() override { std::remove(file_.c_str()); }

    Result<std::shared_ptr<const RuleSet>> load(const std::string& thresholds,
                                                const std::string& rules) {
        std::ofstream(file_) << thresholds;
        return RuleSet::parse(
            rules, "test.rules",
            {.variables = {{"SCANNERS", "[10.9.0.0/16,10.8.0.1]"}}, .thresholds = file_});
    }
    /// Of a request from the client, or of the answer to it.
    Found told(const std::shared_ptr<const RuleSet>& rules, std::string_view client,
               bool to_server = true) {
        test::Bench bench(rules, {16, 16});
        const FlowFacts facts{.client = IpAddress::parse(client).value(),
                              .server = IpAddress::parse("10.0.0.50").value(),
                              .to_server = to_server};
        const Found found = bench.run({{Buffer::kTdsSql, "attack"}}, facts).sids;
        suppressed_ = bench.counters().suppressed.read();
        return found;
    }
    std::string error(const std::string& line) {
        const auto rules = load(line, kTwo);
        if (rules.ok()) return "none";
        const std::string text = rules.error().to_string();
        return text.starts_with(file_ + ":") ? text.substr(file_.size() + 1) : text;
    }

    inline static const std::string kTwo =
        rule("tds.sql; content:\"attack\";", 1) + rule("tds.sql; content:\"attack\"; gid:3;", 2);
    std::string file_ = testing::TempDir() + "querytap_threshold.config";
    std::uint64_t suppressed_ = 0;
};

TEST_F(Thresholds, SuppressByAddress) {
    const auto rules = load(
        "# who may do this\n"
        "suppress gen_id 1, sig_id 1, track by_src, ip $SCANNERS\n"
        "suppress gen_id 0, sig_id 2, \\\n track by_dst, ip [10.0.0.50,10.0.0.51]\n",
        kTwo);
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    EXPECT_EQ(told(*rules, "10.1.1.1"), Found{1});
    EXPECT_EQ(told(*rules, "10.9.1.1"), Found{});
    EXPECT_EQ(suppressed_, 2u);
    EXPECT_EQ(told(*rules, "10.8.0.1"), Found{});
    EXPECT_EQ(told(*rules, "10.9.1.1", false), (Found{1, 2})) << "the server is the source";
    EXPECT_TRUE((*rules)->warnings().empty());
}

TEST_F(Thresholds, SuppressEitherSideOrAll) {
    const auto either = load("suppress gen_id 1, sig_id 1, track by_either, ip 10.9.0.0/16", kTwo);
    ASSERT_TRUE(either.ok());
    EXPECT_EQ(told(*either, "10.9.1.1"), Found{2});
    EXPECT_EQ(told(*either, "10.9.1.1", false), Found{2});
    const auto all = load("suppress gen_id 3, sig_id 0", kTwo);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(told(*all, "10.1.1.1"), Found{1});
}

TEST_F(Thresholds, SuppressedRulesStillSetBits) {
    const auto rules = load("suppress gen_id 1, sig_id 1",
                            rule("tds.sql; content:\"attack\"; flowbits:set,th.a;", 1) +
                                rule("tds.sql; content:\"attack\"; flowbits:isset,th.a;", 2));
    ASSERT_TRUE(rules.ok());
    test::Bench bench(*rules, {16, 16});
    FlowBits bits = 0;
    FlowFacts facts;
    facts.bits = &bits;
    EXPECT_EQ(bench.run({{Buffer::kTdsSql, "attack"}}, facts).sids, Found{2});
}

TEST_F(Thresholds, RatesReplaceThoseOfTheRule) {
    const auto rules = load(
        "threshold gen_id 1, sig_id 1, type limit, track by_both, count 2, seconds 60\n"
        "event_filter gen_id 0, sig_id 0, type threshold, track by_src, count 9, seconds 5\n",
        rule("tds.sql; content:\"a\"; threshold:type limit, track by_src, count 7, seconds 7;", 1) +
            rule("tds.sql; content:\"a\";", 2));
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    const auto& first = *(*rules)->rules()[0].rate;
    EXPECT_EQ(first.count, 2u);
    EXPECT_EQ(first.track, Track::kByBoth);
    EXPECT_EQ((*rules)->rules()[1].rate->count, 9u);
    EXPECT_EQ((*rules)->rules()[1].rate->type, RateType::kThreshold);
}

TEST_F(Thresholds, ARuleThatIsNotThereIsAWarning) {
    const auto rules = load("suppress gen_id 1, sig_id 77\n", kTwo);
    ASSERT_TRUE(rules.ok());
    ASSERT_EQ((*rules)->warnings().size(), 1u);
    EXPECT_EQ((*rules)->warnings()[0].to_string(),
              file_ + ":1:1: no rule has sid 77 (remove the line, or load the rule)");
}

TEST_F(Thresholds, FaultsHaveTheirPlace) {
    const std::string suppress =
        " (write suppress gen_id 1, sig_id 9100001, track by_src, ip 10.0.0.0/8)";
    const std::string threshold =
        " (write threshold gen_id 1, sig_id 9100001, type limit, track by_src, count 1, seconds "
        "60)";
    EXPECT_EQ(error("\n drop gen_id 1, sig_id 1"),
              "2:2: 'drop' is nothing that threshold.config knows (a line begins with suppress, "
              "threshold or event_filter)");
    EXPECT_EQ(
        error("rate_filter gen_id 1, sig_id 1"),
        "1:1: 'rate_filter' is not supported (a tap blocks nothing: write threshold or suppress)");
    EXPECT_EQ(error("suppress gen_id 1"), "1:1: this line needs gen_id and sig_id" + suppress);
    EXPECT_EQ(error("suppress gen_id 1, sig_id 1, track by_src"),
              "1:1: this line needs track and ip, or neither" + suppress);
    EXPECT_EQ(error("suppress gen_id 1, sig_id x"),
              "1:20: 'sig_id x' is no part of this line" + suppress);
    EXPECT_EQ(
        error("suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0"),
        "1:47: '10.0.0' is no address (write any, 10.0.0.1, 10.0.0.0/8, 2001:db8::/32, $NAME or a "
        "list [10.0.0.0/8,!10.1.0.0/16])");
    EXPECT_EQ(error("threshold gen_id 1, sig_id 1, type limit, track by_src, count 0, seconds 1"),
              "1:57: 'count 0' is no part of this line" + threshold);
    EXPECT_EQ(error("threshold gen_id 1, sig_id 1, type limit"),
              "1:1: this line needs type, track, count and seconds" + threshold);
    const auto missing = RuleSet::parse(kTwo, "a", {.thresholds = "/nonexistent/threshold.config"});
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().to_string(),
              "/nonexistent/threshold.config: cannot read the file (give a threshold.config, or "
              "leave 'threshold_config' out)");
}

}  // namespace
}  // namespace querytap::signature
