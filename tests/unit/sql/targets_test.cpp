// Every instruction set that this machine has gives the same views.
#include <random>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "collector.h"
#include "rows.h"

namespace querytap::sql::test {
namespace {

void choose(std::int64_t targets) {
    hwy::SetSupportedTargetsForTest(targets);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST(Targets, AllAgree) {
    std::mt19937 random(7);
    std::vector<std::string> texts;
    for (int round = 0; round < 400; ++round) {
        std::string text;
        for (int i = 0; i < 30; ++i) {
            const auto& rows = i % 3 == 0 ? lookalike_rows() : spelling_rows();
            text += std::string(rows[random() % rows.size()].sql) + "\n";
        }
        texts.push_back(encode(text, Encoding::kUtf16le));
    }
    std::vector<Collected> expected;
    for (const std::string& text : texts)
        expected.push_back(run(text, Encoding::kUtf16le));
    const std::int64_t all = hwy::SupportedTargets();
    for (std::int64_t target = 1; target > 0 && target <= HWY_SCALAR; target <<= 1) {
        if ((all & target) == 0) continue;
        choose(target);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            EXPECT_EQ(run(texts[i], Encoding::kUtf16le), expected[i]) << hwy::TargetName(target);
        }
    }
    choose(0);
}

}  // namespace
}  // namespace querytap::sql::test
