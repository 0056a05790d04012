#include "../../../src/dataplane/load_meter.h"

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
    EXPECT_EQ(sample(meter, 20, 100), Load::kResults);
    EXPECT_EQ(sample(meter, 20, 100), Load::kRequests);
    EXPECT_EQ(sample(meter, 100, 100), Load::kRequests);
}

TEST(LoadMeter, OneLookBelowHalfIsABurstThatWasWorkedOff) {
    LoadMeter meter(kHertz);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(sample(meter, 19, 100), Load::kNormal);
        EXPECT_EQ(sample(meter, 1, 49), Load::kNormal);
    }
}

TEST(LoadMeter, FallsByOneLevelForEachSecondOfCalm) {
    LoadMeter meter(kHertz);
    EXPECT_EQ(sample(meter, 60, 100), Load::kRequests);
    EXPECT_EQ(sample(meter, 999, 0), Load::kRequests);
    EXPECT_EQ(sample(meter, 1, 0), Load::kResults);
    EXPECT_EQ(sample(meter, 999, 24), Load::kResults);
    EXPECT_EQ(sample(meter, 1, 25), Load::kResults);  // not calm: the second begins anew
    EXPECT_EQ(sample(meter, 2000, 0), Load::kNormal);
    EXPECT_EQ(sample(meter, 2000, 0), Load::kNormal);
}

}  // namespace
}  // namespace querytap::dataplane
