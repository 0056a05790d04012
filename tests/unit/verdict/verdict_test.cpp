#include <string>

#include <gtest/gtest.h>

#include <querytap/verdict/evidence.h>

namespace querytap::verdict {
namespace {

Result<Weights> weights(std::string_view yaml) {
    const auto config = config::parse("ports: [{vdev: net_null0}]\n" + std::string(yaml), "q.yaml");
    EXPECT_TRUE(config.ok());
    return weights_of(config->verdict);
}

TEST(Weights, OfTheTableUnlessTheOwnerSaysOtherwise) {
    const auto changed =
        weights("verdict:\n  weights:\n    framing-lost: 90\n    urgent-data: 0\n");
    ASSERT_TRUE(changed.ok());
    Weights expected = default_weights();
    expected[static_cast<std::size_t>(Evidence::kFramingLost)] = 90;
    expected[static_cast<std::size_t>(Evidence::kUrgentData)] = 0;
    EXPECT_EQ(*changed, expected);
    EXPECT_NE(expected, default_weights());
    EXPECT_EQ(*weights("verdict:\n  weights:\n"), default_weights());
}

TEST(Weights, OfAFindingThatIsNone) {
    const auto wrong = weights("verdict:\n  weights:\n    framing-list: 90\n");
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().to_string(),
              "q.yaml:4:5: there is no finding 'framing-list' (did you mean 'framing-lost'?)");
}

TEST(Weights, ConfidenceDecides) {
    EXPECT_GE(signature_weight("high", 1), kMaliciousFrom);
    EXPECT_GE(signature_weight("medium", 1), kSuspiciousFrom);
    EXPECT_LT(signature_weight("medium", 1), kMaliciousFrom);
    EXPECT_GE(2 * signature_weight("medium", 1), kMaliciousFrom);
    EXPECT_LT(signature_weight("low", 1), kSuspiciousFrom);
    EXPECT_LT(signature_weight("high", 4), kSuspiciousFrom);
}

TEST(Ledger, RisesAndNeverFalls) {
    Ledger ledger;
    EXPECT_EQ(ledger.level(), Level::kUnknown);
    EXPECT_TRUE(ledger.allow());
    EXPECT_EQ(ledger.level(), Level::kBenign);
    EXPECT_FALSE(ledger.allow());
    EXPECT_FALSE(ledger.add(Kind::kSignature, "sid:1", "a", "", 15));
    EXPECT_EQ(ledger.level(), Level::kBenign);
    EXPECT_TRUE(ledger.add(Kind::kSignature, "sid:2", "b", "T1505", 50));
    EXPECT_EQ(ledger.level(), Level::kSuspicious);
    EXPECT_FALSE(ledger.allow());
    EXPECT_TRUE(ledger.add(Kind::kProtocol, "framing-lost", "c", "", 50));
    EXPECT_EQ(ledger.level(), Level::kMalicious);
    EXPECT_EQ(ledger.score(), 115u);
    EXPECT_EQ(ledger.size(), 3u);
    EXPECT_EQ(ledger[1].technique.view(), "T1505");
}

TEST(Ledger, TheSameEvidenceCountsOnce) {
    Ledger ledger;
    EXPECT_TRUE(ledger.add(Kind::kSignature, "sid:1", "a", "", 50));
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(ledger.add(Kind::kSignature, "sid:1", "a", "", 50));
    EXPECT_EQ(ledger.level(), Level::kSuspicious);
    EXPECT_EQ(ledger.score(), 50u);
    EXPECT_EQ(ledger[0].count, 101u);
}

TEST(Ledger, AHeavyReasonTakesThePlaceOfALightOne) {
    Ledger ledger;
    for (std::size_t i = 0; i < kReasonsMax; ++i) {
        ledger.add(Kind::kProtocol, "light-" + std::to_string(i), "", "", 1);
    }
    EXPECT_EQ(ledger.folded(), 0u);
    EXPECT_TRUE(ledger.add(Kind::kSignature, "sid:9", "heavy", "", 100));
    EXPECT_EQ(ledger.folded(), 1u);
    EXPECT_EQ(ledger.size(), kReasonsMax);
    bool found = false;
    for (std::size_t i = 0; i < ledger.size(); ++i)
        found |= ledger[i].id.view() == "sid:9";
    EXPECT_TRUE(found);
}

TEST(Ledger, ReasonsWithoutAPlaceDoNotPileUp) {
    Ledger ledger;
    for (std::size_t i = 0; i < kReasonsMax; ++i) {
        ledger.add(Kind::kProtocol, "reason-" + std::to_string(i), "", "", 2);
    }
    const auto score = ledger.score();
    for (int i = 0; i < 1000; ++i)
        ledger.add(Kind::kProtocol, "late", "", "", 1);
    EXPECT_EQ(ledger.score(), score);
    EXPECT_EQ(ledger.folded(), 1000u);
}

}  // namespace
}  // namespace querytap::verdict
