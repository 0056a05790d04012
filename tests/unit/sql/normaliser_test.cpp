#include <gtest/gtest.h>

#include "collector.h"
#include "rows.h"

namespace querytap::sql::test {
namespace {

std::string joined(const Collected& views) {
    std::string text;
    for (const std::string& view : views.dynamic) {
        if (!view.empty()) text += view + '\n';
    }
    return text;
}

bool is_ascii(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
}

void expect(const Row& row, const Collected& views) {
    EXPECT_EQ(views.raw, row.sql);
    EXPECT_EQ(views.normalised, row.normalised) << row.sql;
    EXPECT_EQ(views.literals, row.literals) << row.sql;
    EXPECT_EQ(joined(views), row.dynamic) << row.sql;
}

struct NamedTable {
    const char* name;
    const std::vector<Row>& (*rows)();
};

class Table : public ::testing::TestWithParam<NamedTable> {};

std::string name_of(const ::testing::TestParamInfo<NamedTable>& table) {
    return table.param.name;
}

TEST_P(Table, Utf16) {
    for (const Row& row : GetParam().rows()) {
        expect(row, run(encode(row.sql, Encoding::kUtf16le), Encoding::kUtf16le));
    }
}

TEST_P(Table, SingleBytes) {
    for (const Row& row : GetParam().rows()) {
        if (!is_ascii(row.sql)) continue;
        expect(row, run(row.sql, Encoding::kSingleByte));
    }
}

TEST_P(Table, EveryCut) {
    for (const Row& row : GetParam().rows()) {
        for (const Encoding encoding : {Encoding::kUtf16le, Encoding::kSingleByte}) {
            if (encoding == Encoding::kSingleByte && !is_ascii(row.sql)) continue;
            const std::string bytes = encode(row.sql, encoding);
            const Collected whole = run(bytes, encoding);
            std::vector<std::size_t> all;
            for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
                ASSERT_EQ(run(bytes, encoding, {cut}), whole) << row.sql << " cut at " << cut;
                all.push_back(cut);
            }
            ASSERT_EQ(run(bytes, encoding, all), whole) << row.sql << " byte by byte";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Normaliser, Table,
                         ::testing::Values(NamedTable{"Spelling", spelling_rows},
                                           NamedTable{"Folding", folding_rows},
                                           NamedTable{"Dynamic", dynamic_rows},
                                           NamedTable{"Lookalike", lookalike_rows}),
                         name_of);

TEST(Normaliser, LookalikesExecuteNothing) {
    EXPECT_GE(lookalike_rows().size(), 37u);
    for (const Row& row : lookalike_rows()) {
        EXPECT_EQ(row.dynamic, "") << row.sql;
    }
}

TEST(Normaliser, HighBytesOfSingleByteTextAreLatin1) {
    const Collected views =
        run("select\xa0'Stra\xdf"
            "e' as gr\xf6\xdf"
            "e",
            Encoding::kSingleByte);
    EXPECT_EQ(views.raw,
              "select\xc2\xa0'Stra\xc3\x9f"
              "e' as gr\xc3\xb6\xc3\x9f"
              "e");
    EXPECT_EQ(views.normalised,
              "select'STRA\xc3\x9f"
              "E'as gr\xc3\xb6\xc3\x9f"
              "e");
    EXPECT_EQ(views.literals,
              "Stra\xc3\x9f"
              "e\n");
}

TEST(Normaliser, BeginForgetsTheTextBefore) {
    Scratch scratch;
    Collected first;
    Normaliser normaliser;
    normaliser.begin(Encoding::kSingleByte);
    normaliser.feed(as_bytes("declare @q varchar(9)='select 1' select 'unfinished"), scratch,
                    first);
    Collected second;
    normaliser.begin(Encoding::kSingleByte);
    normaliser.feed(as_bytes("exec(@q)"), scratch, second);
    normaliser.end(scratch, second);
    EXPECT_EQ(second.normalised, "exec(@q)");
    EXPECT_EQ(joined(second), "");
    EXPECT_EQ(normaliser.limits_hit(), 0u);
}

TEST(Normaliser, EmptyText) {
    const Collected views = run("", Encoding::kUtf16le);
    EXPECT_EQ(views, Collected{});
}

}  // namespace
}  // namespace querytap::sql::test
