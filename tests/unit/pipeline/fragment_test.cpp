// IP fragments on their way through the Inspector: put together they are inspected like any packet,
// in contradiction they are evidence.
#include <gtest/gtest.h>

#include <querytap/pipeline/inspector.h>

#include "../../support/event_collector.h"
#include "../../support/tds_builder.h"

namespace querytap::pipeline {
namespace {

constexpr std::string_view kRules = R"(
alert tds any any -> any any (msg:"xp_cmdshell runs"; flow:to_server; tds.sql; content:"exec xp_cmdshell"; classtype:execution; metadata:confidence high; sid:1; rev:1;)
)";

constexpr std::size_t kIp = 14;
constexpr std::size_t kData = kIp + 20;

void put(std::vector<std::uint8_t>& bytes, std::size_t at, std::size_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// Bytes first..last of the datagram in a frame of their own.
test::OwnedFrame fragment_of(const test::OwnedFrame& frame, std::size_t first, std::size_t last,
                             std::uint16_t id) {
    const auto begin = frame.bytes.begin();
    test::OwnedFrame part = frame;
    part.bytes.assign(begin, begin + kData);
    part.bytes.insert(part.bytes.end(), begin + static_cast<std::ptrdiff_t>(kData + first),
                      begin + static_cast<std::ptrdiff_t>(kData + last));
    const bool more = kData + last < frame.bytes.size();
    put(part.bytes, kIp + 2, 20 + last - first);
    put(part.bytes, kIp + 4, id);
    put(part.bytes, kIp + 6, first / 8 | (more ? 0x2000u : 0u));
    return part;
}

class FragmentTest : public testing::Test {
  protected:
    void SetUp() override {
        auto set = signature::RuleSet::parse(kRules, "test.rules");
        ASSERT_TRUE(set.ok()) << set.error().to_string();
        auto made =
            Inspector::create(test::small_limits(), {1, std::move(set).value(), nullptr}, events_);
        ASSERT_TRUE(made.ok()) << made.error().to_string();
        inspector_ = std::move(made).value();

        const auto at = [](int seconds) {
            return from_ns((1'700'000'000LL + seconds) * 1'000'000'000);
        };
        std::mt19937 random{7};
        frames_ = test::conversation({{true, test::prelogin(), at(1)},
                                      {false, test::prelogin_answer(), at(2)},
                                      {true, test::login7(), at(3)},
                                      {false, test::login_answer(), at(4)},
                                      {true, test::batch("EXEC xp_cmdshell 'whoami'"), at(5)},
                                      {false, test::done(), at(6)}},
                                     {}, random);
    }
    void inspect(const std::vector<test::OwnedFrame>& frames) {
        test::inspect_all(*inspector_, frames);
        inspector_->finish(frames.back().time);
    }
    bool has_reason(std::string_view id) const {
        for (const Event* event : events_.of(EventType::kVerdict)) {
            for (std::size_t i = 0; i < event->verdict.reason_count; ++i) {
                if (event->verdict.reasons[i].id.view() == id) return true;
            }
        }
        return false;
    }

    test::EventCollector events_;
    std::unique_ptr<Inspector> inspector_;
    std::vector<test::OwnedFrame> frames_;
};

TEST_F(FragmentTest, TheDatagramIsInspectedWhenItIsWhole) {
    std::vector<test::OwnedFrame> cut;
    std::uint16_t id = 0;
    for (const test::OwnedFrame& frame : frames_) {
        const std::size_t size = frame.bytes.size() - kData;
        ++id;
        if (size < 40) {
            cut.push_back(frame);
            continue;
        }
        cut.push_back(fragment_of(frame, 32, size, id));  // the end first
        cut.push_back(fragment_of(frame, 0, 32, id));
    }
    inspect(cut);
    EXPECT_EQ(events_.worst(), verdict::Level::kMalicious);
    EXPECT_EQ(events_.tds(TdsKind::kLogin).size(), 1u);
    EXPECT_EQ(inspector_->stats().stream.gaps.read(), 0u);
    EXPECT_EQ(inspector_->stats().fragments.datagrams.read(), 6u);
    EXPECT_FALSE(has_reason("overlapping-fragments"));
}

TEST_F(FragmentTest, ContradictionIsEvidenceForTheConversation) {
    std::vector<test::OwnedFrame> cut;
    for (const test::OwnedFrame& frame : frames_) {
        const std::size_t size = frame.bytes.size() - kData;
        const bool is_batch = frame.time == frames_[frames_.size() - 1].time;
        if (size < 100 || is_batch) {
            cut.push_back(frame);
            continue;
        }
        test::OwnedFrame forged = fragment_of(frame, 32, 64, 9);
        forged.bytes.back() ^= 0xff;
        cut.push_back(fragment_of(frame, 0, 64, 9));
        cut.push_back(forged);
        cut.push_back(fragment_of(frame, 64, size, 9));
    }
    inspect(cut);
    EXPECT_TRUE(has_reason("overlapping-fragments"));
    EXPECT_EQ(inspector_->stats().fragments.overlapping.read(), 1u) << "one id, one datagram";
}

TEST_F(FragmentTest, ContradictionBeforeAnyPayloadIsEvidenceOnASqlPort) {
    std::vector<test::OwnedFrame> cut(frames_.begin(), frames_.begin() + 3);  // the handshake
    const test::OwnedFrame& prelogin = frames_[3];
    ASSERT_GT(prelogin.bytes.size(), kData + 32);
    cut.push_back(fragment_of(prelogin, 0, 32, 9));
    cut.push_back(fragment_of(prelogin, 24, prelogin.bytes.size() - kData, 9));
    inspect(cut);
    EXPECT_TRUE(has_reason("overlapping-fragments"));
}

}  // namespace
}  // namespace querytap::pipeline
