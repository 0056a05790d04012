#include <gtest/gtest.h>

#include <querytap/base/time.h>

namespace querytap {
namespace {

TEST(Time, NanosecondsThereAndBack) {
    EXPECT_EQ(to_ns(from_ns(1'700'000'000'123'456'789)), 1'700'000'000'123'456'789);
    EXPECT_EQ(to_ns(from_ns(-5)), -5);
}

TEST(Time, LaterByStopsAtTheEnds) {
    using std::chrono::seconds;
    EXPECT_EQ(later_by(from_ns(10), Duration(5)), from_ns(15));
    EXPECT_EQ(later_by(from_ns(10), Duration(-15)), from_ns(-5));
    EXPECT_EQ(later_by(Timestamp::max(), seconds(1)), Timestamp::max());
    EXPECT_EQ(later_by(Timestamp::min(), -seconds(1)), Timestamp::min());
    EXPECT_EQ(later_by(from_ns(1), Duration::max()), Timestamp::max());
}

}  // namespace
}  // namespace querytap
