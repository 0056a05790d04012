// Limits of a policy on what goes between two hosts on a day.
#include "../../../src/pipeline/volume_table.h"
#include "packet_test.h"

namespace querytap::pipeline {
namespace {

constexpr const char* kOneMegabyte = R"(
servers: {all: {addresses: 0.0.0.0/0, ports: [1-65535]}}
rules: [{name: small, servers: all, volume: {to_server_mb_a_day: 1}}]
utc_offset: "+00:00"
)";

class Volumes : public PacketTest {
  protected:
    /// A connection of its own that says `count` batches of about 4,000 bytes.
    void session(int count) {
        client_ += 1'000'000;
        server_ += 1'000'000;
        connect();
        log_in();
        const std::string text = "select '" + std::string(1900, 'x') + "'";
        for (int i = 0; i < count; ++i)
            say(true, test::batch(text, true, 8192));
        segment(true, packet::kFin | packet::kAck, {});
        segment(false, packet::kFin | packet::kAck, {});
        wait(60);
    }
    std::vector<std::string> found() {
        std::vector<std::string> texts;
        for (const Event* event : events_.of(EventType::kVerdict)) {
            for (std::size_t i = 0; i < event->verdict.reason_count; ++i) {
                const verdict::Reason& reason = event->verdict.reasons[i];
                if (reason.id.view() == "volume-above-limit")
                    texts.emplace_back(reason.text.view());
            }
        }
        return texts;
    }
};

TEST_F(Volumes, AddUpOverTheConnectionsOfADay) {
    make("", kOneMegabyte);
    session(200);  // 0.8 MB
    EXPECT_TRUE(found().empty());
    session(100);  // 1.2 MB
    const auto texts = found();
    ASSERT_FALSE(texts.empty());
    EXPECT_TRUE(
        texts[0].starts_with("more bytes on one day than the policy allows: 1 MB to the server"))
        << texts[0];
    EXPECT_NE(texts[0].find("(rule 'small')"), std::string::npos);
}

TEST_F(Volumes, BeginAnewEachDay) {
    make("", kOneMegabyte);
    session(200);
    wait(86'400);
    session(200);
    EXPECT_TRUE(found().empty());
}

TEST(VolumeTable, IsBoundedAndKeepsTheLoudest) {
    Counter evicted;
    VolumeTable table(8, 1, evicted);  // one line
    const IpAddress server = IpAddress::v4(1);
    for (std::uint32_t i = 0; i < 8; ++i)
        table.add(IpAddress::v4(100 + i), server, 5, {.to_server = 10 + i, .to_client = 0});
    table.add(IpAddress::v4(200), server, 5, {.to_server = 1, .to_client = 0});
    EXPECT_EQ(evicted.read(), 1u);
    EXPECT_EQ(table.add(IpAddress::v4(107), server, 5, {.to_server = 3, .to_client = 2}).to_server,
              20u);
    EXPECT_EQ(table.add(IpAddress::v4(107), server, 6, {.to_server = 3, .to_client = 2}).to_server,
              3u)
        << "another day";
    EXPECT_EQ(evicted.read(), 1u) << "a day that is over is no loss";
}

}  // namespace
}  // namespace querytap::pipeline
