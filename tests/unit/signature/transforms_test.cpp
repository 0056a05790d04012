// to_lowercase and strip_whitespace, and that the spellings they mean are found.
#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;

struct Transformed {
    std::string options;
    std::vector<std::string> found;
    std::vector<std::string> not_found;
};
class TransformedBuffers : public testing::TestWithParam<Transformed> {};

TEST_P(TransformedBuffers, AreMatched) {
    Bench bench(rule("tds.literal; " + GetParam().options));
    const auto hits = [&](const std::string& text) {
        return bench.run({{Buffer::kTdsLiteral, text}}).sids.size();
    };
    for (const std::string& text : GetParam().found)
        EXPECT_EQ(hits(text), 1u) << text;
    for (const std::string& text : GetParam().not_found)
        EXPECT_EQ(hits(text), 0u) << text;
}

const Transformed kTransformed[] = {
    {"to_lowercase; content:\"whoami\";", {"whoami", "WhoAmI"}, {"who ami"}},
    {"to_lowercase; pcre:\"/net\\x20use|a\\Db/\";", {"NET USE", "A-B"}, {"netuse", "a1b"}},
    {"strip_whitespace; content:\"whoami\";",
     {"whoami", "w h\to\r\nami", " whoami "},
     {"WHOAMI", "who.ami"}},
    {"strip_whitespace; to_lowercase; content:\"a(b\";", {"A ( B", "a(b"}, {"a b"}},
    {"strip_whitespace; content:\"ab\"; startswith;", {"ab", "  a b c"}, {"xab", "x a b"}},
    {"strip_whitespace; content:\"ab\"; endswith;", {"ab", "c a b \n"}, {"abx", "ab x"}},
    {"strip_whitespace; content:\"ab\"; nocase; content:!\"cd\";", {"A b", "ab c"}, {"ab c d"}},
    // Up to the next sticky buffer.
    {"to_lowercase; content:\"ab\"; tds.literal; content:\"CD\";", {"ABCD"}, {"abcd"}},
};
INSTANTIATE_TEST_SUITE_P(All, TransformedBuffers, testing::ValuesIn(kTransformed));

}  // namespace
}  // namespace querytap::signature
