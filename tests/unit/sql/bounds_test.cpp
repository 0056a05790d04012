// Limits: work stays linear in hostile input, memory is fixed, and what a bound leaves out is
// counted.
#include <gtest/gtest.h>

#include "../base/counting_new.h"
#include "collector.h"

namespace querytap::sql::test {
namespace {

std::string repeat(std::string_view piece, std::size_t size) {
    std::string text;
    while (text.size() < size)
        text += piece;
    text.resize(size);
    return text;
}

struct Hostile {
    const char* name;
    std::string head;
    std::string piece;
};

const std::vector<Hostile>& hostile_inputs() {
    static const std::vector<Hostile> inputs{
        {"open comments", "", "/*"},
        {"comment stars", "/*", "*"},
        {"comment slashes", "/*", "/"},
        {"dashes", "", "- "},
        {"quotes", "", "'"},
        {"two quotes", "'", "''"},
        {"double quotes", "", "\""},
        {"held names", "", "\"abc "},
        {"brackets", "[", "]]"},
        {"blank names", "[a", " "},
        {"backslashes", "'", "\\"},
        {"one word", "", "a"},
        {"one number", "", "1"},
        {"one binary", "0x", "4d"},
        {"concatenation", "select 'a'", "+'a'"},
        {"broken concatenation", "select 'a'", "+'a'+x"},
        {"empty literals", "''", "+''"},
        {"open functions", "", "concat("},
        {"open functions with values", "", "concat('a',"},
        {"open parentheses", "'a'+", "("},
        {"nested reverse", "", "reverse('abc'+reverse("},
        {"replace that grows", "", "select replace('aaaaaaaaaaaaaaaa','a','bbbbbbbbbbbbbbbb')"},
        {"replace in replace", "", "replace(replace('aaaaaaaa','a','aa'),'a','aa')+"},
        {"char chain", "", "char(65)+"},
        {"casts", "", "cast(0x4142 as varchar(9))+"},
        {"variables that double", "declare @v varchar(9)='abcdefgh' ", "set @v=@v+@v "},
        {"variables that are copied", "declare @v varchar(9)='abcdefgh',@w varchar(9) ",
         "set @v=@v+@v set @w=@v+@v "},
        {"executions", "declare @v varchar(9)='select 1' ", "exec(@v)"},
        {"nested executions", "", "exec('exec(''exec(''''select 1'''')'')')"},
        {"mirrored arguments", "declare @v varchar(9)='p' exec @v ", "'a',"},
        {"declarations", "declare @a int", ",@b varchar(9)='x'"},
        {"functions in values", "set @v=", "f(("},
        {"squeezed values", "exec('", "select/* */1  "},
        {"values that cannot be squeezed", "exec('", "select 1;"},
        {"variables in functions", "declare @v varchar(999)='" + repeat("ab", 900) + "' ",
         "set @w=reverse(@v) "},
        {"sums of characters", "", "char(1+1*2-1)+"},
        {"long sums", "select ''+char(1", "+1*1"},
        {"replicate", "", "replicate('ab',9)+"},
        {"collations", "'a'", " collate x+'b'"},
        {"skipped arguments", "exec sp_prepexec ", "@a,"},
        {"parameters", "exec sp_executesql N'exec(@p)'", ",N'select 1'"},
        {"blanks", "a", " "},
        {"wide blanks", "a", "\xe2\x80\x83"},
    };
    return inputs;
}

TEST(Bounds, WorkIsLinear) {
    for (const Hostile& input : hostile_inputs()) {
        std::vector<std::uint64_t> steps;
        for (const std::size_t size : {50000u, 100000u, 200000u}) {
            const std::string text = input.head + repeat(input.piece, size);
            steps.push_back(run(text, Encoding::kSingleByte).steps);
            // A step is a transition or a byte moved; evaluated twice or copied out of a variable
            // it counts again.
            EXPECT_LE(steps.back(), 16 * text.size() + 200000) << input.name;
        }
        EXPECT_LE(steps[1], 2 * steps[0] + 100000) << input.name;
        EXPECT_LE(steps[2], 2 * steps[1] + 100000) << input.name;
    }
}

TEST(Bounds, NothingIsAllocatedAfterTheStart) {
    struct Count final : Views {
        void on_raw(std::string_view text) override { bytes += text.size(); }
        void on_normalised(std::string_view text) override { bytes += text.size(); }
        void on_literal(std::string_view text) override { bytes += text.size(); }
        void on_dynamic(int, std::string_view text) override { bytes += text.size(); }
        std::size_t bytes = 0;
    };
    Scratch scratch;
    Count views;
    auto normaliser = std::make_unique<Normaliser>();
    std::string text;
    for (const Hostile& input : hostile_inputs())
        text += input.head + repeat(input.piece, 999);
    const std::string wide = encode(text, Encoding::kUtf16le);
    const std::size_t before = querytap::test::allocations();
    for (int round = 0; round < 3; ++round) {
        normaliser->begin(Encoding::kUtf16le);
        normaliser->feed(as_bytes(wide), scratch, views);
        normaliser->end(scratch, views);
    }
    EXPECT_EQ(querytap::test::allocations(), before);
    EXPECT_GT(views.bytes, text.size());
}

TEST(Bounds, StateFitsManyOpenMessages) {
    EXPECT_LE(sizeof(Normaliser), 16u * 1024);
}

TEST(Bounds, LongConcatenationIsFoldedAsFarAsTheBuffer) {
    const std::string half = repeat("x", 3000);
    const Collected views = run("select '" + half + "'+'" + half + "'+'y'", Encoding::kSingleByte);
    const std::string upper = repeat("X", 3000);
    EXPECT_EQ(views.normalised, "select'" + upper + upper + "'+'Y'");
    EXPECT_EQ(views.limits_hit, 1u);
}

TEST(Bounds, LongDynamicTextLosesBlanksAndComments) {
    const std::string_view pads[]{"/* x */",  "          ", "-- abc\n",
                                  "/*/**/*/", "\t\r\n",     "/****/"};
    for (const std::string_view pad : pads) {
        for (const std::size_t size : {3000u, 4090u, 4096u, 4097u, 9000u, 60001u}) {
            std::string text = "select 1 " + repeat(pad, size / pad.size() * pad.size());
            text += " exec xp_cmdshell";
            const Collected views = run("exec('" + text + "')", Encoding::kSingleByte);
            EXPECT_EQ(views.dynamic[0], "select 1 exec xp_cmdshell") << pad << size;
            const Collected assigned =
                run("declare @q varchar(max)='" + text + "' exec(@q)", Encoding::kSingleByte);
            EXPECT_EQ(assigned.dynamic[0], "select 1 exec xp_cmdshell") << pad << size;
        }
    }
}

TEST(Bounds, LongDynamicTextIsCut) {
    const Collected views =
        run("exec('" + repeat("select 1;", 9000) + " exec xp_cmdshell')", Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[0].find("xp_cmdshell"), std::string::npos);
    EXPECT_GE(views.limits_hit, 1u);
    EXPECT_EQ(run("exec('" + repeat("\xe9", 9000) + "')", Encoding::kSingleByte).dynamic[0].size(),
              4096u);
}

TEST(Bounds, WhereALongTextIsCutDoesNotDependOnItsPieces) {
    // Blanks that go make some room, but not enough to go on.
    const std::string text =
        "exec('" + repeat("a\xc3\xa9  ", 4100) + repeat("\xe2\x82\xac", 600) + "'+'b')";
    const Collected whole = run(text, Encoding::kSingleByte);
    EXPECT_GE(whole.limits_hit, 1u);
    for (std::size_t at = 4080; at < 4120; ++at) {
        ASSERT_EQ(run(text, Encoding::kSingleByte, {at, at + 7}), whole) << at;
    }
}

TEST(Bounds, DigitsBehindALongTextAreReadWhenItsBlanksHaveGone) {
    for (const std::size_t blanks : {0u, 3000u, 3500u, 4060u, 4070u, 4080u, 9000u}) {
        const std::string text = "exec('select 1" + std::string(blanks, ' ') + " exec xp_'+0x" +
                                 repeat("636d647368656c6c2d2d", 600) + ")";
        const Collected views = run(text, Encoding::kSingleByte);
        EXPECT_EQ(views.dynamic[0], "select 1 exec xp_cmdshell") << blanks;
    }
    // What opens in the text and closes in the digits is none of the text's blanks.
    const Collected views = run("exec('/*" + std::string(4080, ' ') + "'+0x" +
                                    repeat("2a2f657865632078705f636d647368656c6c", 36) + ")",
                                Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[0], "exec xp_cmdshell");
}

TEST(Bounds, MoreDynamicTextsThanViewsShareTheLast) {
    const Collected views =
        run("exec('a')exec('b')exec('c')exec('d')exec('e')exec('f')", Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[3], "d\ne\nf");
    EXPECT_EQ(views.limits_hit, 0u);
}

TEST(Bounds, DeeperThanTheLastLevelIsCounted) {
    std::string text = "select 1";
    for (int level = 0; level < 5; ++level) {
        std::string quoted = "exec('";
        for (const char c : text)
            quoted += c == '\'' ? "''" : std::string(1, c);
        text = quoted + "')";
    }
    const Collected views = run(text, Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[3], "exec('SELECT 1')");
    EXPECT_EQ(views.limits_hit, 1u);
}

TEST(Bounds, TheOldestVariableGivesWay) {
    std::string text = "declare @a0 varchar(9)='x'";
    for (int i = 1; i < 40; ++i)
        text += ",@a" + std::to_string(i) + " varchar(9)='x" + std::to_string(i) + "'";
    const Collected views = run(text + " exec(@a0) exec(@a20) exec(@a39)", Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[0], "x20");
    EXPECT_EQ(views.dynamic[1], "x39");
    EXPECT_EQ(views.limits_hit, 8u);
    EXPECT_TRUE(views.executed.contains(ExecutedNames::hash("@A0")));
    EXPECT_FALSE(views.executed.contains(ExecutedNames::hash("@a20")));
}

TEST(Bounds, OldVariablesGiveWayToANewValue) {
    const std::string text = "declare @a varchar(max)='" + repeat("a", 4000) +
                             "',@b varchar(max)='" + repeat("b", 4000) + "',@q varchar(max)='" +
                             repeat("select 1;", 900) + "' exec(@q)";
    const Collected views = run(text, Encoding::kSingleByte);
    EXPECT_EQ(views.dynamic[0].substr(0, 9), "select 1;");
    EXPECT_GE(views.limits_hit, 1u);
}

/// A name of 128 characters may have more bytes than a word that is held.
TEST(Bounds, LongNamesEndNoValueButTheirOwn) {
    const std::string name = repeat("\u0436", 2 * 128);
    const std::string given = "declare @q varchar(99)='select 1' ";
    const std::pair<std::string, std::string> kRows[] = {
        {given + "exec " + name + " exec(@q)", "select 1"},
        {given + "l set " + name + " exec(@q)", "select 1"},
        {given + "use " + name + " exec(@q)", "select 1"},
        {"declare @q varchar(99) set @q='select 1' " + name + " exec(@q)", "select 1"},
        {"declare @q varchar(99)='sp' exec @q " + name, "exec sp"},
        {given + "set @q=" + name + " exec(@q)", ""},
    };
    for (const auto& [sql, dynamic] : kRows) {
        const std::string bytes = encode(sql, Encoding::kUtf16le);
        EXPECT_EQ(run(bytes, Encoding::kUtf16le).dynamic[0], dynamic) << sql;
        std::vector<std::size_t> cuts;
        for (std::size_t at = 2; at < bytes.size(); at += 2)
            cuts.push_back(at);
        EXPECT_EQ(run(bytes, Encoding::kUtf16le, cuts).dynamic[0], dynamic) << sql;
    }
}

TEST(Bounds, OrdinaryTextHitsNone) {
    EXPECT_EQ(
        run("select * from t where a in ('x','y') and b='it''s'+char(65)", Encoding::kSingleByte)
            .limits_hit,
        0u);
}

}  // namespace
}  // namespace querytap::sql::test
