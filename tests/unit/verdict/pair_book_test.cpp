#include <gtest/gtest.h>

#include <querytap/verdict/pair_book.h>

namespace querytap::verdict {
namespace {

using namespace std::chrono_literals;

const Pair kPair{IpAddress::v4(0x0a010203), IpAddress::v4(0xcb007132), 1433};
constexpr Timestamp kNow = Timestamp{std::chrono::nanoseconds{1'767'225'600'000'000'000}};

Reason reason(std::string_view id, std::uint16_t weight) {
    Reason made;
    made.kind = Kind::kPolicy;
    made.weight = weight;
    made.id.assign(id);
    made.text.assign(id);
    return made;
}

class Pairs : public testing::Test {
  protected:
    PairBook::Outcome add(std::string_view id, std::uint16_t weight, std::uint64_t flow,
                          Timestamp now, Level level = Level::kUnknown, const Pair& pair = kPair) {
        return book_.add(pair, flow, level, std::array{reason(id, weight)}, left_out_, now);
    }
    std::vector<PairVerdict> advance(Timestamp now) {
        std::vector<PairVerdict> told;
        book_.advance(now,
                      [&](const Pair&, const PairVerdict& verdict) { told.push_back(verdict); });
        return told;
    }
    std::uint8_t left_out_ = 0;  ///< of the flows that are added
    PairBook book_{{.half_life = 1h, .pairs = 4, .records_a_minute = 3}};
};

TEST_F(Pairs, AddUpWhatNoFlowAmountsTo) {
    EXPECT_FALSE(add("a", 15, 1, kNow).pair);
    EXPECT_FALSE(add("b", 15, 2, kNow).pair);
    EXPECT_FALSE(add("a", 15, 3, kNow).pair) << "the same counts once";
    const auto told = add("c", 15, 4, kNow).pair;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->level, Level::kSuspicious);
    EXPECT_EQ(told->previous, Level::kUnknown);
    EXPECT_EQ(told->score, 45u);
    EXPECT_EQ(told->flows, 4u);
    ASSERT_EQ(told->reason_count, 3);
    EXPECT_EQ(told->reasons[0].id.view(), "a");
    EXPECT_EQ(told->reasons[0].count, 2u) << "flows that had it";
}

TEST_F(Pairs, FadeAndAreForgiven) {
    ASSERT_TRUE(add("a", 50, 1, kNow).pair);
    EXPECT_TRUE(advance(kNow + 10min).empty());
    const auto told = advance(kNow + 1h);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].level, Level::kUnknown);
    EXPECT_EQ(told[0].previous, Level::kSuspicious);
    EXPECT_EQ(told[0].score, 25u);
    EXPECT_EQ(book_.size(), 1u);
    EXPECT_TRUE(advance(kNow + 8h).empty());
    EXPECT_EQ(book_.size(), 0u) << "nothing is left";
}

TEST_F(Pairs, EvidenceSeenAgainIsFresh) {
    add("a", 50, 1, kNow);
    EXPECT_EQ(advance(kNow + 1h).size(), 1u);
    const auto told = add("a", 50, 2, kNow + 1h).pair;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->score, 50u);
}

TEST_F(Pairs, AreAsBadAsTheirWorstFlow) {
    const auto told = add("a", 10, 1, kNow, Level::kMalicious).pair;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->level, Level::kMalicious);
}

TEST_F(Pairs, RecordsOfFlowsAreFoldedAndCounted) {
    for (std::uint64_t flow = 1; flow <= 3; ++flow)
        EXPECT_TRUE(add("a", 5, flow, kNow).write_flow);
    for (std::uint64_t flow = 4; flow <= 9; ++flow)
        EXPECT_FALSE(add("a", 5, flow, kNow).write_flow);
    EXPECT_TRUE(add("b", 5, 9, kNow).write_flow) << "what is new is never folded";
    const auto told = advance(kNow + 1min);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].folded, 6u);
    EXPECT_EQ(told[0].level, told[0].previous);
    EXPECT_TRUE(advance(kNow + 2min).empty());
    EXPECT_TRUE(add("a", 5, 10, kNow + 2min).write_flow);
}

TEST_F(Pairs, SayWhatWasLeftOutOfTheirFlows) {
    for (std::uint64_t flow = 1; flow <= 3; ++flow)
        add("a", 5, flow, kNow);
    EXPECT_FALSE(add("a", 5, 4, kNow).write_flow);
    left_out_ = 0b010;
    EXPECT_TRUE(add("a", 5, 4, kNow).write_flow) << "told again, for it is degraded";
    EXPECT_FALSE(add("a", 5, 5, kNow).write_flow);
    left_out_ = 0b100;
    EXPECT_TRUE(add("a", 5, 6, kNow).write_flow);
    left_out_ = 0;
    const auto told = add("b", 50, 7, kNow).pair;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->left_out, 0b110);
}

TEST_F(Pairs, AreBounded) {
    for (std::uint32_t i = 0; i < 6; ++i)
        add("a", 5, i, kNow, Level::kUnknown, {IpAddress::v4(i), kPair.server, 1433});
    EXPECT_EQ(book_.size(), 4u);
    EXPECT_EQ(book_.left_out(), 2u);
    for (int i = 0; i < 20; ++i)
        add("r" + std::to_string(i), static_cast<std::uint16_t>(i / 4), 1, kNow, Level::kUnknown,
            {IpAddress::v4(0), kPair.server, 1433});
    const auto told =
        add("heavy", 90, 2, kNow, Level::kUnknown, {IpAddress::v4(0), kPair.server, 1433}).pair;
    ASSERT_TRUE(told);
    EXPECT_EQ(told->reason_count, kReasonsMax);
    EXPECT_EQ(told->reasons[0].id.view(), "heavy");
    EXPECT_EQ(told->reasons[1].id.view(), "a");
    EXPECT_EQ(told->reasons[2].weight, 4);
}

TEST_F(Pairs, NothingHeldAgainstThemIsNoEntry) {
    EXPECT_TRUE(book_.add(kPair, 1, Level::kBenign, {}, 0, kNow).write_flow);
    EXPECT_EQ(book_.size(), 0u);
}

}  // namespace
}  // namespace querytap::verdict
