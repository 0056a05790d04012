#include <gtest/gtest.h>

#include <querytap/verdict/habits.h>

namespace querytap::verdict {
namespace {

using namespace std::chrono_literals;

const Pair kPair{IpAddress::v4(0x0a010203), IpAddress::v4(0xcb007132), 1433};
constexpr Timestamp kNow = Timestamp{std::chrono::nanoseconds{1'767'225'600'000'000'000}};

TEST(Habits, APollerHasAnInterval) {
    Habits habits(10);
    EXPECT_EQ(habits.words(kPair), "10.1.2.3 speaks to 203.0.113.50:1433");
    const std::chrono::milliseconds jitter[] = {0ms, 100ms, -100ms, 50ms, -50ms, 0ms, 80ms};
    int became_regular = 0;
    for (int i = 0; i < 7; ++i) {
        if (habits.add(kPair, kNow + i * 5s + jitter[i], "sa", false)) ++became_regular;
        if (i == 4) {
            EXPECT_EQ(habits.words(kPair),
                      "10.1.2.3 speaks to 203.0.113.50:1433, in clear text, as sa");
        }
    }
    EXPECT_EQ(became_regular, 1);
    EXPECT_EQ(habits.words(kPair),
              "10.1.2.3 polls 203.0.113.50:1433 every 5.0 s \u00b1 2 %, in clear text, as sa");
}

TEST(Habits, PeopleAndPoolsHaveNone) {
    Habits habits(10);
    for (const auto at : {0s, 1s, 60s, 61s, 300s, 301s, 302s, 900s, 901s})
        EXPECT_FALSE(habits.add(kPair, kNow + at, "", true));
    EXPECT_EQ(habits.words(kPair), "10.1.2.3 speaks to 203.0.113.50:1433, encrypted");
}

TEST(Habits, ConnectionsSideBySideDoNotDisturb) {
    Habits habits(10);
    for (int i = 0; i < 8; ++i) {
        habits.add(kPair, kNow + i * 10min, "", false);
        habits.add(kPair, kNow + i * 10min, "", false);
    }
    EXPECT_EQ(habits.words(kPair),
              "10.1.2.3 polls 203.0.113.50:1433 every 10.0 min \u00b1 0 %, in clear text");
}

TEST(Habits, AVisitMayHaveSeveralConnections) {
    Habits habits(10);
    for (int i = 0; i < 7; ++i) {
        for (const auto after : {0ms, 1200ms, 3900ms})
            habits.add(kPair, kNow + i * 60s + after, "", false);
    }
    EXPECT_EQ(habits.words(kPair),
              "10.1.2.3 polls 203.0.113.50:1433 every 59.4 s \u00b1 2 %, in clear text")
        << "a little short: it had to learn what a visit is";
}

TEST(Habits, AreBounded) {
    Habits habits(1);
    habits.add(kPair, kNow, "sa", false);
    const Pair other{IpAddress::parse("2001:db8::1").value(),
                     IpAddress::parse("2001:db8::2").value(), 1433};
    EXPECT_FALSE(habits.add(other, kNow, "x", false));
    EXPECT_EQ(habits.words(other), "2001:db8::1 speaks to [2001:db8::2]:1433");
}

}  // namespace
}  // namespace querytap::verdict
