// dsize, bsize, isdataat, byte_test, flags: what public rules ask of a payload beside contents.
#include <random>

#include "harness.h"

namespace querytap::signature {
namespace {

using test::Bench;
using test::rule;
using namespace std::string_literals;

struct Case {
    std::string_view name;
    std::string options;
    std::vector<std::string> match;
    std::vector<std::string> no_match;
};

class PayloadKeywords : public testing::TestWithParam<Case> {};

/// In one piece, and in pieces of every size.
TEST_P(PayloadKeywords, MatchWhatTheySay) {
    Bench bench(rule(GetParam().options));
    ASSERT_TRUE(bench);
    const auto expect = [&](const std::string& text, std::size_t hits) {
        EXPECT_EQ(bench.run({{Buffer::kPayload, text}}).sids.size(), hits) << text;
        for (std::size_t size = 1; size < text.size(); ++size) {
            std::vector<std::size_t> cuts;
            for (std::size_t at = size; at < text.size(); at += size)
                cuts.push_back(at);
            EXPECT_EQ(bench.run_cut(Buffer::kPayload, text, cuts).sids.size(), hits)
                << text << " by " << size;
        }
    };
    for (const std::string& text : GetParam().match)
        expect(text, 1);
    for (const std::string& text : GetParam().no_match)
        expect(text, 0);
}

const Case kCases[] = {
    {"Dsize", "content:\"a\"; dsize:3;", {"abc"}, {"ab", "abcd"}},
    {"DsizeMore", "content:\"a\"; dsize:>3;", {"abcd"}, {"abc"}},
    {"DsizeLess", "content:\"a\"; dsize:<3;", {"ab"}, {"abc"}},
    {"DsizeBetween", "content:\"a\"; dsize:2<>5;", {"abc", "abcd"}, {"ab", "abcde"}},
    {"DsizeNegated", "content:!\"a\"; dsize:2;", {"bb"}, {"ab", "bbb"}},
    {"IsDataAt", "content:\"a\"; isdataat:3;", {"abcd"}, {"abc"}},
    {"IsNotDataAt", "content:\"a\"; isdataat:!3;", {"abc"}, {"abcd"}},
    {"NothingFollows", "content:\"ab\"; isdataat:!1,relative;", {"ab", "xab"}, {"abc"}},
    {"ThisByteDoesNotFollow", "content:\"ab\"; content:!\"x\"; within:1;", {"ab", "abc"}, {"abx"}},
    {"IsDataAtRelative", "content:\"ab\"; isdataat:2,relative;", {"abcd", "xabcd"}, {"abc", "ab"}},
    {"IsNotDataAtRelative",
     "content:\"ab\"; isdataat:!2,relative;",
     {"ab", "abc", "xab"},
     {"abcd"}},
    {"IsDataAtThenContent",
     "content:\"ab\"; isdataat:3,relative; content:\"x\"; distance:3;",
     {"abcccx", "abccccx"},
     {"abccx", "abccc"}},
    {"NoByteWithin",
     "content:\"ab\"; content:!\"|0A|\"; within:3;",
     {"abccc\n", "abc", "ab"},
     {"ab\n", "abcc\n", "abc\n"}},
    {"NoLetterWithin",
     "content:\"ab\"; content:!\"x\"; nocase; within:2;",
     {"abccx", "abcc"},
     {"abx", "abcX"}},
    {"Overflow",
     "content:\"USER \"; nocase; isdataat:4,relative; content:!\"|0A|\"; within:4;",
     {"USER aaaa", "user aaaaa\n"},
     {"USER aaa", "USER aa\na"}},
    {"OverflowLonger",
     "content:\"U\"; isdataat:2,relative; content:!\"|0A|\"; within:4;",
     {"Uaa", "Uaaaa\n"},
     {"Ua", "Uaaa\n"}},
    {"ModifierBehindIsDataAt", "content:\"ab\"; isdataat:1,relative; nocase;", {"ABc"}, {"AB"}},
    {"ByteTest", "content:\"a\"; byte_test:2,>,512,1;", {"a\x02\x01"s, "a\x03\0"s}, {"a\x02\0"s}},
    {"ByteTestRelative",
     "content:\"ab\"; byte_test:1,<,5,1,relative;",
     {"abx\x04"s, "xabx\0"s},
     {"abx\x05"s, "ab\x01"s, "ab"}},
    {"ByteTestLittle",
     "content:\"a\"; byte_test:2,=,0x0102,0,relative,little;",
     {"a\x02\x01"s},
     {"a\x01\x02"s}},
    {"ByteTestBits",
     "content:\"a\"; byte_test:1,&,0x81,0,relative;",
     {"a\x80"s, "a\x01"s},
     {"a\x02"s}},
    {"ByteTestNoBits", "content:\"a\"; byte_test:1,!&,0x81,0,relative;", {"a\x02"s}, {"a\x83"s}},
    {"ByteTestThenIsDataAt",
     "content:\"a\"; byte_test:1,>,1,0,relative; isdataat:3,relative;",
     {"a\x02xx"s},
     {"a\x02x"s, "a\x01xx"s}},
    {"ByteTestBetweenContents",
     "content:\"a\"; depth:1; byte_test:2,>,512,1; content:\"b\"; distance:2;",
     {"a\x03\x03"s
      "b",
      "a\x03\x03xxb"s},
     {"a\x03"s
      "b",
      "a\x01\x03"s
      "b"}},
    // The form of a well-known rule for SQL Server's browser.
    {"ProbeResponse",
     "content:\"|05|\"; depth:1; byte_test:2,>,12,1; content:\"|3B|\"; distance:0; "
     "isdataat:5,relative; content:!\"|3B|\"; within:5;",
     {"\x05\0\x10name;aaaaaa"s},
     {"\x05\0\x01name;aaaaaa"s, "\x05\0\x10name;aaaa"s, "\x05\0\x10;aa;aa;aa"s}},
    {"FlagsAck", "content:\"a\"; flags:A+;", {"a"}, {"b"}},
    {"FlagsPushAck", "content:\"a\"; flags:PA; flow:no_stream;", {"a"}, {"b"}},
    {"FlagsLegacy", "content:\"a\"; flags:A,12;", {"a"}, {"b"}},
};
INSTANTIATE_TEST_SUITE_P(Cases, PayloadKeywords, testing::ValuesIn(kCases),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Bsize, IsOfTheBufferBeforeIt) {
    Bench bench(rule("tds.login.app; content:\"sql\"; bsize:>4;"));
    EXPECT_EQ(bench.run({{Buffer::kTdsLoginApp, "mysql"}}).sids.size(), 1u);
    EXPECT_EQ(bench.run({{Buffer::kTdsLoginApp, "sqls"}, {Buffer::kPayload, "12345"}}).sids.size(),
              0u);
}

/// What byte_test means, computed.
bool passes(std::string_view op, std::uint64_t number, std::uint64_t value) {
    const bool negated = op.starts_with('!');
    if (negated) op.remove_prefix(1);
    const bool holds = op == "<"    ? number < value
                       : op == ">"  ? number > value
                       : op == "<=" ? number <= value
                       : op == ">=" ? number >= value
                       : op == "="  ? number == value
                                    : (number & value) != 0;
    return holds != negated;
}

TEST(ByteTest, ExpressionsAgreeWithArithmetic) {
    std::mt19937_64 random(7);
    const std::vector<std::string> ops{"<",  ">",  "<=", ">=", "=",   "&",
                                       "!<", "!>", "!=", "!&", "!<=", "!>="};
    int tested = 0;
    for (int round = 0; round < 120; ++round) {
        const unsigned size = std::array{1u, 2u, 3u, 4u}[random() % 4];
        const bool little = random() % 2 == 0;
        const std::string& op = ops[random() % ops.size()];
        std::uint64_t value = 0;  // few different bytes, so that borders are hit
        for (unsigned i = 0; i < size; ++i)
            value = value << 8 | std::array<std::uint64_t, 4>{0, 1, 128, 255}[random() % 4];
        const auto set = RuleSet::parse(
            rule("content:\"k\"; depth:1; byte_test:" + std::to_string(size) + "," + op + "," +
                 std::to_string(value) + ",1" + (little ? ",little" : "") + ";"),
            "a.rules");
        if (!set.ok()) {  // the one reason: no number passes, or each does
            EXPECT_NE(set.error().message.find("always has the same answer"), std::string::npos);
            continue;
        }
        Bench bench(set.value(), {16, 16});
        for (int k = 0; k < 40; ++k, ++tested) {
            std::string bytes = "k";
            for (unsigned i = 0; i < size; ++i)
                bytes +=
                    std::array{'\0', '\1', '\x7f', '\x80', '\x81', '\xfe', '\xff'}[random() % 7];
            std::uint64_t number = 0;
            for (unsigned i = 0; i < size; ++i) {
                const auto byte = static_cast<unsigned char>(bytes[little ? size - i : 1 + i]);
                number = number << 8 | byte;
            }
            EXPECT_EQ(bench.run({{Buffer::kPayload, bytes}}).sids.size(),
                      passes(op, number, value) ? 1u : 0u)
                << size << op << value << (little ? " little " : " big ") << number;
        }
    }
    EXPECT_GT(tested, 2000);
}

}  // namespace
}  // namespace querytap::signature
