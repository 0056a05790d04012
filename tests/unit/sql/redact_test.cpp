#include <gtest/gtest.h>

#include <querytap/sql/redact.h>

namespace querytap::sql {
namespace {

struct Row {
    const char* text;
    const char* secrets;   // with secrets hidden; nullptr: unchanged
    const char* literals;  // with all literals hidden
};

class Redact : public testing::TestWithParam<Row> {};

TEST_P(Redact, HidesSecretsAlwaysAndLiteralsOnRequest) {
    const Row& row = GetParam();
    const char* const secrets = row.secrets != nullptr ? row.secrets : row.text;
    EXPECT_EQ(redact(row.text, Hide::kSecrets), secrets);
    EXPECT_EQ(redact(row.text, Hide::kLiterals), row.literals);
}

const Row kLiterals[] = {
    {"SELECT * FROM t WHERE id = 17 AND n = N'O''Brien'", nullptr,
     "SELECT * FROM t WHERE id = ? AND n = ?"},
    {"select 1.5e-3,$12.50,0xAB12,-7,t1.c2 from [a'b] -- it's 5\nwhere x='y'", nullptr,
     "select ?,?,?,-?,t1.c2 from [a'b] --?\nwhere x=?"},
    {"exec xp_cmdshell 'net user eve Pa55 /add'", nullptr, "exec xp_cmdshell ?"},
    {"a /* /* 'x' */ 'y' */ 'z'", nullptr, "a /*?*/ ?"},
    {"select \"col\", \"it's text\"", nullptr, "select \"col\", ?"},
    {"select 'cut", nullptr, "select ?"},
    {"select [cut", nullptr, "select [cut"},
    {"/* cut '", nullptr, "/*?*/"},
    {"", nullptr, ""},
    {"select top 10 x from dbo.t2 where a in (1,2,3)", nullptr,
     "select top ? x from dbo.t2 where a in (?,?,?)"},
};
INSTANTIATE_TEST_SUITE_P(Literals, Redact, testing::ValuesIn(kLiterals));

const Row kPasswords[] = {
    {"CREATE LOGIN [x] WITH PASSWORD = 'p@ss''1', CHECK_POLICY = OFF",
     "CREATE LOGIN [x] WITH PASSWORD = '***', CHECK_POLICY = OFF",
     "CREATE LOGIN [x] WITH PASSWORD = ?, CHECK_POLICY = OFF"},
    {"create login x with password=0x0200AB hashed, sid=0x01",
     "create login x with password=*** hashed, sid=0x01",
     "create login x with password=? hashed, sid=?"},
    {"ALTER LOGIN x WITH PASSWORD=N'new' OLD_PASSWORD = 'old'",
     "ALTER LOGIN x WITH PASSWORD='***' OLD_PASSWORD = '***'",
     "ALTER LOGIN x WITH PASSWORD=? OLD_PASSWORD = ?"},
    {"alter login x with PaSsWoRd\xc2\xa0/* a */=\n'unfinished",
     "alter login x with PaSsWoRd\xc2\xa0/* a */=\n'***'",
     "alter login x with PaSsWoRd\xc2\xa0/*?*/=\n?"},
    {"CREATE CREDENTIAL c WITH IDENTITY='u', SECRET = 's'",
     "CREATE CREDENTIAL c WITH IDENTITY='u', SECRET = '***'",
     "CREATE CREDENTIAL c WITH IDENTITY=?, SECRET = ?"},
    {"OPEN MASTER KEY DECRYPTION BY PASSWORD = 'k'",
     "OPEN MASTER KEY DECRYPTION BY PASSWORD = '***'",
     "OPEN MASTER KEY DECRYPTION BY PASSWORD = ?"},
    {"DECLARE @pwd nvarchar(50) = 'a' + 'b', @n int = 7",
     "DECLARE @pwd nvarchar(50) = '***' + '***', @n int = 7",
     "DECLARE @pwd nvarchar(?) = ? + ?, @n int = ?"},
    {"SELECT 1 FROM users WHERE name='n' AND Password <> 'x' AND pin='4'",
     "SELECT 1 FROM users WHERE name='n' AND Password <> '***' AND pin='4'",
     "SELECT ? FROM users WHERE name=? AND Password <> ? AND pin=?"},
    {"select 'password', 'x' where password = other and y = 'z'", nullptr,
     "select ?, ? where password = other and y = ?"},
};
INSTANTIATE_TEST_SUITE_P(Passwords, Redact, testing::ValuesIn(kPasswords));

const Row kCalls[] = {
    {"EXEC master..sp_addlogin 'bob', 'pw', 'db'", "EXEC master..sp_addlogin 'bob', '***', 'db'",
     "EXEC master..sp_addlogin ?, ?, ?"},
    {"exec [sp_password] NULL, 'pw', 'sa'; select 'a','b'",
     "exec [sp_password] NULL, '***', 'sa'; select 'a','b'",
     "exec [sp_password] NULL, ?, ?; select ?,?"},
    {"sp_addlinkedsrvlogin 'srv', 'false', NULL, 'u', 'p'",
     "sp_addlinkedsrvlogin 'srv', 'false', NULL, 'u', '***'",
     "sp_addlinkedsrvlogin ?, ?, NULL, ?, ?"},
    {"exec sp_addlinkedsrvlogin @rmtsrvname='s', @rmtpassword = 'p', @rmtuser='u'",
     "exec sp_addlinkedsrvlogin @rmtsrvname='s', @rmtpassword = '***', @rmtuser='u'",
     "exec sp_addlinkedsrvlogin @rmtsrvname=?, @rmtpassword = ?, @rmtuser=?"},
    {"select EncryptByPassPhrase(concat('k','l'), 'text'), 'c'",
     "select EncryptByPassPhrase(concat('***','***'), 'text'), 'c'",
     "select EncryptByPassPhrase(concat(?,?), ?), ?"},
    {"SELECT * FROM OPENROWSET('SQLNCLI', 'srv';'sa';'pw', 'select 1') a, 'b'",
     "SELECT * FROM OPENROWSET('SQLNCLI', 'srv';'sa';'***', 'select 1') a, 'b'",
     "SELECT * FROM OPENROWSET(?, ?;?;?, ?) a, ?"},
    {"SELECT * FROM OPENROWSET('x', 'server=s;uid=sa;pwd=a b;x=1', 'q')",
     "SELECT * FROM OPENROWSET('x', 'server=s;uid=sa;pwd=***;x=1', 'q')",
     "SELECT * FROM OPENROWSET(?, ?, ?)"},
};
INSTANTIATE_TEST_SUITE_P(Calls, Redact, testing::ValuesIn(kCalls));

const Row kInside[] = {
    {"EXEC('CREATE LOGIN x WITH PASSWORD = ''deep'', SID = 0x1')",
     "EXEC('CREATE LOGIN x WITH PASSWORD = ''***'', SID = 0x1')", "EXEC(?)"},
    {"exec('exec(''sp_addlogin ''''a'''',''''b'''''')')",
     "exec('exec(''sp_addlogin ''''a'''',''''***'''''')')", "exec(?)"},
    {"set @c = 'Data Source=db;Password={a;b};Pooling=1'",
     "set @c = 'Data Source=db;Password=***;Pooling=1'", "set @c = ?"},
    {"set @c = 'Password=\"q\"; x=1'", "set @c = 'Password=***; x=1'", "set @c = ?"},
    {"exec('select 1 where password = @p and x = ''y''')", nullptr, "exec(?)"},
    {"insert t values ('it''s my password, really')", nullptr, "insert t values (?)"},
};
INSTANTIATE_TEST_SUITE_P(Inside, Redact, testing::ValuesIn(kInside));

TEST(RedactParameters, AreHiddenByNameAndByPlace) {
    EXPECT_EQ(redact_parameters("sp_addlogin", "'bob', 'pw'", Hide::kSecrets), "'bob', '***'");
    EXPECT_EQ(redact_parameters("master.dbo.sp_addlogin;1", "'bob', 'pw'", Hide::kSecrets),
              "'bob', '***'");
    EXPECT_EQ(redact_parameters("app", "@id=7, @password='pw', @n='x'", Hide::kSecrets),
              "@id=7, @password='***', @n='x'");
    EXPECT_EQ(redact_parameters("app", "@id=7, @n='x', 0xab", Hide::kLiterals), "@id=?, @n=?, ?");
}

TEST(RedactNormalisedEnd, KnowsWhereItBegins) {
    const auto literals = [](const char* text) {
        return redact_normalised_end(text, Hide::kLiterals);
    };
    EXPECT_EQ(literals("exec xp_cmdshell'DIR'"), "exec xp_cmdshell?");
    EXPECT_EQ(literals("ECRET PART',1 exec x'Y"), "?,? exec x?");
    EXPECT_EQ(literals("ALL OF IT"), "?");
    EXPECT_EQ(literals("12'34'56"), "?");
    EXPECT_EQ(redact_normalised_end("ECRET',@x=1 exec xp_cmdshell'DIR", Hide::kSecrets),
              "?,@x=1 exec xp_cmdshell'DIR");
    EXPECT_EQ(redact_normalised_end("POWERSHELL -ENC", Hide::kSecrets), "POWERSHELL -ENC");
    EXPECT_EQ(redact_normalised_end("create login x with password='P", Hide::kSecrets),
              "create login x with password='***'");
}

TEST(RedactEnd, HidesWhatMayBelongToASecret) {
    const auto secrets = [](const char* text) { return redact_end(text, Hide::kSecrets); };
    EXPECT_EQ(secrets("exec xp_cmdshell"), "exec xp_cmdshell");
    EXPECT_EQ(secrets("ord', @n=1 exec xp_cmdshell 'dir"), "?, @n=1 exec xp_cmdshell 'dir");
    EXPECT_EQ(secrets("with password='one', old_password='two', x"),
              "?one', old_password='***', x");
    EXPECT_EQ(secrets("x', password = 'one', x"), "?, password = '***', x");
    EXPECT_EQ(redact_end("exec x", Hide::kLiterals), "?");
}

TEST(RedactLiteral, ScrubsConnectionStrings) {
    EXPECT_EQ(redact_literal("uid=sa;pwd=x;a=b", Hide::kSecrets), "uid=sa;pwd=***;a=b");
    EXPECT_EQ(redact_literal("uid=sa", Hide::kLiterals), "?");
    EXPECT_EQ(redact_literal("", Hide::kLiterals), "");
}

/// The quick look that spares most texts the work must not spare one that holds a secret.
TEST(Redact, FindsEveryNameOfASecret) {
    for (const char* text : {"x_PASSWORD='s'",
                             "@Passwd='s'",
                             "passphrase='s'",
                             "PWD='s'",
                             "Secret='s'",
                             "sp_addlogin 'a','s'",
                             "sp_password 's'",
                             "sp_addapprole 'a','s'",
                             "sp_setapprole 'a','s'",
                             "sp_approlepassword 'a','s'",
                             "sp_addlinkedsrvlogin 'a','b','c','d','s'",
                             "sp_xp_cmdshell_proxy_account 'a','s'",
                             "encryptbypassphrase('s')",
                             "DecryptByPassphrase('s')",
                             "decryptbyasymkey(1,2,'s')",
                             "decryptbycert(1,2,'s')",
                             "decryptbykeyautoasymkey(1,'s')",
                             "decryptbykeyautocert(1,'s')",
                             "signbyasymkey(1,2,'s')",
                             "signbycert(1,2,'s')",
                             "pwdencrypt('s')",
                             "pwdcompare('s',1)",
                             "openrowset('a','b';'c';'s')",
                             "OpenDataSource('a','b';'c';'s')"}) {
        EXPECT_EQ(redact(text, Hide::kSecrets).find("'s'"), std::string::npos) << text;
    }
}

/// Each token goes out as it came, whatever it is.
TEST(Redact, KeepsEveryByteOfATextWithoutSecrets) {
    std::uint32_t seed = 7;
    const std::string_view alphabet = "ab'\"[]-/*\n 0x1.eN+=,;()\xc2\xa0\xe3\x80\x80@";
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (int i = 0; i < 24; ++i) {
            seed = seed * 1664525 + 1013904223;
            text += alphabet[(seed >> 16) % alphabet.size()];
        }
        ASSERT_EQ(redact(text, Hide::kSecrets), text);
    }
}

}  // namespace
}  // namespace querytap::sql
