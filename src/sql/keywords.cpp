#include "keywords.h"

namespace querytap::sql {
namespace {

struct Entry {
    std::string_view word;
    Keyword keyword;
};

// By first letter, so that an ordinary word is compared with few of them.
constexpr Entry kEntries[] = {
    {"as", Keyword::kAs},
    {"cast", Keyword::kCast},
    {"char", Keyword::kChar},
    {"concat", Keyword::kConcat},
    {"convert", Keyword::kConvert},
    {"declare", Keyword::kDeclare},
    {"exec", Keyword::kExec},
    {"execute", Keyword::kExec},
    {"max", Keyword::kMax},
    {"nchar", Keyword::kNchar},
    {"ntext", Keyword::kNationalTextType},
    {"nvarchar", Keyword::kNationalTextType},
    {"openquery", Keyword::kOpenquery},
    {"replace", Keyword::kReplace},
    {"reverse", Keyword::kReverse},
    {"select", Keyword::kSelect},
    {"set", Keyword::kSet},
    {"sp_executesql", Keyword::kExecutesql},
    {"sp_msforeachdb", Keyword::kExecutesql},
    {"sp_msforeachtable", Keyword::kExecutesql},
    {"sp_sqlexec", Keyword::kExecutesql},
    {"sysname", Keyword::kNationalTextType},
    {"text", Keyword::kTextType},
    {"try_cast", Keyword::kCast},
    {"try_convert", Keyword::kConvert},
    {"varchar", Keyword::kTextType},
};

struct Range {
    std::uint8_t begin = 0;
    std::uint8_t end = 0;
};

constexpr auto kByLetter = [] {
    struct {
        Range ranges[26];
    } index{};
    for (std::uint8_t i = 0; i < std::size(kEntries); ++i) {
        Range& range = index.ranges[kEntries[i].word[0] - 'a'];
        if (range.end == 0) range.begin = i;
        range.end = static_cast<std::uint8_t>(i + 1);
    }
    return index;
}();

}  // namespace

Keyword keyword_of(std::string_view word) noexcept {
    if (word.size() < 2 || word[0] < 'a' || word[0] > 'z') return Keyword::kNone;
    const Range range = kByLetter.ranges[word[0] - 'a'];
    for (std::size_t i = range.begin; i < range.end; ++i) {
        if (kEntries[i].word == word) return kEntries[i].keyword;
    }
    return Keyword::kNone;
}

}  // namespace querytap::sql
