// What kind of statements a normalised text holds, however it is cut.
#include <string>

#include <gtest/gtest.h>

#include <querytap/sql/normaliser.h>
#include <querytap/sql/statement_class.h>

namespace querytap::sql {
namespace {

std::string names(StatementClasses classes) {
    std::string all;
    for (std::size_t i = 0; i < kStatementClassCount; ++i) {
        const auto which = static_cast<StatementClass>(i);
        if (classes.has(which)) all += (all.empty() ? "" : " ") + std::string(name(which));
    }
    return all;
}

struct Collect final : Views {
    void on_normalised(std::string_view piece) override { text += piece; }
    std::string text;
};

struct Row {
    const char* sql;
    const char* classes;
};

constexpr Row kRows[] = {
    {"SELECT name FROM sys.databases", "read"},
    {"select a into #t from b", "read write"},
    {"INSERT INTO t SELECT 1", "read write"},
    {"UPDATE t SET a = 'drop table x'", "write"},
    {"WITH c AS (SELECT 1 a) DELETE FROM c", "read write"},
    {"merge t using s on t.a=s.a when matched then update set a=1;", "write"},
    {"CREATE TABLE t (a int)", "ddl"},
    {"alter table t add b int", "ddl"},
    {"drop procedure p", "ddl"},
    {"CREATE LOGIN x WITH PASSWORD = 'p'", "admin"},
    {"ALTER SERVER ROLE sysadmin ADD MEMBER x", "admin"},
    {"GRANT SELECT, INSERT ON t TO u", "admin"},
    {"BACKUP DATABASE d TO DISK = 'x'", "admin"},
    {"EXEC dbo.get_orders 1", "execution"},
    {"EXEC @r = get_orders", "execution"},
    {"exec master..xp_cmdshell 'whoami'", "admin"},
    {"EXEC sp_configure 'show advanced options', 1; RECONFIGURE", "admin"},
    {"sp_configure 'x'", "admin"},
    {"EXEC sp_executesql N'select 1'", ""},
    {"EXEC('drop table t')", "execution"},
    {"SET NOCOUNT ON", ""},
    {"", ""},
};

TEST(StatementClass, OfTexts) {
    for (const Row& row : kRows) {
        Scratch scratch;
        Collect collect;
        normalise(row.sql, scratch, collect);
        StatementClassifier whole;
        whole.begin();
        whole.add(collect.text);
        EXPECT_EQ(names(whole.end()), row.classes) << row.sql << " = " << collect.text;
        StatementClassifier cut;
        cut.begin();
        for (const char c : collect.text)
            cut.add({&c, 1});
        EXPECT_EQ(names(cut.end()), row.classes) << row.sql;
    }
}

TEST(StatementClass, OfProcedures) {
    EXPECT_EQ(names(classify_procedure("sp_executesql")), "");
    EXPECT_EQ(names(classify_procedure("SP_PREPEXEC")), "");
    EXPECT_EQ(names(classify_procedure("[dbo].[get_orders]")), "execution");
    EXPECT_EQ(names(classify_procedure("master..xp_cmdshell")), "admin");
    EXPECT_EQ(names(classify_procedure("sp_OACreate")), "admin");
}

}  // namespace
}  // namespace querytap::sql
