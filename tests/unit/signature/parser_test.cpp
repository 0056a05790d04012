// Rule text that is taken, and every error with its exact place and words.
#include <gtest/gtest.h>

#include <querytap/signature/ruleset.h>

namespace querytap::signature {
namespace {

std::string wrap(std::string_view options) {
    return "alert tds any any -> any any (msg:\"m\"; " + std::string(options) + " sid:1;)";
}

struct Good {
    std::string_view name;
    std::string text;
};

class Accepted : public testing::TestWithParam<Good> {};

TEST_P(Accepted, Loads) {
    const auto rules = RuleSet::parse(GetParam().text, "a.rules");
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    EXPECT_EQ(rules.value()->rules().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Parser, Accepted,
    testing::Values(
        Good{"Shortest", "alert tds any any -> any any (msg:\"m\"; sid:1;)"},
        Good{"Pass", "pass ip any any <> any any (msg:\"m\"; sid:1;)"},
        Good{"Lists",
             "alert tcp [10.0.0.0/8,!10.1.0.0/16] any -> $SQL_SERVERS "
             "[1433,2433:2440,!2435] (msg:\"m\"; sid:1;)"},
        Good{"ListWithBlanks",
             "alert tcp [ 10.0.0.1 , [10.0.0.2,2001:db8::/32] ] 1024: -> any :1433 "
             "(msg:\"m\"; sid:1;)"},
        Good{"AddressRange",
             "alert udp 10.0.0.1-10.0.0.9 any -> ![10.0.0.0/8] !1433 "
             "(msg:\"m\"; sid:1;)"},
        Good{"CommentsAndEmptyLines",
             "# one\n\n   # two\nalert tds any any -> any any (msg:\"m\"; sid:1;)\r\n"},
        Good{"Continued",
             "alert tds any any -> any any (msg:\"m\"; \\\n  tds.sql; \\\n"
             "content:\"x\"; sid:1;)"},
        Good{"EscapesInContent", wrap("content:\"a\\;b\\\"c\\\\d\\:e|3b 22|f\";")},
        Good{"ParenthesisInValue", wrap("content:\"a)b(\";")},
        Good{"AllModifiers",
             wrap("content:\"ab\"; nocase; offset:1; depth:9; content:\"c\"; distance:1; within:4; "
                  "content:\"d\"; startswith; content:\"e\"; endswith; fast_pattern; "
                  "content:!\"f\";")},
        Good{"FastPatternWithValue", wrap("content:\"ab\"; fast_pattern:only;")},
        Good{"Pcre", wrap("pcre:\"/a[b\\/]c/ims\"; content:\"d\"; pcre:\"/^\\s*e/R\";")},
        Good{"NegatedPcre", wrap("content:\"a\"; pcre:!\"/b+/\";")},
        Good{"ExtendedPcre", wrap("pcre:\"/a b # both/x\"; content:\"c\"; distance:0;")},
        Good{"Metadata", wrap("metadata:confidence High, mitre_technique_id T1059.003, "
                              "false_positive many words here; metadata:threat x-y;")},
        Good{"FlowWords", wrap("flow:established,to_server;")},
        Good{"FlowSame", wrap("flow: to_server , from_client,only_stream;")},
        Good{"PcreWithEscapedQuote", wrap("pcre:\"/a\\\"b\\;c/\";")}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Parser, FieldsOfARule) {
    const auto rules = RuleSet::parse(
        "# first line\nalert tds any any -> any any (msg:\"say \\\"x\\\"\\; done\"; sid:7; gid:2; "
        "rev:3; classtype:c2-channel; reference:url,example.com; "
        "metadata:threat t, confidence HIGH; metadata:mitre_technique_id T1105, note a b;)",
        "dir/a.rules");
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    const Rule& rule = rules.value()->rules()[0];
    EXPECT_EQ(rule.sid, 7u);
    EXPECT_EQ(rule.gid, 2u);
    EXPECT_EQ(rule.rev, 3u);
    EXPECT_EQ(rule.priority, 1);
    EXPECT_EQ(rule.message, "say \"x\"; done");
    EXPECT_EQ(rule.classtype, "c2-channel");
    EXPECT_EQ(rule.technique, "T1105");
    EXPECT_EQ(rule.threat, "t");
    EXPECT_EQ(rule.confidence, "high");
    ASSERT_EQ(rule.metadata.size(), 4u);
    EXPECT_EQ(rule.metadata[3].key, "note");
    EXPECT_EQ(rule.metadata[3].value, "a b");
    EXPECT_EQ(rule.references, std::vector<std::string>{"url,example.com"});
    EXPECT_EQ(rule.file, "dir/a.rules");
    EXPECT_EQ(rule.line, 2);
}

TEST(Parser, Defaults) {
    const auto rules = RuleSet::parse(wrap(""), "a.rules");
    ASSERT_TRUE(rules.ok());
    const Rule& rule = rules.value()->rules()[0];
    EXPECT_EQ(rule.priority, 3);
    EXPECT_EQ(rule.confidence, "medium");
    EXPECT_EQ(rule.gid, 1u);
    EXPECT_FALSE(rules.value()->uses(Buffer::kTdsSql));
}

TEST(Parser, PriorityBeatsClasstypeInAnyOrder) {
    for (const char* options :
         {"priority:4; classtype:c2-channel;", "classtype:c2-channel; priority:4;"}) {
        const auto rules = RuleSet::parse(wrap(options), "a.rules");
        ASSERT_TRUE(rules.ok());
        EXPECT_EQ(rules.value()->rules()[0].priority, 4);
    }
}

TEST(Parser, RulesAreSortedBySid) {
    const auto rules = RuleSet::parse(
        "alert tds any any -> any any (msg:\"m\"; sid:9;)\n"
        "alert tds any any -> any any (msg:\"m\"; sid:2;)\n"
        "alert tds any any -> any any (msg:\"m\"; gid:3; sid:2;)\n",
        "a.rules");
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    EXPECT_EQ(rules.value()->rules()[0].sid, 2u);
    EXPECT_EQ(rules.value()->rules()[1].gid, 3u);
    EXPECT_EQ(rules.value()->rules()[2].sid, 9u);
}

TEST(Parser, LenientSkipsAndTells) {
    LoadOptions lenient;
    lenient.lenient = true;
    const auto rules = RuleSet::parse(
        "alert http any any -> any any (msg:\"m\"; sid:1;)\n"
        "alert tds any any -> any any (msg:\"m\"; sid:2;)\n"
        "alert tds any any -> any any (msg:\"m\"; flowint:x,+,1; sid:3;)\n"
        "alert tds any any -> any any (msg:\"m\"; pcre:\"/x*/\"; sid:4;)\n"
        "alert tds any any -> any any (msg:\"m\"; content:\"a\"; sid:2;)\n",
        "a.rules", lenient);
    ASSERT_TRUE(rules.ok()) << rules.error().to_string();
    ASSERT_EQ(rules.value()->rules().size(), 1u);
    EXPECT_EQ(rules.value()->rules()[0].sid, 2u);
    ASSERT_EQ(rules.value()->skipped().size(), 4u);
    EXPECT_EQ(rules.value()->skipped()[0].line, 1);
    EXPECT_EQ(rules.value()->skipped()[1].line, 3);
    EXPECT_EQ(rules.value()->skipped()[2].line, 5);
    EXPECT_EQ(rules.value()->skipped()[3].line, 4);  // refused later, by the compiler
}

TEST(Parser, VariablesComeFromTheOptions) {
    LoadOptions options;
    options.variables = {
        {"SQL_SERVERS", "[10.0.0.0/8,$LAB]"}, {"LAB", "192.0.2.0/24"}, {"P", "1433"}};
    EXPECT_TRUE(
        RuleSet::parse("alert tds !$LAB any -> $SQL_SERVERS $P (msg:\"m\"; sid:1;)", "a", options)
            .ok());
    options.variables["LAB"] = "$LAB";
    EXPECT_EQ(
        RuleSet::parse("alert tds any any -> $SQL_SERVERS any (msg:\"m\"; sid:1;)", "a", options)
            .error()
            .to_string(),
        "a:1:22: lists are nested too deep (write one flat list)");
}

TEST(Parser, DirectoryWithoutRules) {
    const auto missing = RuleSet::load("/nonexistent/signatures");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().to_string(),
              "/nonexistent/signatures: cannot read the signature directory: No such file or "
              "directory (give the directory that holds the *.rules files)");
}

}  // namespace
}  // namespace querytap::signature
