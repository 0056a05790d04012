#include <gtest/gtest.h>

#include <querytap/base/bounded_text.h>

namespace querytap {
namespace {

TEST(BoundedText, KeepsWhatFitsAndRemembersWhatDidNot) {
    BoundedText<8> text;
    EXPECT_TRUE(text.empty());
    text.assign("select");
    EXPECT_EQ(text.view(), "select");
    EXPECT_FALSE(text.truncated());
    text.append(" 1 from t");
    EXPECT_EQ(text.view(), "select 1");
    EXPECT_TRUE(text.full());
    EXPECT_TRUE(text.truncated());
}

TEST(BoundedText, ExactlyFullIsNotTruncated) {
    BoundedText<4> text;
    text.append("abcd");
    EXPECT_TRUE(text.full());
    EXPECT_FALSE(text.truncated());
    text.append("");
    EXPECT_FALSE(text.truncated());
}

TEST(BoundedText, AssignForgetsEverything) {
    BoundedText<2> text;
    text.assign("abc");
    ASSERT_TRUE(text.truncated());
    text.assign("x");
    EXPECT_EQ(text.view(), "x");
    EXPECT_FALSE(text.truncated());
}

}  // namespace
}  // namespace querytap
