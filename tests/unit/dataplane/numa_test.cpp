#include "../../../src/dataplane/numa.h"

#include <gtest/gtest.h>

namespace querytap::dataplane {
namespace {

/// Sixteen cores, eight to a node.
int two_nodes(unsigned cpu) {
    return static_cast<int>(cpu / 8);
}
int one_node(unsigned) {
    return -1;
}

TEST(Numa, ACoreOnAnotherNodeIsNamed) {
    const auto far = far_from_port("0000:81:00.0", 1, {8, 9, 3}, two_nodes);
    ASSERT_TRUE(far);
    EXPECT_EQ(far->status, Finding::Status::kWarning);
    EXPECT_EQ(far->subject, "port 0000:81:00.0");
    EXPECT_EQ(far->text, "it stands on NUMA node 1, core 3 on node 0");
    EXPECT_NE(far->hint.find("node 1"), std::string::npos);
}

TEST(Numa, NothingIsSaidWhereAllIsNearOrNothingIsKnown) {
    EXPECT_FALSE(far_from_port("p", 1, {8, 15}, two_nodes));
    EXPECT_FALSE(far_from_port("p", -1, {0, 15}, two_nodes));
    EXPECT_FALSE(far_from_port("p", 0, {0, 15}, one_node));
}

}  // namespace
}  // namespace querytap::dataplane
