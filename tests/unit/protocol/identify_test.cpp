#include <array>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/protocol/identify.h>

namespace querytap::protocol {

inline void PrintTo(Protocol protocol, std::ostream* out) {
    *out << name(protocol);
}

namespace {

using Sample = std::vector<std::uint8_t>;

Sample hex(std::string_view text) {
    Sample bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 3) {
        bytes.push_back(
            static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

Sample text(std::string_view value) {
    return {value.begin(), value.end()};
}

struct Case {
    const char* name;
    Sample first;
    Protocol at_start;
    Protocol midstream;
};

constexpr Protocol kUndecided = Protocol::kUndecided;
constexpr Protocol kUnknown = Protocol::kUnknown;
constexpr Protocol kTds = Protocol::kTds;
constexpr Protocol kTds5 = Protocol::kTds5;

const Case kCases[] = {
    {"nothing", {}, kUndecided, kUndecided},

    // The packets of MS-TDS section 4.
    {"prelogin", hex("12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20"), kTds, kTds},
    {"prelogin in small packets", hex("12 00 00 10 00 00 01 00 00 00 1A 00 06 01 00 20"), kTds,
     kUnknown},
    {"login7 in small packets", hex("10 00 00 40 00 00 01 00 e2 00 00 00 04 00 00 74"), kTds,
     kUnknown},
    {"prelogin in packets of a byte", hex("12 00 00 09 00 00 01 00 00 12 00 00 09 00 00 02"), kTds,
     kUnknown},
    {"login7 in packets of seven bytes", hex("10 00 00 0f 00 00 01 00 e2 00 00 00 04 00 00 10"),
     kTds, kUnknown},
    {"a byte, and no second packet", hex("12 00 00 09 00 00 01 00 00 11 00 00 09 00 00 02"),
     kUnknown, kUnknown},
    {"a byte, and a second packet without any",
     hex("12 00 00 09 00 00 01 00 00 12 00 00 08 00 00 02"), kUnknown, kUnknown},
    {"prelogin in small packets, version not first",
     hex("12 00 00 10 00 00 01 00 01 00 1A 00 01 00 00 20"), kUnknown, kUnknown},
    {"batch in small packets", hex("01 00 00 10 00 00 01 00 16 00 00 00 12 00 00 00"), kUnknown,
     kUnknown},
    {"prelogin of 2006", hex("12 01 00 34 00 00 00 00 00 00 15 00 06 01 00 1b"), kTds, kTds},
    {"prelogin answer", hex("04 01 00 25 00 00 01 00 00 00 15 00 06 01 00 1b"), kTds, kTds},
    {"login7 of TDS 7.2", hex("10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 72"), kTds, kTds},
    {"login7 of TDS 7.1", hex("10 01 00 ea 00 00 01 00 e2 00 00 00 01 00 00 71"), kTds, kTds},
    {"login7 of TDS 8", hex("10 01 00 ea 00 00 01 00 e2 00 00 00 08 00 00 00"), kTds, kTds},
    {"login7 over two packets", hex("10 00 10 00 00 00 01 00 00 12 00 00 04 00 00 74"), kTds, kTds},
    {"login answer", hex("04 01 01 61 00 00 01 00 E3 1B 00 01 06 6D 00 61"), kTds, kTds},
    {"batch", hex("01 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00"), kTds, kTds},
    {"batch answer", hex("04 01 00 33 00 00 01 00 81 01 00 00 00 00 00 20"), kTds, kTds},
    {"rpc", hex("03 01 00 2F 00 00 01 00 16 00 00 00 12 00 00 00"), kTds, kTds},
    {"rpc answer", hex("04 01 00 27 00 00 01 00 FF 11 00 C1 00 01 00 00"), kTds, kTds},
    {"attention", hex("06 01 00 08 00 00 01 00"), kTds, kTds},
    {"sspi", hex("11 01 00 5E 00 00 01 00 4E 54 4C 4D 53 53 50 00"), kTds, kTds},
    {"sspi, spnego", hex("11 01 00 5E 00 00 01 00 60 48 06 06 2b 06 01 05"), kTds, kTds},
    {"bulk load", hex("07 01 00 26 00 00 01 00 81 01 00 00 00 00 00 05"), kTds, kTds},
    {"transaction", hex("0E 01 00 20 00 00 01 00 16 00 00 00 12 00 00 00"), kTds, kTds},
    {"done only", hex("04 01 00 15 00 33 01 00 FD 00 00 d5 00 00 00 00"), kTds, kTds},

    // Without ALL_HEADERS: TDS 7.1, Impacket, Metasploit, jTDS.
    {"batch without headers", hex("01 01 00 2c 00 00 01 00 43 00 4f 00 4d 00 4d 00"), kTds, kTds},
    {"short batch without headers", hex("01 01 00 0c 00 00 01 00 47 00 4f 00"), kTds, kTds},
    {"batch that begins with control characters",
     hex("01 01 00 2c 00 00 01 00 01 00 0d 00 0a 00 2d 00"), kTds, kTds},
    {"rpc by name without headers", hex("03 09 04 3a 00 00 01 00 0d 00 73 00 70 00 5f 00"), kTds,
     kTds},
    {"rpc by number without headers", hex("03 01 00 60 00 00 01 00 ff ff 0a 00 02 00 00 00"), kTds,
     kTds},
    {"rpc by a number that is none", hex("03 01 00 60 00 00 01 00 ff ff 10 00 02 00 00 00"),
     kUnknown, kUnknown},
    {"packet id that never counts", hex("01 01 00 2c 00 00 00 00 43 00 4f 00 4d 00 4d 00"), kTds,
     kTds},
    {"pooled connection, more to come", hex("03 0c 1f 40 00 00 01 00 16 00 00 00 12 00 00 00"),
     kTds, kTds},
    {"tls in prelogin", hex("12 01 00 c8 00 00 00 00 16 03 03 00 bb 01 00 00"), kTds, kTds},
    {"tls in a result", hex("04 01 05 c8 00 00 01 00 16 03 03 05 bb 02 00 00"), kTds, kTds},

    // A client that bends PRELOGIN is still seen when its stream was seen from the first byte.
    {"prelogin, version not first", hex("12 01 00 2F 00 00 01 00 01 00 1A 00 01 00 00 20"), kTds,
     kUnknown},
    {"prelogin, no option at all", hex("12 01 00 2F 00 00 01 00 41 41 41 41 41 41 41 41"), kUnknown,
     kUnknown},
    {"login7 whose size lies", hex("10 01 00 90 00 00 01 00 88 01 00 00 02 00 09 72"), kTds,
     kUnknown},
    {"login7 of no version", hex("10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 42"), kUnknown,
     kUnknown},

    // Packets from the middle of a message carry no beginning; only mid-stream are they believed.
    {"third packet of a result", hex("04 00 10 00 00 33 03 00 61 73 64 66 71 77 65 72"), kUnknown,
     kTds},
    {"last packet of an rpc", hex("03 01 01 53 00 00 02 00 5b 91 63 72 69 13 20 44"), kUnknown,
     kTds},
    {"later packet that resets the connection",
     hex("03 09 01 53 00 00 02 00 5b 91 63 72 69 13 20 44"), kUnknown, kUnknown},
    {"packet to be ignored before its end", hex("03 02 02 53 00 00 02 00 5b 91 63 72 69 13 20 44"),
     kUnknown, kUnknown},
    {"second packet of a batch", hex("01 01 01 53 00 00 02 00 5b 00 63 00 69 00 20 00"), kTds,
     kTds},
    {"second packet of a batch, unit cut", hex("01 01 01 53 00 00 02 00 00 63 00 69 00 20 00 31"),
     kUnknown, kTds},
    {"later packet of a batch that is no text",
     hex("01 01 01 53 00 00 02 00 5b 91 63 72 69 13 20 44"), kUnknown, kUnknown},

    {"smp syn", hex("53 01 00 00 10 00 00 00 00 00 00 00 04 00 00 00"), kTds, kTds},
    {"smp data", hex("53 08 01 00 6c 00 00 00 05 00 00 00 08 00 00 00"), kTds, kTds},
    {"smp with two flags", hex("53 03 00 00 10 00 00 00 00 00 00 00 04 00 00 00"), kUnknown,
     kUnknown},
    {"smp syn with data", hex("53 01 00 00 20 00 00 00 00 00 00 00 04 00 00 00"), kUnknown,
     kUnknown},
    {"smp data without data", hex("53 08 00 00 10 00 00 00 00 00 00 00 04 00 00 00"), kUnknown,
     kUnknown},

    // One field of a good packet broken.
    {"type that is none", hex("05 01 00 5C 00 00 01 00 16 00 00 00 12 00 00 00"), kUnknown,
     kUnknown},
    {"status with an unknown bit", hex("01 81 00 5C 00 00 01 00 16 00 00 00 12 00 00 00"), kUnknown,
     kUnknown},
    {"size below the header's", hex("01 01 00 07 00 00 01 00 16 00 00 00 12 00 00 00"), kUnknown,
     kUnknown},
    {"size above the largest", hex("01 01 80 01 00 00 01 00 16 00 00 00 12 00 00 00"), kUnknown,
     kUnknown},
    {"window", hex("01 01 00 5C 00 00 01 01 16 00 00 00 12 00 00 00"), kUnknown, kUnknown},
    {"short packet with more to come", hex("01 00 00 5C 00 00 01 00 16 00 00 00 12 00 00 00"),
     kUnknown, kUnknown},
    {"attention with a body", hex("06 01 00 0c 00 00 01 00 00 00 00 00 00 00 00 00"), kUnknown,
     kUnknown},
    {"empty batch", hex("01 01 00 08 00 00 01 00"), kUnknown, kUnknown},
    {"headers larger than the packet", hex("0E 01 00 20 00 00 01 00 16 01 00 00 12 00 00 00"),
     kUnknown, kUnknown},
    {"header larger than the headers", hex("0E 01 00 20 00 00 01 00 16 00 00 00 13 00 00 00"),
     kUnknown, kUnknown},
    {"token that is none", hex("04 01 00 27 00 00 01 00 42 11 00 C1 00 01 00 00"), kUnknown,
     kUnknown},
    {"done with unknown status", hex("04 01 00 27 00 00 01 00 FD 08 00 C1 00 01 00 00"), kUnknown,
     kUnknown},
    {"sspi of no kind", hex("11 01 00 5E 00 00 01 00 41 42 43 44 53 53 50 00"), kUnknown, kUnknown},

    {"tds5 login", hex("02 00 02 00 00 00 00 00 64 65 76 62 6f 78 00 00"), kTds5, kTds5},
    {"tds5 login without a host", hex("02 00 02 00 00 00 01 00 00 00 00 00 00 00 00 00"), kTds5,
     kTds5},
    {"tds5 login answer", hex("04 01 00 a3 00 00 00 00 e3 12 00 01 09 61 61 61"), kTds5, kTds5},
    {"tds5 login of another size", hex("02 00 01 00 00 00 00 00 64 65 76 62 6f 78 00 00"), kUnknown,
     kUnknown},
    {"tds5 login with a strange name", hex("02 00 02 00 00 00 00 00 64 65 80 62 6f 78 00 00"),
     kUnknown, kUnknown},

    {"client hello", hex("16 03 01 02 00 01 00 01 fc 03 03 aa bb cc dd ee"), Protocol::kTls,
     Protocol::kTls},
    {"server hello", hex("16 03 03 00 7a 02 00 00 76 03 03 aa bb cc dd ee"), Protocol::kTls,
     Protocol::kTls},
    {"tls handshake that is no hello", hex("16 03 03 00 7a 0b 00 00 76 03 03 aa bb cc dd ee"),
     kUnknown, Protocol::kTls},
    {"tls application data", hex("17 03 03 00 30 9a 12 34 56 78 9a bc de f0 11 22"), kUnknown,
     Protocol::kTls},
    {"tls version that is none", hex("16 04 01 02 00 01 00 01 fc 03 03 aa bb cc dd ee"), kUnknown,
     kUnknown},
    {"tls record too large", hex("16 03 01 60 00 01 00 01 fc 03 03 aa bb cc dd ee"), kUnknown,
     kUnknown},

    {"http get", text("GET / HTTP/1.1\r\n"), Protocol::kHttp, Protocol::kHttp},
    {"http post", text("POST /api HTTP/1.1"), Protocol::kHttp, Protocol::kHttp},
    {"http connect", text("CONNECT a:1433 H"), Protocol::kHttp, Protocol::kHttp},
    {"http response", text("HTTP/1.0 200 OK\r\n"), Protocol::kHttp, Protocol::kHttp},
    {"http2 preface", text("PRI * HTTP/2.0\r\n\r\nSM"), Protocol::kHttp, Protocol::kHttp},
    {"get without a blank", text("GETTING THINGS DONE"), kUnknown, kUnknown},
    {"ssh", text("SSH-2.0-OpenSSH_9.2p1"), Protocol::kSsh, Protocol::kSsh},

    {"smb1", hex("00 00 00 ba ff 53 4d 42 73 00 00 00 00 00 01 80"), Protocol::kSmb,
     Protocol::kSmb},
    {"smb2", hex("00 00 01 00 fe 53 4d 42 40 00 00 00 00 00 00 00"), Protocol::kSmb,
     Protocol::kSmb},
    {"smb3 encrypted", hex("00 00 01 00 fd 53 4d 42 11 22 33 44 55 66 77 88"), Protocol::kSmb,
     Protocol::kSmb},
    {"rdp request", hex("03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 0b"), Protocol::kRdp,
     Protocol::kRdp},
    {"rdp confirm", hex("03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 02"), Protocol::kRdp,
     Protocol::kRdp},
    {"mysql greeting", hex("4a 00 00 00 0a 38 2e 30 2e 33 36 00 0b 00 00 00"), Protocol::kMysql,
     Protocol::kMysql},
    {"postgresql startup", hex("00 00 00 54 00 03 00 00 75 73 65 72 00 6a 6f 65"),
     Protocol::kPostgresql, Protocol::kPostgresql},
    {"postgresql ssl request", hex("00 00 00 08 04 d2 16 2f"), Protocol::kPostgresql,
     Protocol::kPostgresql},
    {"postgresql authentication", hex("52 00 00 00 0c 00 00 00 05 11 22 33 44"),
     Protocol::kPostgresql, Protocol::kPostgresql},
    {"oracle connect", hex("00 e8 00 00 01 00 00 00 01 36 01 2c 0c 41 20 00"), Protocol::kOracle,
     Protocol::kOracle},
    {"oracle accept", hex("00 20 00 00 02 00 00 00 01 36 00 00 08 00 7f ff"), Protocol::kOracle,
     Protocol::kOracle},
    {"oracle resend", hex("00 08 00 00 0b 00 00 00"), Protocol::kOracle, Protocol::kOracle},
    {"oracle refuse", hex("00 41 00 00 04 00 00 00 22 00 00 35 28 44 45 53"), Protocol::kOracle,
     Protocol::kOracle},
    {"oracle redirect", hex("00 40 00 00 05 00 00 00 00 36 28 41 44 44 52 45"), Protocol::kOracle,
     Protocol::kOracle},
    {"oracle of no version", hex("00 e8 00 00 01 00 00 00 02 36 01 2c 0c 41 20 00"), kUnknown,
     kUnknown},
    {"mongodb query", hex("3f 01 00 00 01 00 00 00 00 00 00 00 d4 07 00 00"), Protocol::kMongodb,
     Protocol::kMongodb},
    {"mongodb message", hex("5d 00 00 00 9a 2b 01 00 00 00 00 00 dd 07 00 00"), Protocol::kMongodb,
     Protocol::kMongodb},
    {"mongodb of no operation", hex("5d 00 00 00 9a 2b 01 00 00 00 00 00 dd 08 00 00"), kUnknown,
     kUnknown},
    {"mongodb too large", hex("5d 00 00 10 9a 2b 01 00 00 00 00 00 dd 07 00 00"), kUnknown,
     kUnknown},
    {"redis request", text("*2\r\n$3\r\nGET\r\n$1"), Protocol::kRedis, Protocol::kRedis},
    {"redis ping", text("PING\r\n"), Protocol::kRedis, Protocol::kRedis},
    {"redis without a number", text("*\r\n$3\r\nGET\r\n$1\r"), kUnknown, kUnknown},
    {"vnc", text("RFB 003.008\n"), Protocol::kVnc, Protocol::kVnc},
    {"telnet", hex("ff fd 18 ff fd 20 ff fd 23 ff fd 27"), Protocol::kTelnet, Protocol::kTelnet},
    {"telnet without an option", hex("ff fd f8 ff fd 20 ff fd 23 ff fd 27 ff fd 18 ff"), kUnknown,
     kUnknown},
    {"dce rpc bind", hex("05 00 0b 03 10 00 00 00 48 00 00 00 01 00 00 00"), Protocol::kDceRpc,
     Protocol::kDceRpc},
    {"dce rpc, big-endian", hex("05 00 0b 03 00 00 00 00 00 48 00 00 00 00 00 01"), kUnknown,
     kUnknown},
    {"socks greeting and request", hex("05 01 00 05 01 00 01 0a 32 03 17 00 50"), Protocol::kSocks,
     Protocol::kSocks},
    {"socks with three methods", hex("05 03 00 01 02 05 01 00 03 09 6c 6f 63 61 6c 68"),
     Protocol::kSocks, Protocol::kSocks},
    {"socks without a method", hex("05 00 05 01 00 01 0a 32 03 17 00 50 00 00 00 00"), kUnknown,
     kUnknown},
    {"zeros", Sample(16, 0), kUnknown, kUnknown},
    {"words", text("The quick brown fox"), kUnknown, kUnknown},
};

class Identify : public testing::TestWithParam<Case> {};

TEST_P(Identify, NamesTheProtocol) {
    EXPECT_EQ(identify(GetParam().first, false), GetParam().at_start);
    EXPECT_EQ(identify(GetParam().first, true), GetParam().midstream);
}

// However the sender cuts its first bytes, the answer is that of the whole; and a decision once
// made never changes.
TEST_P(Identify, AnswersFewerBytesWithTheSameOrNotYet) {
    for (const bool midstream : {false, true}) {
        const Protocol whole = identify(GetParam().first, midstream);
        for (std::size_t size = 0; size < GetParam().first.size(); ++size) {
            const Sample part(GetParam().first.begin(),
                              GetParam().first.begin() + static_cast<std::ptrdiff_t>(size));
            const Protocol answer = identify(part, midstream);
            EXPECT_TRUE(answer == whole || answer == kUndecided)
                << name(answer) << " at " << size << " bytes, " << name(whole) << " at all";
        }
    }
}

TEST_P(Identify, LooksAtNoMoreThanItPromises) {
    Sample longer = GetParam().first;
    if (longer.size() < kDecisionBytes) return;
    longer.resize(kDecisionBytes);
    EXPECT_EQ(identify(longer, true), GetParam().midstream);
    longer.resize(2000, 0xee);
    EXPECT_EQ(identify(longer, true), GetParam().midstream);
}

INSTANTIATE_TEST_SUITE_P(First, Identify, testing::ValuesIn(kCases), [](const auto& parameter) {
    std::string name = parameter.param.name;
    for (char& c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    }
    return name;
});

TEST(Decision, IsFinalWithSixteenBytes) {
    std::mt19937 random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::array<std::uint8_t, kDecisionBytes> bytes;
        for (std::uint8_t& byte : bytes)
            byte = static_cast<std::uint8_t>(random() & 0xff);
        if (i % 2 == 0) bytes[0] = static_cast<std::uint8_t>(i / 2 % 24);
        EXPECT_NE(identify(bytes, i % 3 == 0), Protocol::kUndecided);
    }
}

TEST(Decision, ChanceIsNotTds) {
    std::mt19937 random(2);
    int believed = 0;
    for (int i = 0; i < 2'000'000; ++i) {
        std::array<std::uint32_t, kDecisionBytes / 4> words;
        for (std::uint32_t& word : words)
            word = static_cast<std::uint32_t>(random());
        std::array<std::uint8_t, kDecisionBytes> bytes;
        std::memcpy(bytes.data(), words.data(), bytes.size());
        if (identify(bytes, true) == Protocol::kTds) ++believed;
    }
    EXPECT_LE(believed, 5) << "of two million";
}

TEST(Names, AreDistinct) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kProtocolCount; ++i)
        names.insert(name(static_cast<Protocol>(i)));
    EXPECT_EQ(names.size(), kProtocolCount);
    EXPECT_EQ(name(Protocol::kTds), "tds");
    EXPECT_EQ(name(Protocol::kPostgresql), "postgresql");
}

}  // namespace
}  // namespace querytap::protocol
