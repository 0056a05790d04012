// The table of refused keywords and the page that lists them say the same.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "../../../src/signature/keywords.h"
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

/// Names between backticks in a row of a table.
std::vector<std::string> names_in_first_column(std::string_view row) {
    std::vector<std::string> names;
    const std::string_view column = row.substr(0, row.find('|', 1));
    for (std::size_t at = column.find('`'); at != std::string_view::npos;) {
        const std::size_t end = column.find('`', at + 1);
        if (end == std::string_view::npos) break;
        names.emplace_back(column.substr(at + 1, end - at - 1));
        at = column.find('`', end + 1);
    }
    return names;
}

bool is_known(std::string_view name) {
    return find_meta_keyword(name) != nullptr || find_content_keyword(name) != nullptr ||
           find_payload_keyword(name) != nullptr || find_bits_keyword(name) != nullptr ||
           find_xbits_keyword(name) != nullptr || find_number_keyword(name) != nullptr ||
           find_transform_keyword(name) != nullptr || find_rate_keyword(name) != nullptr;
}

TEST(SupportedKeywords, AreThoseOfTheManual) {
    const char* const root = std::getenv("QUERYTAP_SOURCE");
    if (root == nullptr) GTEST_SKIP() << "skipped: QUERYTAP_SOURCE is not set";
    std::ifstream in(std::filesystem::path(root) / "signatures/README.md");
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    const std::size_t begin = page.find("Supported, with Suricata's meaning:");
    const std::size_t end = page.find("Not wanting to hear a rule", begin);
    ASSERT_NE(end, std::string::npos);
    std::size_t count = 0;
    for (std::size_t at = page.find("\n| `", begin); at < end; at = page.find("\n| `", at + 1)) {
        for (const std::string& name :
             names_in_first_column(std::string_view(page).substr(at + 1))) {
            EXPECT_TRUE(is_known(name)) << name;
            EXPECT_EQ(find_refused(name), nullptr) << name;
            ++count;
        }
    }
    EXPECT_GE(count, 30u);
}

TEST(RefusedKeywords, EachSaysWhatToDoInstead) {
    for (const RefusedKeyword& keyword : refused_keywords()) {
        EXPECT_FALSE(keyword.instead.empty()) << keyword.name;
        EXPECT_EQ(find_refused(keyword.name)->name, keyword.name) << "hidden by an earlier entry";
    }
}

}  // namespace
}  // namespace querytap::signature
