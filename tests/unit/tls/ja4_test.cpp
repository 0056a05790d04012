// JA4 and JA4S against values that FoxIO and others published, and against the rules of FoxIO's
// description case by case.
#include <gtest/gtest.h>

#include "wire.h"

namespace querytap::tls::test {
namespace {

using Numbers = std::vector<std::uint16_t>;

Handshake handshake_of(const HelloFields& client, const ServerFields& server) {
    Pool pool({.handshakes = 2});
    Listener listener;
    Session session(pool);
    session.feed(Side::kClient, records(22, client_hello(client)).bytes, listener);
    session.feed(Side::kServer, records(22, server_hello(server)).bytes, listener);
    session.finish(listener);
    EXPECT_TRUE(listener.handshake.has_value());
    return listener.handshake.value_or(Handshake{});
}

std::string ja4_of(const HelloFields& fields) {
    return std::string(handshake_of(fields, {}).client.ja4.view());
}

std::string ja4s_of(const ServerFields& fields) {
    return std::string(handshake_of({}, fields).server.ja4s.view());
}

struct Published {
    const char* name;
    HelloFields hello;
    const char* ja4;
};

const Numbers kChromeCiphers{0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030,
                             0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035};
const Numbers kChromeAlgorithms{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601};

const Published kPublished[] = {
    // The example of JA4.md, with the GREASE that it says to ignore.
    {"chrome of JA4.md",
     {.versions = {0xdada, 0x0304, 0x0303},
      .ciphers = kChromeCiphers,
      .extensions = {0x3a3a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                     0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0xbaba, 0x0015},
      .algorithms = kChromeAlgorithms,
      .alpn = {"h2", "http/1.1"}},
     "t13d1516h2_8daaf6152771_e5627efa2ab1"},
    {"chrome 143",
     {.versions = {0x0304, 0x0303},
      .ciphers = kChromeCiphers,
      .extensions = {0x002d, 0x0033, 0x0010, 0xfe0d, 0x0017, 0x44cd, 0x0000, 0x000b, 0x000a, 0x002b,
                     0xff01, 0x0023, 0x0012, 0x0005, 0x000d, 0x001b},
      .algorithms = kChromeAlgorithms,
      .alpn = {"h2", "http/1.1"}},
     "t13d1516h2_8daaf6152771_d8a2da3f94cd"},
    {"firefox 120",
     {.versions = {0x0304, 0x0303},
      .ciphers = {0x1301, 0x1303, 0x1302, 0xc02b, 0xc02f, 0xcca9, 0xcca8, 0xc02c, 0xc030, 0xc00a,
                  0xc009, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
      .extensions = {0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0023, 0x0010, 0x0005, 0x0022, 0x0033,
                     0x002b, 0x000d, 0x002d, 0x001c, 0xfe0d},
      .algorithms = {0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203,
                     0x0201},
      .alpn = {"h2", "http/1.1"}},
     "t13d1715h2_5b57614c22b0_5c2c66f702b0"},
    {"safari 16",
     {.versions = {0x0304, 0x0303, 0x0302, 0x0301},
      .ciphers = {0x1301, 0x1302, 0x1303, 0xc02c, 0xc02b, 0xcca9, 0xc030, 0xc02f, 0xcca8, 0xc00a,
                  0xc009, 0xc014, 0xc013, 0x009d, 0x009c, 0x0035, 0x002f, 0xc008, 0xc012, 0x000a},
      .extensions = {0x0000, 0x0017, 0xff01, 0x000a, 0x000b, 0x0010, 0x0005, 0x000d, 0x0012, 0x0033,
                     0x002d, 0x002b, 0x001b, 0x0015},
      .algorithms = {0x0403, 0x0804, 0x0401, 0x0503, 0x0203, 0x0805, 0x0805, 0x0501, 0x0806, 0x0601,
                     0x0201},
      .alpn = {"h2", "http/1.1"}},
     "t13d2014h2_a09f3c656075_14788d8d241b"},
};

TEST(Ja4, IsWhatWasPublished) {
    for (const Published& published : kPublished)
        EXPECT_EQ(ja4_of(published.hello), published.ja4) << published.name;
}

struct Rule {
    const char* name;
    HelloFields hello;
    const char* readable;  ///< JA4_a
};

HelloFields with_alpn(std::vector<std::string> alpn) {
    return {.ciphers = {1}, .extensions = {16}, .algorithms = {}, .alpn = std::move(alpn)};
}

const Rule kRules[] = {
    {"nothing", {}, "t12i000000"},
    {"legacy version", {.version = 0x0302, .ciphers = {1}}, "t11i010000"},
    {"oldest version", {.version = 0x0300, .ciphers = {1}}, "s3"},
    {"unknown version", {.version = 0x0909, .ciphers = {1}}, "t00i010000"},
    {"highest version wins",
     {.versions = {0x0301, 0x0304, 0x0303}, .ciphers = {1}, .extensions = {43}},
     "t13i010100"},
    {"only GREASE in versions",
     {.versions = {0x0a0a}, .ciphers = {1}, .extensions = {43}},
     "t12i010100"},
    {"more than 99", {.ciphers = Numbers(120, 5), .extensions = Numbers(100, 7)}, "t12i999900"},
    {"GREASE does not count",
     {.ciphers = {0x0a0a, 0xfafa, 1}, .extensions = {0x1a1a, 7}},
     "t12i010100"},
    {"0x0a1a is no GREASE", {.ciphers = {0x0a1a}, .extensions = {}}, "t12i010000"},
    {"alpn of one character", with_alpn({"x"}), "t12i0101xx"},
    {"alpn of TDS 8", with_alpn({"tds/8.0"}), "t12i0101t0"},
    {"no name in alpn", with_alpn({}), "t12i010100"},
    {"GREASE in alpn", with_alpn({"\x0a\x0a", "h2"}), "t12i0101h2"},
    // The cases of JA4.md, "ALPN Extension Value".
    {"0xAB", with_alpn({"\xab"}), "t12i0101ab"},
    {"0xAB 0xCD", with_alpn({"\xab\xcd"}), "t12i0101ad"},
    {"0x30 0xAB", with_alpn({"\x30\xab"}), "t12i01013b"},
    {"0x30 0x31 0xAB 0xCD", with_alpn({"\x30\x31\xab\xcd"}), "t12i01013d"},
    {"0x30 0xAB 0xCD 0x31", with_alpn({"\x30\xab\xcd\x31"}), "t12i010101"},
};

TEST(Ja4, FollowsTheRules) {
    for (const Rule& rule : kRules) {
        const std::string ja4 = ja4_of(rule.hello);
        const std::string_view expected = rule.readable;
        if (expected == "s3") {
            EXPECT_EQ(ja4.substr(0, 4), "ts3i") << rule.name;
        } else {
            EXPECT_EQ(ja4.substr(0, ja4.find('_')), expected) << rule.name;
        }
    }
    EXPECT_EQ(ja4_of({}), "t12i000000_000000000000_000000000000");
}

TEST(Ja4s, IsWhatWasPublished) {
    const std::pair<ServerFields, const char*> published[] = {
        {{.cipher = 0xc030, .extensions = {0x0005, 0x0017, 0xff01, 0x0000}},
         "t120400_c030_4e8089b08790"},
        {{.selected = 0x0304, .cipher = 0x1301, .extensions = {0x002b, 0x0033}},
         "t130200_1301_a56c5b993250"},
        {{.selected = 0x0304, .cipher = 0x1302, .extensions = {0x0033, 0x002b}},
         "t130200_1302_234ea6891581"},
        {{.cipher = 0xc030, .extensions = {0xff01, 0x000b, 0x0023}}, "t120300_c030_bec8bdbaef8a"},
        {{.version = 0x0301, .cipher = 0x002f}, "t100000_002f_000000000000"},
    };
    for (const auto& [fields, expected] : published)
        EXPECT_EQ(ja4s_of(fields), expected);
    const std::string chosen = ja4s_of({.cipher = 0xc02f, .extensions = {16}, .alpn = "h2"});
    EXPECT_EQ(chosen.substr(0, 12), "t1201h2_c02f");
}

}  // namespace
}  // namespace querytap::tls::test
