// SSRP: datagrams in, instances out.
#include <gtest/gtest.h>

#include <querytap/tds/ssrp.h>

#include "wire.h"

namespace querytap::tds::test {
namespace {

Wire answer(std::string_view list) {
    return Wire().u8(5).u16(list.size()).raw(list);
}

struct RequestCase {
    const char* name;
    Wire datagram;
    SsrpMessage message;
    std::string_view instance;
};

const RequestCase kRequests[] = {
    {"nothing", Wire(), SsrpMessage::kNone, ""},
    {"CLNT_BCAST_EX", Wire().u8(2), SsrpMessage::kBroadcast, ""},
    {"CLNT_UCAST_EX", Wire().u8(3), SsrpMessage::kUnicast, ""},
    {"more behind it than there may be", Wire().u8(3).u8(0), SsrpMessage::kNone, ""},
    {"CLNT_UCAST_INST", Wire().u8(4).raw("YUKONSTD").u8(0), SsrpMessage::kInstance, "YUKONSTD"},
    {"without the NUL", Wire().u8(4).raw("A"), SsrpMessage::kInstance, "A"},
    {"no name", Wire().u8(4).u8(0), SsrpMessage::kNone, ""},
    {"the longest name", Wire().u8(4).fill(32, 'n').u8(0), SsrpMessage::kInstance,
     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"},
    {"a byte longer", Wire().u8(4).fill(33, 'n').u8(0), SsrpMessage::kOverflow,
     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"},
    {"a DNS answer to a client on 1434 with the identifier 04xx",
     Wire().u8(4).u8(0xd2).u8(0x81).u8(0x80).u16(0x100).u16(0x100).zeros(4).fill(60, 'x'),
     SsrpMessage::kInstance, "\xd2\x81\x80"},
    {"CLNT_UCAST_DAC", Wire().u8(0x0f).u8(1).raw("I").u8(0), SsrpMessage::kDac, "I"},
    {"DAC of another version", Wire().u8(0x0f).u8(2).raw("I").u8(0), SsrpMessage::kNone, ""},
    {"DAC cut", Wire().u8(0x0f), SsrpMessage::kNone, ""},
    {"an answer where requests go", answer("ServerName;S;;"), SsrpMessage::kNone, ""},
};

TEST(Ssrp, Requests) {
    for (const RequestCase& test : kRequests) {
        const Ssrp ssrp = read_ssrp_request(test.datagram.bytes);
        EXPECT_EQ(name(ssrp.message), name(test.message)) << test.name;
        EXPECT_EQ(ssrp.instance, test.instance) << test.name;
    }
}

TEST(Ssrp, SlammerIsAnOverflow) {
    // The worm's datagram: 376 bytes, 04, the filling, an address in sqlsort.dll, code.
    const Wire slammer = Wire().u8(4).fill(96, 1).u32(0x42b0c9dc).raw("\xeb\x0e").fill(273, 0x90);
    ASSERT_EQ(slammer.bytes.size(), 376U);
    EXPECT_EQ(read_ssrp_request(slammer.bytes).message, SsrpMessage::kOverflow);
}

std::string shown(Bytes datagram) {
    Ssrp ssrp = read_ssrp_answer(datagram);
    std::string text(name(ssrp.message));
    if (ssrp.dac_port != 0) text += " " + std::to_string(ssrp.dac_port);
    SsrpInstance instance;
    while (next_instance(ssrp.instances, instance)) {
        text += "\n" + std::string(instance.server) + "|" + std::string(instance.instance) + "|" +
                std::string(instance.version) + "|" + std::to_string(instance.tcp_port) + "|" +
                std::string(instance.pipe) + (instance.clustered ? "|clustered" : "");
    }
    return text;
}

struct AnswerCase {
    const char* name;
    Wire datagram;
    std::string_view expected;
};

const AnswerCase kAnswers[] = {
    {"one instance",
     answer("ServerName;ILSUNG1;InstanceName;YUKONSTD;IsClustered;No;Version;9.00.1399.06;tcp;"
            "57137;;"),
     "answer\nILSUNG1|YUKONSTD|9.00.1399.06|57137|"},
    {"two, one of them clustered and on a pipe only",
     answer("ServerName;A;InstanceName;MSSQLSERVER;IsClustered;Yes;Version;15.0.2000.5;np;\\\\A\\"
            "pipe\\sql\\query;;ServerName;A;InstanceName;B;IsClustered;No;Version;14.0.1;tcp;1435;"
            "np;\\\\A\\pipe\\MSSQL$B\\sql\\query;;"),
     "answer\nA|MSSQLSERVER|15.0.2000.5|0|\\\\A\\pipe\\sql\\query|clustered\n"
     "A|B|14.0.1|1435|\\\\A\\pipe\\MSSQL$B\\sql\\query"},
    {"cut by a lost fragment", Wire().u8(5).u16(500).raw("ServerName;A;InstanceName;B;tcp;14"),
     "answer\nA|B||14|"},
    {"ports that are none", answer("ServerName;A;tcp;70000;;ServerName;B;tcp;12x;;"),
     "answer\nA|||0|\nB|||0|"},
    {"DAC", Wire().u8(5).u16(6).u8(1).u16(1434), "dac_answer 1434"},
    {"text of something else", answer("hello;world;;"), "none"},
    {"too short", Wire().u8(5).u8(1), "none"},
    {"a request", Wire().u8(3), "none"},
};

TEST(Ssrp, Answers) {
    for (const AnswerCase& test : kAnswers)
        EXPECT_EQ(shown(test.datagram.bytes), test.expected) << test.name;
}

TEST(Ssrp, EveryPrefixIsReadWithoutHarm) {
    for (const AnswerCase& test : kAnswers) {
        for (std::size_t size = 0; size <= test.datagram.bytes.size(); ++size) {
            const std::vector<std::uint8_t> cut(
                test.datagram.bytes.begin(),
                test.datagram.bytes.begin() + static_cast<std::ptrdiff_t>(size));
            shown(cut);
            read_ssrp_request(cut);
        }
    }
}

TEST(Ssrp, SemicolonsOnlyEndTheLoop) {
    const Wire datagram = answer("ServerName;" + std::string(60000, ';'));
    Ssrp ssrp = read_ssrp_answer(datagram.bytes);
    SsrpInstance instance;
    std::size_t count = 0;
    while (next_instance(ssrp.instances, instance))
        ++count;
    EXPECT_LE(count, 60000U);
}

}  // namespace
}  // namespace querytap::tds::test
