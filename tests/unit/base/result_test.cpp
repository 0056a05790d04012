#include <memory>

#include <gtest/gtest.h>

#include <querytap/base/result.h>

namespace querytap {
namespace {

Result<int> half_of(int value) {
    if (value % 2 != 0) return Error{.message = "odd"};
    return value / 2;
}

TEST(Result, HoldsAValueOrAnError) {
    ASSERT_TRUE(half_of(8).ok());
    EXPECT_EQ(*half_of(8), 4);
    ASSERT_FALSE(half_of(7));
    EXPECT_EQ(half_of(7).error().message, "odd");
}

TEST(Result, MovesWhatCannotBeCopied) {
    Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
    const std::unique_ptr<int> taken = std::move(result).value();
    EXPECT_EQ(*taken, 3);
}

TEST(Error, ReadsAsACompilerPrintsIt) {
    const Error full{.message = "unknown key",
                     .hint = "did you mean 'ports'?",
                     .file = "q.yaml",
                     .line = 3,
                     .column = 7};
    EXPECT_EQ(full.to_string(), "q.yaml:3:7: unknown key (did you mean 'ports'?)");
    EXPECT_EQ((Error{.message = "no such file", .file = "q.yaml"}).to_string(),
              "q.yaml: no such file");
    EXPECT_EQ((Error{.message = "no", .line = 4}).to_string(), "no") << "a line of which file?";
    EXPECT_EQ((Error{.message = "m", .file = "f", .line = 2}).to_string(), "f:2: m");
}

}  // namespace
}  // namespace querytap
