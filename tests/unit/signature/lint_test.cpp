#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <querytap/signature/lint.h>

#include "../../support/temporary_directory.h"

namespace querytap::signature {
namespace {

constexpr std::string_view kMetadata =
    "classtype:execution; reference:url,x.test; "
    "metadata:mitre_technique_id T1059, confidence low, false_positive none known; ";

std::vector<std::string> warnings_of(const std::vector<std::string>& options,
                                     std::string_view metadata = kMetadata) {
    const test::TemporaryDirectory folder;
    {
        std::ofstream out(folder.path() / "a.rules");
        for (std::size_t i = 0; i < options.size(); ++i) {
            out << "alert tds any any -> any any (msg:\"m\"; " << options[i] << " " << metadata
                << "sid:" << i + 1 << ";)\n";
        }
    }
    const auto warnings = lint(folder.path());
    EXPECT_TRUE(warnings.ok()) << warnings.error().to_string();
    std::vector<std::string> texts;
    for (const Error& warning : *warnings)
        texts.push_back(std::to_string(warning.line) + ": " + warning.message);
    return texts;
}

TEST(Lint, IsSilentWhereAllIsWell) {
    EXPECT_THAT(
        warnings_of({"tds.sql; content:\"exec evil\";", "tds.sql; content:\"'EVIL'\";",
                     "tds.sql; content:\"Evil one\"; nocase;", "tds.proc; content:\"sp_evil\";",
                     "tds.param; content:\"Evil\";", "tds.param; pcre:\"/e.lol/\";"}),
        testing::IsEmpty());
}

TEST(Lint, SpellingsThatTheBufferNeverHas) {
    EXPECT_THAT(warnings_of({"tds.sql; content:\"exec Evil\";", "tds.proc; content:\"SP_EVIL\";",
                             "tds.sql; content:!\"Evil\"; content:\"exec evil\";"}),
                testing::ElementsAre("1: sid 1: this content can never match",
                                     "2: sid 2: this content can never match",
                                     "3: sid 3: this content can never match"));
}

TEST(Lint, ContentsThatStandEverywhere) {
    EXPECT_THAT(
        warnings_of({"tds.sql; content:\"abc\"; content:\"ab\";",
                     "tds.sql; content:\"abc\"; pcre:\"/x+yyy/\";", "tds.sql; content:!\"abcdef\";",
                     "flow:to_server;"}),
        testing::ElementsAre("1: sid 1: its longest content has 3 bytes, which stand everywhere",
                             "3: sid 3: its longest content has 0 bytes, which stand everywhere"));
}

TEST(Lint, TheSameConditionsTwice) {
    EXPECT_THAT(warnings_of({"tds.sql; content:\"one1\"; content:\"two2\";",
                             "tds.sql; content:\"two2\"; content:\"one1\";",
                             "flow:to_client; tds.sql; content:\"two2\"; content:\"one1\";",
                             "tds.param; content:\"two2\"; content:\"one1\";"}),
                testing::ElementsAre("2: sid 2: asks for the same contents as sid 1"));
}

TEST(Lint, PatternsWithoutText) {
    EXPECT_THAT(
        warnings_of(
            {"tds.result; pcre:\"/[a-m].{900}[a-m]xy?/\";", "tds.result; pcre:\"/\\d+ab\\bc[x]/\";",
             "tds.result; pcre:\"/a(bc|de)f?\\w\\./\";", "tds.result; pcre:\"/^\\x5b\\.\\./\";"}),
        testing::ElementsAre(
            "1: sid 1: this pattern has no text to look for: it is tried on every byte",
            "3: sid 3: this pattern has no text to look for: it is tried on every byte"));
}

TEST(Lint, WhatAnAnalystMisses) {
    EXPECT_THAT(warnings_of({"tds.sql; content:\"evil\";"}, ""),
                testing::ElementsAre("1: sid 1: without classtype, reference, metadata "
                                     "mitre_technique_id, metadata confidence, metadata "
                                     "false_positive"));
}

TEST(Lint, FailsWhereTheRulesDo) {
    const test::TemporaryDirectory folder;
    std::ofstream(folder.path() / "a.rules") << "alert nonsense\n";
    EXPECT_FALSE(lint(folder.path()).ok());
}

}  // namespace
}  // namespace querytap::signature
