// The shipped signatures beside their examples, and how example files are read.
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/signature/examples.h>
#include <querytap/signature/lint.h>

#include "../../support/temporary_directory.h"

namespace querytap::signature {
namespace {

namespace fs = std::filesystem;

fs::path directory() {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    return root == nullptr ? fs::path() : fs::path(root) / "signatures";
}

Result<std::set<std::uint32_t>> no_captures(const fs::path& file) {
    return Error{.message = "no captures here", .file = file.string()};
}

std::vector<std::string> texts(const std::vector<Error>& errors) {
    std::vector<std::string> all;
    std::transform(errors.begin(), errors.end(), std::back_inserter(all),
                   [](const Error& error) { return error.to_string(); });
    return all;
}

class Shipped : public testing::Test {
  protected:
    void SetUp() override {
        if (directory().empty()) GTEST_SKIP() << "skipped: QUERYTAP_SOURCE is not set";
        auto rules = RuleSet::load(directory());
        ASSERT_TRUE(rules.ok()) << rules.error().to_string();
        rules_ = rules.value();
    }
    std::shared_ptr<const RuleSet> rules_;
};

TEST_F(Shipped, MatchTheirExamplesAndNothingElse) {
    const auto examples = load_examples(directory());
    ASSERT_TRUE(examples.ok()) << examples.error().to_string();
    EXPECT_GE(examples->signatures.size(), 120u);
    EXPECT_GE(examples->benign.size(), 40u);
    const auto report = check_examples(rules_, *examples, no_captures);
    ASSERT_TRUE(report.ok());
    EXPECT_GE(report->examples, 500u);
    EXPECT_THAT(texts(report->failures), testing::IsEmpty());
    EXPECT_THAT(texts(report->warnings), testing::IsEmpty());
}

TEST_F(Shipped, HaveNothingToWarnOf) {
    const auto warnings = lint(directory());
    ASSERT_TRUE(warnings.ok()) << warnings.error().to_string();
    EXPECT_THAT(texts(*warnings), testing::IsEmpty());
}

TEST_F(Shipped, StandInTheFileOfTheirExamplesAndNameTheirThreat) {
    const auto examples = load_examples(directory());
    ASSERT_TRUE(examples.ok());
    for (const SignatureExamples& of : examples->signatures) {
        const auto rules = rules_->rules();
        const auto rule = std::find_if(rules.begin(), rules.end(),
                                       [&](const Rule& one) { return one.sid == of.sid; });
        ASSERT_NE(rule, rules.end()) << of.sid;
        EXPECT_EQ(fs::path(rule->file).stem(), fs::path(of.file).stem().stem()) << of.sid;
        EXPECT_FALSE(rule->threat.empty()) << of.sid;
    }
}

constexpr std::string_view kRule =
    "alert tds any any -> any any (msg:\"m\"; tds.sql; content:\"exec evil\"; sid:7;)\n";

class Written : public testing::Test {
  protected:
    void write(const std::string& name, std::string_view text) {
        std::ofstream(folder_.path() / name) << text;
    }
    ExampleReport check(std::string_view examples, std::string_view benign = "") {
        write("a.rules", kRule);
        write("a.examples.yaml", examples);
        write("benign.yaml", benign);
        auto rules = RuleSet::load(folder_.path());
        EXPECT_TRUE(rules.ok());
        auto read = load_examples(folder_.path());
        EXPECT_TRUE(read.ok()) << read.error().to_string();
        auto report = check_examples(*rules, *read, no_captures);
        EXPECT_TRUE(report.ok());
        return *report;
    }
    std::string in(std::string_view name) const { return (folder_.path() / name).string(); }

