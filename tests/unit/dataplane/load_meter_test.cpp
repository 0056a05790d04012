#include "../../../src/dataplane/load_meter.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace querytap::dataplane {
namespace {

using pipeline::Load;

constexpr std::uint64_t kHertz = 2'000'000;

Load sample(LoadMeter& meter, unsigned count, unsigned fill_percent) {
    Load load{};
    for (unsigned i = 0; i < count; ++i)
        load = meter.sample(fill_percent);
    return load;
}

TEST(LoadMeter, SamplesEveryMillisecond) {
    LoadMeter meter(kHertz);
    EXPECT_TRUE(meter.due(5000));
    EXPECT_FALSE(meter.due(5001));
    EXPECT_FALSE(meter.due(6999));
    EXPECT_TRUE(meter.due(7000));
}

TEST(LoadMeter, RisesByOneLevelForEachTwentyMillisecondsOfPressure) {
    LoadMeter meter(kHertz);
    EXPECT_EQ(sample(meter, 19, 50), Load::kNormal);
    EXPECT_EQ(sample(meter, 1, 50), Load::kStreams);
    EXPECT_EQ(sample(meter, 20, 89), Load::kResults);
    EXPECT_EQ(sample(meter, 20, 89), Load::kRequests);
    EXPECT_EQ(sample(meter, 100, 89), Load::kRequests);
}

TEST(LoadMeter, RisesByOneLevelForEachTwoLooksAtAFullQueue) {
    LoadMeter meter(kHertz);
    EXPECT_EQ(sample(meter, 1, 90), Load::kNormal);
    EXPECT_EQ(sample(meter, 1, 90), Load::kStreams);
    EXPECT_EQ(sample(meter, 2, 100), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 100), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 89), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 100), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 100), Load::kRequests);
}

TEST(LoadMeter, OneLookBelowHalfIsABurstThatWasWorkedOff) {
    LoadMeter meter(kHertz);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(sample(meter, 19, 89), Load::kNormal);
        EXPECT_EQ(sample(meter, 1, 49), Load::kNormal);
    }
}

TEST(LoadMeter, FallsByOneLevelForEachSecondOfCalm) {
    LoadMeter meter(kHertz);
    EXPECT_EQ(sample(meter, 6, 100), Load::kRequests);
    EXPECT_EQ(sample(meter, 999, 0), Load::kRequests);
    EXPECT_EQ(sample(meter, 1, 0), Load::kResults);
    EXPECT_EQ(sample(meter, 999, 24), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 25), Load::kResults);  // not calm: the second begins anew
    EXPECT_EQ(sample(meter, 2000, 0), Load::kNormal);
    EXPECT_EQ(sample(meter, 2000, 0), Load::kNormal);
}

/// A worker and its queue, millisecond by millisecond: packets come, fewer are worked off than come
/// unless something is left out, and what finds the queue full is lost.
struct Worked {
    static constexpr double kQueue = 1024;

    LoadMeter meter{kHertz};
    std::array<double, pipeline::kLoadMax + 1> worked_off;  ///< in a millisecond, by level
    double waiting = 0;
    Load level = Load::kNormal;
    double lost = 0;
    unsigned falls = 0;

    void run(unsigned seconds, double packets) {
        lost = 0;
        falls = 0;
        for (unsigned ms = 0; ms < seconds * 1000; ++ms) {
            waiting = std::max(0.0, waiting + packets - worked_off[static_cast<unsigned>(level)]);
            lost += std::max(0.0, waiting - kQueue);
            waiting = std::min(waiting, kQueue);
            const Load before = level;
            level = meter.sample(static_cast<unsigned>(waiting * 100 / kQueue));
            falls += level < before ? 1 : 0;
        }
    }
};

TEST(LoadMeter, SteadyOverloadIsTriedAgainMoreAndMoreRarely) {
    Worked worker{.worked_off = {800, 900, 1200, 2000}};
    worker.run(600, 1000);
    EXPECT_GE(worker.level, Load::kResults);
    EXPECT_LE(worker.falls, 20u);  // once a second it would be 600
    EXPECT_LT(worker.lost, 600 * 1000.0 * 1000 / 50'000);
    worker.run(600, 1000);
    EXPECT_LE(worker.falls, 10u);
    EXPECT_GE(worker.falls, 5u) << "the overload may be over: it is tried about once a minute";
}

TEST(LoadMeter, AfterALongCalmItFallsAsSoonAsAtFirst) {
    Worked worker{.worked_off = {800, 900, 1200, 2000}};
    worker.run(600, 1000);
    worker.run(3 * 64 + 1, 100);
    EXPECT_EQ(worker.level, Load::kNormal);
    worker.run(61, 100);
    worker.run(1, 1000);
    EXPECT_GE(worker.level, Load::kResults);
    worker.run(4, 100);
    EXPECT_EQ(worker.level, Load::kNormal);
}

TEST(LoadMeter, WhatIsFarTooMuchIsLostForMillisecondsOnly) {
    Worked worker{.worked_off = {1000, 1500, 3000, 12'000}};
    worker.run(1, 10'000);
    EXPECT_EQ(worker.level, Load::kRequests);
    EXPECT_LT(worker.lost, 10 * 10'000.0);
}

}  // namespace
}  // namespace querytap::dataplane
