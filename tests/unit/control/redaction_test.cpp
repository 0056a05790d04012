// What the sinks are given, by mode. The texts themselves: tests/unit/sql/redact_test.cpp.
#include "../../../src/control/redaction.h"

#include <memory>

#include <gtest/gtest.h>

#include <querytap/signature/scanner.h>

namespace querytap::control {
namespace {

using config::SqlText;
using pipeline::TdsKind;
using signature::Buffer;

struct Shown {
    std::string text;
    std::string parameters;
};

Shown query(SqlText mode, TdsKind kind, std::string_view text, std::string_view procedure = {},
            std::string_view parameters = {}) {
    pipeline::Event event;
    event.type = pipeline::EventType::kTds;
    pipeline::Tds& tds = *std::construct_at(&event.tds);
    tds.kind = kind;
    tds.text.assign(text);
    tds.procedure.assign(procedure);
    tds.parameters.assign(parameters);
    Redaction(mode).apply(event);
    return {std::string(tds.text.view()), std::string(tds.parameters.view())};
}

std::string excerpt(SqlText mode, Buffer buffer, std::string_view text) {
    pipeline::Event event;
    event.type = pipeline::EventType::kAlert;
    pipeline::Alert& alert = *std::construct_at(&event.alert);
    alert.buffer = buffer;
    alert.excerpt.assign(text);
    Redaction(mode).apply(event);
    return std::string(alert.excerpt.view());
}

TEST(Redaction, OfQueries) {
    constexpr std::string_view kSql = "select 'a'; alter login x with password='p'";
    EXPECT_EQ(query(SqlText::kFull, TdsKind::kQuery, kSql).text,
              "select 'a'; alter login x with password='***'");
    EXPECT_EQ(query(SqlText::kRedacted, TdsKind::kQuery, kSql).text,
              "select ?; alter login x with password=?");
    EXPECT_EQ(query(SqlText::kNone, TdsKind::kQuery, kSql).text, "");
}

TEST(Redaction, OfParameters) {
    const auto parameters = [](SqlText mode) {
        return query(mode, TdsKind::kQuery, "", "sp_addlogin", "'bob', 'pw'").parameters;
    };
    EXPECT_EQ(parameters(SqlText::kFull), "'bob', '***'");
    EXPECT_EQ(parameters(SqlText::kRedacted), "?, ?");
    EXPECT_EQ(parameters(SqlText::kNone), "");
}

TEST(Redaction, OfErrorMessages) {
    constexpr std::string_view kMessage =
        "Violation of PRIMARY KEY constraint 'PK'. The duplicate key value is (7, bob).";
    EXPECT_EQ(query(SqlText::kFull, TdsKind::kError, kMessage).text, kMessage);
    EXPECT_EQ(query(SqlText::kRedacted, TdsKind::kError, kMessage).text,
              "Violation of PRIMARY KEY constraint ?. The duplicate key value is (?).");
    EXPECT_EQ(query(SqlText::kNone, TdsKind::kError, kMessage).text, "");
}

TEST(Redaction, LeavesOtherRecordsAlone) {
    EXPECT_EQ(query(SqlText::kNone, TdsKind::kLoginAck, "Microsoft SQL Server").text,
              "Microsoft SQL Server");
}

TEST(Redaction, SaysStillThatATextWasCut) {
    pipeline::Event event;
    event.type = pipeline::EventType::kTds;
    pipeline::Tds& tds = *std::construct_at(&event.tds);
    tds.kind = TdsKind::kQuery;
    tds.text.assign(std::string(2000, 'x') + "'");
    Redaction(SqlText::kRedacted).apply(event);
    EXPECT_TRUE(tds.text.truncated());
}

TEST(Redaction, OfExcerpts) {
    const auto full = [](Buffer buffer, std::string_view text) {
        return excerpt(SqlText::kFull, buffer, text);
    };
    const auto redacted = [](Buffer buffer, std::string_view text) {
        return excerpt(SqlText::kRedacted, buffer, text);
    };
    EXPECT_EQ(full(Buffer::kTdsSql, "exec xp_cmdshell'DIR'"), "exec xp_cmdshell'DIR'");
    EXPECT_EQ(redacted(Buffer::kTdsSql, "exec xp_cmdshell'DIR'"), "exec xp_cmdshell?");
    EXPECT_EQ(full(Buffer::kTdsLiteral, "secret\npowershell"), "powershell");
    EXPECT_EQ(redacted(Buffer::kTdsLiteral, "secret\npowershell"), "?");
    EXPECT_EQ(full(Buffer::kTdsParam, "uid=a;pwd=b"), "uid=a;pwd=***");
    EXPECT_EQ(redacted(Buffer::kTdsProc, "sp_addlogin"), "sp_addlogin");
    EXPECT_EQ(excerpt(SqlText::kNone, Buffer::kTdsProc, "sp_addlogin"), "");
    using namespace std::string_view_literals;
    EXPECT_EQ(full(Buffer::kPayload, "x\0p\0_\0"sv), "x\0p\0_\0"sv);
    EXPECT_EQ(full(Buffer::kPayload, "p\0w\0d\0=\0'\0a\0'\0"sv), "?");
    EXPECT_EQ(redacted(Buffer::kPayload, "x\0p\0"sv), "?");
}

TEST(Redaction, OfTheEndOfALongRawText) {
    const std::string padding(signature::kExcerptMax, ' ');
    const std::string cut = (padding + "ord', @a=1 exec x").substr(17);
    ASSERT_EQ(cut.size(), signature::kExcerptMax);
    EXPECT_EQ(excerpt(SqlText::kFull, Buffer::kTdsSqlRaw, cut), "?, @a=1 exec x");
    EXPECT_EQ(excerpt(SqlText::kFull, Buffer::kTdsSqlRaw, "ord', @a=1"), "ord', @a=1");
}

}  // namespace
}  // namespace querytap::control
