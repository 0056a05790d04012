// The table of refused keywords and the page that lists them say the same.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "../../../src/signature/refused.h"

namespace querytap::signature {
namespace {

TEST(RefusedKeywords, EachIsListedInTheManual) {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    if (root == nullptr) GTEST_SKIP() << "skipped: QUERYTAP_SOURCE is not set";
    std::ifstream in(std::filesystem::path(root) / "signatures/README.md");
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    ASSERT_FALSE(page.empty());
    for (const RefusedKeyword& keyword : refused_keywords()) {
        EXPECT_NE(page.find("`" + std::string(keyword.name) + "`"), std::string::npos)
            << keyword.name;
    }
}

TEST(RefusedKeywords, EachSaysWhatToDoInstead) {
    for (const RefusedKeyword& keyword : refused_keywords()) {
        EXPECT_FALSE(keyword.instead.empty()) << keyword.name;
        EXPECT_EQ(find_refused(keyword.name)->name, keyword.name) << "hidden by an earlier entry";
    }
}

}  // namespace
}  // namespace querytap::signature
