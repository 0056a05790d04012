// Random token soup: the streaming lexer against the slow reference, and against itself when cut.
#include <random>

#include <gtest/gtest.h>

#include "collector.h"
#include "reference.h"

namespace querytap::sql::test {
namespace {

using Pieces = std::vector<std::string>;

const Pieces kPlain{
    "select ",
    "SELECT",
    "from",
    " ",
    "  ",
    "\t",
    "\r\n",
    "\n",
    "\\",
    "\\\n",
    "\\\r\n",
    "\r",
    "dbo",
    ".",
    "xp_cmdshell",
    "ABCdefGHIjklMNOpqrSTUvwxyz0123456789_@#$",
    "'",
    "''",
    "'abc'",
    "'it''s'",
    "N'",
    "n",
    "N",
    "\"",
    "\"name\"",
    "\"a b\"",
    "[",
    "]",
    "[a b]",
    "[name  ]",
    "]]",
    "--",
    "-",
    "/*",
    "*/",
    "/",
    "*",
    "/**/",
    "+",
    "'a'+'b'",
    " + ",
    ",",
    "(",
    ")",
    "=",
    ";",
    "<>",
    "0x",
    "0X4d5A",
    "0",
    "1",
    "12",
    "1.5e-3",
    "1e",
    "e",
    "x",
    "@v",
    "@@rowcount",
    "#t",
    "$1",
    "\x01",
    "\x1f",
    "\x7f",
    "\xc2\xa0",
    "\xe2\x80\x83",
    "\xe2\x80\x8b",
    "\xef\xbb\xbf",
    "\xc2\x85",
    "\xc3\xa9",
    "\xe6\x97\xa5",
    "\xf0\x9f\x98\x80",
    "\xef\xbd\x81",
    "\xef\xbc\x91",
    "\xef\xbc\x87",
    "\xef\xbc\x8d",
    "where name like '%x%' and id in (1,2,3) order by name",
    "insert into t(a,b) values (",
    "a very long piece of ordinary code with many words in it ",
    "                                                                                  ",
    "'a literal that is longer than a vector register is wide, so that its loops turn around'",
};

// What folding and dynamic SQL look for; the reference does not know it.
const Pieces kActive{
    "exec",
    "exec(",
    "EXECUTE ",
    "declare @v varchar(9)=",
    "set @v=",
    "set @v+=",
    "select @v=",
    "@v",
    "exec(@v)",
    "exec @v ",
    "sp_executesql ",
    "openquery(s,",
    "char(65)",
    "nchar(8364)",
    "char(",
    "concat(",
    "reverse(",
    "replace(",
    "cast(",
    "convert(varchar,",
    " as varchar(9))",
    "'a'",
    "'exec(''select 1'')'",
    "+",
    ")",
    ",",
    "(",
    "0x41",
    "0x410042",
    ";",
    "max",
    "nvarchar",
};

std::string soup(std::mt19937& random, bool active) {
    std::string text;
    const std::size_t count = random() % 40;
    for (std::size_t i = 0; i < count; ++i) {
        const Pieces& pieces = active && random() % 2 != 0 ? kActive : kPlain;
        text += pieces[random() % pieces.size()];
    }
    return text;
}

std::vector<std::size_t> random_cuts(std::mt19937& random, std::size_t size) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; random() % 6 != 0;) {
        at += random() % (size / 3 + 2);
        if (at > size) break;
        cuts.push_back(at);
    }
    return cuts;
}

TEST(Soup, AgreesWithReference) {
    std::mt19937 random(1);
    for (int round = 0; round < 30000; ++round) {
        const std::string text = soup(random, false);
        const Reference expected = reference(text);
        const std::string bytes = encode(text, Encoding::kUtf16le);
        const Collected views = run(bytes, Encoding::kUtf16le, random_cuts(random, bytes.size()));
        ASSERT_EQ(views.raw, text);
        ASSERT_EQ(views.normalised, expected.normalised) << text;
        ASSERT_EQ(views.literals, expected.literals) << text;
    }
}

TEST(Soup, CutsDoNotMatter) {
    std::mt19937 random(2);
    for (int round = 0; round < 30000; ++round) {
        const std::string bytes = encode(soup(random, true), Encoding::kUtf16le);
        const Collected whole = run(bytes, Encoding::kUtf16le);
        ASSERT_EQ(run(bytes, Encoding::kUtf16le, random_cuts(random, bytes.size())), whole)
            << whole.raw;
    }
}

TEST(Soup, LongTextsAreCutAnywhere) {
    std::mt19937 random(3);
    for (int round = 0; round < 40; ++round) {
        std::string text;
        while (text.size() < 60000)
            text += soup(random, random() % 2 != 0);
        const std::string bytes = encode(text, Encoding::kUtf16le);
        const Collected whole = run(bytes, Encoding::kUtf16le);
        ASSERT_EQ(run(bytes, Encoding::kUtf16le, random_cuts(random, bytes.size())), whole);
    }
}

}  // namespace
}  // namespace querytap::sql::test