    test::TemporaryDirectory folder_;
};

TEST_F(Written, EachFailureNamesItsExample) {
    const ExampleReport report = check(
        "7:\n  must: [EXEC evil, exec good]\n  must_not: [select 1, exec evil 'x']\n"
        "9:\n  must: [x]\n",
        "- select 1\n- exec evil\n");
    EXPECT_EQ(report.examples, 6u);
    EXPECT_THAT(texts(report.failures),
                testing::ElementsAre(
                    in("a.examples.yaml") + ":2:21: sid 7 does not match, but must: exec good",
                    in("a.examples.yaml") + ":3:24: sid 7 matches, but must not: exec evil 'x'",
                    in("a.examples.yaml") + ":4:1: there is no signature 9, but examples of it",
                    in("benign.yaml") + ":2:3: sid 7 matches what is benign: exec evil"));
    EXPECT_TRUE(report.warnings.empty());
}

TEST_F(Written, BuffersBytesAndCaptures) {
    const ExampleReport report = check(
        "7:\n  must:\n  - tds.sql: exec evil\n  - tds.sql: {hex: \"65 78 65 63 20 65 76 69 6c\"}\n"
        "  must_not:\n  - {tds.sql: exec, tds.param: evil}\n  - capture: some.pcap\n");
    EXPECT_THAT(texts(report.failures),
                testing::ElementsAre(in("a.examples.yaml") + ":7:5: " + in("some.pcap") +
                                     ": no captures here"));
}

TEST_F(Written, TooFewExamplesAreAWarning) {
    const ExampleReport report = check("");
    EXPECT_THAT(texts(report.warnings),
                testing::ElementsAre(in("a.rules") +
                                     ":1: sid 7 has 0 examples that must match and 0 that must "
                                     "not (two of each show what it means)"));
}

TEST_F(Written, WhatMatchesItsOwnTextAsDataIsAWarning) {
    write("a.rules",
          "alert tds any any -> any any (msg:\"m\"; tds.sql; content:\"evil\"; nocase; sid:7;)\n");
    write("a.examples.yaml", "7:\n  must: [exec evil, evil]\n  must_not: [a, b]\n");
    auto rules = RuleSet::load(folder_.path());
    ASSERT_TRUE(rules.ok());
    const auto report = check_examples(*rules, *load_examples(folder_.path()), no_captures);
    EXPECT_EQ(report->warnings.size(), 2u);
    EXPECT_THAT(report->warnings.at(0).to_string(), testing::HasSubstr("where it is data"));
}

struct BadFile {
    const char* text;
    const char* error;
};
class BadExamples : public Written, public testing::WithParamInterface<BadFile> {};

TEST_P(BadExamples, SayWhereAndWhatInstead) {
    write("a.examples.yaml", GetParam().text);
    const auto read = load_examples(folder_.path());
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().to_string(), in("a.examples.yaml") + GetParam().error);
}

const BadFile kBad[] = {
    {"- a", ":1:1: examples must be a mapping of sids (write '9100101:' and below it 'must:')"},
    {"x: {}", ":1:1: 'x' is not a sid (write the number of a signature)"},
    {"7: a", ":1:1: a sid needs examples (write 'must:' and 'must_not:' below it)"},
    {"7: {mustt: [a]}", ":1:5: 'mustt' is not known here (write must or must_not)"},
    {"7: {must: a}", ":1:11: examples must be a list (write '- ' before each)"},
    {"7: {must: [{tds.sqll: a}]}",
     ":1:13: there is no buffer 'tds.sqll' (see signatures/README.md, or write capture)"},
    {"7: {must: [{tds.sql: [a]}]}",
     ":1:22: a buffer's value is a text (or bytes: {hex: \"3141\"})"},
    {"7: {must: [{payload: {hex: \"4x\"}}]}", ":1:22: not hexadecimal bytes (two digits each)"},
    {"7: {must: [{payload: {hex: \"4\"}}]}", ":1:22: not hexadecimal bytes (two digits each)"},
    {"7: [", ":1:1: end of sequence flow not found"},
};
INSTANTIATE_TEST_SUITE_P(Examples, BadExamples, testing::ValuesIn(kBad));

}  // namespace
}  // namespace querytap::signature
