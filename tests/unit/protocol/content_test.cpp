#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/protocol/content.h>

namespace querytap::protocol {
namespace {

struct Case {
    const char* name;
    std::string one;
    std::string other;
    Content content;
};

const std::string kOrdinaryText =
    "220 mail.contoso.com ESMTP ready\r\n250-mail.contoso.com\r\n250-SIZE 35882577\r\n250 OK\r\n";

const Case kCases[] = {
    {"nothing", "", "", Content::kUndecided},
    {"a_word", "hello\n", "", Content::kUndecided},
    {"cmd_greets",
     "Microsoft Windows [Version 10.0.19045]\r\n(c) Microsoft Corporation.\r\n\r\n"
     "C:\\Windows\\system32>",
     "", Content::kShell},
    {"cmd_prompt_and_command", "C:\\Users\\sql>corp\\svc-sql\r\n\r\nC:\\Users\\sql>", "whoami\r\n",
     Content::kShell},
    {"powershell", "PS C:\\Windows\\system32> ", "Get-Date\r\nipconfig /all\r\n", Content::kShell},
    {"posix_prompt", "$ uid=27(mssql) gid=27(mssql)\n$ ", "id\n", Content::kShell},
    {"root_prompt", "[root@db01 tmp]# total 0\n[root@db01 tmp]# ", "ls -l\n", Content::kShell},
    {"sh_without_a_prompt", "uid=0(root) gid=0(root)\nLinux db01 5.10\n", "id\nuname -a\n",
     Content::kShell},
    {"command_by_path", "# total 0\n# ", "/bin/ls\n", Content::kShell},
    {"either_way_round", "whoami\n", "bash: no job control in this shell\nwww-data\n",
     Content::kShell},
    {"commands_without_an_answer", "",
     "id\nuname -a\nwhoami\nls\ncat /etc/passwd\nip a\nps ax\n"
     "hostname\nnetstat -an\n",
     Content::kText},
    {"one_command_and_no_prompt", "uid=0(root) gid=0(root) groups=0(root),27(sudo)\n",
     "id\nxyzzy 1\nxyzzy 2\nxyzzy 3\nxyzzy 4\n", Content::kText},
    {"mail", kOrdinaryText, "EHLO ws01\r\nMAIL FROM:<a@b>\r\n", Content::kText},
    {"a_mention_is_no_command", kOrdinaryText, "say whoami\nthen ipconfig\n", Content::kText},
    {"binary", std::string(200, '\1') + std::string(100, '\0'), "abc", Content::kBinary},
    {"a_prompt_in_binary", std::string(200, '\1') + "\nC:\\>", "whoami\r\nls\r\n",
     Content::kBinary},
};

class Judged : public testing::TestWithParam<Case> {};

TEST_P(Judged, FromBothDirections) {
    const Case& tested = GetParam();
    EXPECT_EQ(judge_content(as_bytes(tested.one), as_bytes(tested.other)), tested.content);
    EXPECT_EQ(judge_content(as_bytes(tested.other), as_bytes(tested.one)), tested.content);
}

INSTANTIATE_TEST_SUITE_P(Content, Judged, testing::ValuesIn(kCases),
                         [](const auto& tested) { return tested.param.name; });

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes)
        byte = static_cast<std::uint8_t>(random() & 0xff);
    return bytes;
}

TEST(Entropy, RandomBytesAreTold) {
    std::mt19937 random(1);
    int told = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::size_t size = 256 + random() % 769;
        const auto one = random_bytes(random, size);
        const auto other = random_bytes(random, random() % 300);
        told += judge_content(one, other) == Content::kHighEntropy ? 1 : 0;
    }
    EXPECT_GE(told, 999);
}

TEST(Entropy, FewBytesAreNot) {
    std::mt19937 random(2);
    for (int i = 0; i < 1000; ++i)
        EXPECT_NE(judge_content(random_bytes(random, 255), {}), Content::kHighEntropy);
}

/// A protocol has headers: one byte in eight that is not random is enough.
TEST(Entropy, HeadersAreStructure) {
    std::mt19937 random(3);
    for (int i = 0; i < 200; ++i) {
        auto bytes = random_bytes(random, 1024);
        for (std::size_t at = 0; at < bytes.size(); at += 8)
            bytes[at] = static_cast<std::uint8_t>(at % 3);
        EXPECT_EQ(judge_content(bytes, {}), Content::kBinary);
    }
}

TEST(Entropy, HexadecimalIsText) {
    std::mt19937 random(4);
    std::string digits;
    for (int i = 0; i < 1000; ++i)
        digits += "0123456789abcdef"[random() % 16];
    EXPECT_EQ(judge_content(as_bytes(digits), {}), Content::kText);
}

}  // namespace
}  // namespace querytap::protocol
