#include "../../../src/dataplane/rss.h"

#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace querytap::dataplane {
namespace {

using Key = std::array<std::uint8_t, 40>;

Key symmetric() {
    Key key;
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = i % 2 == 0 ? 0x6d : 0x5a;
    return key;
}

/// The key that most drivers have by default (Microsoft, "RSS hashing types").
constexpr Key kUsual{0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                     0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                     0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                     0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

std::vector<std::uint16_t> table(std::uint16_t queues) {
    std::vector<std::uint16_t> out(128);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint16_t>(i % queues);
    return out;
}

TEST(Rss, ASymmetricKeyKeepsDirectionsTogether) {
    for (const std::uint16_t queues : std::initializer_list<std::uint16_t>{1, 2, 3, 8}) {
        const RssResult result = check_rss({.key = symmetric(), .queues = table(queues)});
        EXPECT_TRUE(result.meets) << result.text;
    }
    EXPECT_EQ(check_rss({.key = symmetric(), .queues = table(2)}).text,
              "256 sample flows: both directions meet, on 2 queues");
}

TEST(Rss, TheUsualKeyDoesNot) {
    const RssResult result = check_rss({.key = kUsual, .queues = table(2)});
    EXPECT_FALSE(result.meets);
    EXPECT_EQ(result.text, "the device's key sends the directions of a flow to different queues");
}

TEST(Rss, OneByteOfTheKeyIsEnough) {
    // Of the hash the table sees the low bits only, which the first three bytes do not reach; nor do
    // the last four without more to hash than two IPv6 addresses and ports.
    for (std::size_t i = 3; i < 36; ++i) {
        Key key = symmetric();
        key[i] ^= 0xff;
        EXPECT_FALSE(check_rss({.key = key, .queues = table(2)}).meets) << i;
    }
}

TEST(Rss, ADeviceThatSaysNothingIsNotTrusted) {
    EXPECT_FALSE(check_rss({.key = {}, .queues = table(2)}).meets);
    EXPECT_FALSE(check_rss({.key = symmetric(), .queues = {}}).meets);
}

}  // namespace
}  // namespace querytap::dataplane
