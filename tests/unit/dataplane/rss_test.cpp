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
        const RssResult result =
            check_rss({.types = kHashedTypes, .key = symmetric(), .queues = table(queues)});
        EXPECT_TRUE(result.meets) << result.text;
    }
    EXPECT_EQ(check_rss({.types = kHashedTypes, .key = symmetric(), .queues = table(2)}).text,
              "256 sample flows: both directions meet, on 2 queues");
}

TEST(Rss, TheUsualKeyDoesNot) {
    const RssResult result = check_rss({.types = kHashedTypes, .key = kUsual, .queues = table(2)});
    EXPECT_FALSE(result.meets);
    EXPECT_EQ(result.text, "the device's key sends the directions of a flow to different queues");
}

TEST(Rss, OneByteOfTheKeyIsEnough) {
    // Of the hash the table sees the low bits only, which the first three bytes do not reach; nor
    // do the last four without more to hash than two IPv6 addresses.
    for (std::size_t i = 3; i < 36; ++i) {
        Key key = symmetric();
        key[i] ^= 0xff;
        EXPECT_FALSE(check_rss({.types = kHashedTypes, .key = key, .queues = table(2)}).meets) << i;
    }
}

TEST(Rss, PortsMayNotCount) {
    // With ports, fragments would not meet their flow, nor tunnels over UDP the way back.
    for (const std::uint64_t more :
         {std::uint64_t{RTE_ETH_RSS_TCP}, std::uint64_t{RTE_ETH_RSS_UDP},
          std::uint64_t{RTE_ETH_RSS_SCTP}, std::uint64_t{RTE_ETH_RSS_VXLAN},
          std::uint64_t{RTE_ETH_RSS_IPV6_EX}, std::uint64_t{RTE_ETH_RSS_LEVEL_INNERMOST}}) {
        const RssResult result =
            check_rss({.types = kHashedTypes | more, .key = symmetric(), .queues = table(2)});
        EXPECT_FALSE(result.meets) << more;
        EXPECT_EQ(result.text,
                  "the device hashes more than addresses, which parts fragments and tunnels");
    }
}

TEST(Rss, TcpMustBeHashedAtAll) {
    // Drivers that know types by transport leave TCP unhashed, on one queue, without its ports.
    const RssResult result =
        check_rss({.types = RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER,
                   .key = symmetric(),
                   .queues = table(2)});
    EXPECT_FALSE(result.meets);
    EXPECT_EQ(result.text, "the device cannot hash TCP by its addresses alone");
}

TEST(Rss, ADeviceThatSaysNothingIsNotTrusted) {
    EXPECT_FALSE(check_rss({.types = kHashedTypes, .key = {}, .queues = table(2)}).meets);
    EXPECT_FALSE(check_rss({.types = kHashedTypes, .key = symmetric(), .queues = {}}).meets);
}

struct Choice {
    std::size_t ports;
    unsigned queues;
    std::string rss;
    std::string said;
};

TEST(Rss, WhyThereIsADistributor) {
    const std::string spreads = ": a distributor spreads flows by symmetric hash";
    const std::string passed = "256 sample flows: both directions meet, on 2 queues";
    const std::string failed = "the device does not say how it hashes";
    const Choice choices[] = {
        {2, 1, failed, "a distributor joins the ports and spreads flows by symmetric hash"},
        {1, 1, failed, failed + spreads},
        {1, 2, passed, "2 queues for 4 workers" + spreads},
        {1, 1, "", "one queue" + spreads},
    };
    for (const Choice& choice : choices)
        EXPECT_EQ(why_distributor(choice.ports, choice.queues, 4, choice.rss), choice.said);
}

}  // namespace
}  // namespace querytap::dataplane
