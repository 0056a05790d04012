#include <set>

#include <gtest/gtest.h>

#include <querytap/sql/fingerprint.h>

#include "collector.h"

namespace querytap::sql::test {
namespace {

std::uint64_t fingerprint(std::string_view sql, std::size_t piece = 1000) {
    const std::string text = run(sql, Encoding::kSingleByte).normalised;
    Fingerprint shape;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        shape.add(std::string_view(text).substr(at, piece));
    }
    return shape.end();
}

// Each row: texts of one shape. Different rows: different shapes.
const std::vector<std::vector<std::string_view>>& shapes() {
    static const std::vector<std::vector<std::string_view>> rows{
        {"SELECT * FROM t WHERE id = 42", "select*from t where id=7",
         "select * from [T] where ID=-1", "select * from \"t\" where id = 'x'",
         "select * from t -- c\nwhere id = 0x4D5A", "select * from t where id = 1.5e-3",
         "select * from t where id = .5", "select * from t where id = N'it''s, 5'",
         "select * from t where id= -2.5", "select * from t where id=$12.50",
         "select * from t where id = 'a'+'b'", "select * from t where id = @P0",
         "select * from t where id=@__id_0", "SELECT * FROM t WHERE id=@p1 "},
        {"select a from t where id in (1)", "select a from t where id in (1,2,3)",
         "select a from t where id in ('a', 'b')",
         "select a from t where id in (-1, 2.5, 'x', 0x00)",
         "select a from t where id in (@P0,@P1, @P2)", "select a from t where id in (1,@x,'y')"},
        {"select a from t where id in (1,x)", "select a from t where id in (5, 6, x)"},
        {"select a from t where id in (x,1)", "select a from t where id in (x,1,2)"},
        {"insert into t(a,b) values(1,'x')", "insert into t(a,b) values('long text', 2)"},
        {"exec p @a=1", "EXEC p @a = 'y'"},
        {"exec p @b=1", "exec p @b=@x", "exec p @b = @p0"},
        {"select @@rowcount"},
        {"select @x", "select 'a'", "select @a, @b", "select @a,5"},
        {"select @x=1", "select @x = 'y'"},
        {"exec @rc=p @a=5", "exec @rc = p @a=@b"},
        {"select a from t where @x is null", "select a from t where 'x' is null"},
        {"exec p 1", "exec p 'x', 2"},
        {"select top 10 a from t", "select top 100 a from t"},
        {"select top (10) a from t", "select top (1) a from t"},
        {"select a-1", "select a - 25"},
        {"select a-b"},
        {"select a+1"},
        {"select a,-b"},
        {"select a, b"},
        {"select ab"},
        {"select a b"},
        {"select a.b"},
        {"select 1.5 from t", "select 'x' from t", "select 1from t"},
        {"select a.b, 1", "select a.b, 'x', 2.0"},
        {"select f(1)-2", "select f(9) - 3"},
        {""},
        {"-- only a comment?\n,"},
    };
    return rows;
}

TEST(Fingerprint, OneShapeOneNumber) {
    std::set<std::uint64_t> numbers;
    for (const auto& row : shapes()) {
        const std::uint64_t number = fingerprint(row[0]);
        EXPECT_TRUE(numbers.insert(number).second) << row[0];
        for (const std::string_view sql : row)
            EXPECT_EQ(fingerprint(sql), number) << sql;
    }
}

TEST(Fingerprint, CutsDoNotMatter) {
    for (const auto& row : shapes()) {
        for (const std::string_view sql : row) {
            for (std::size_t piece = 1; piece < 8; ++piece) {
                EXPECT_EQ(fingerprint(sql, piece), fingerprint(sql)) << sql;
            }
        }
    }
}

TEST(Fingerprint, LongTextsAreHashedBlockByBlock) {
    for (std::size_t length = 200; length < 280; ++length) {
        const std::string head = "select " + std::string(length, 'a') + ",b from t where c in(";
        const std::uint64_t one = fingerprint(head + "1)");
        EXPECT_EQ(fingerprint(head + "'x',-.5, 2)", 3), one) << length;
        EXPECT_EQ(fingerprint(head + "@p0)"), one) << length;
        EXPECT_NE(fingerprint(head + "1)+1"), one) << length;
        EXPECT_NE(fingerprint(head + "x)"), one) << length;
    }
}

TEST(Fingerprint, BeginStartsAfresh) {
    Fingerprint shape;
    shape.add("select'unfinished");
    shape.begin();
    shape.add("select a");
    EXPECT_EQ(shape.end(), fingerprint("select a"));
}

}  // namespace
}  // namespace querytap::sql::test
