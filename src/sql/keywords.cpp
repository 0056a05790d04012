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
    {"binary", Keyword::kBinaryType},
    {"cast", Keyword::kCast},
    {"char", Keyword::kChar},
    {"coalesce", Keyword::kFirst},
    {"collate", Keyword::kCollate},
    {"concat", Keyword::kConcat},
    {"concat_ws", Keyword::kConcatWs},
    {"convert", Keyword::kConvert},
    {"declare", Keyword::kDeclare},
    {"exec", Keyword::kExec},
    {"execute", Keyword::kExec},
    {"formatmessage", Keyword::kFormatmessage},
    {"image", Keyword::kBinaryType},
    {"isnull", Keyword::kFirst},
    {"left", Keyword::kLeft},
    {"lower", Keyword::kLower},
    {"ltrim", Keyword::kLtrim},
    {"max", Keyword::kMax},
    {"nchar", Keyword::kNchar},
    {"ntext", Keyword::kNationalTextType},
    {"nvarchar", Keyword::kNationalTextType},
    {"openquery", Keyword::kOpenquery},
    {"replace", Keyword::kReplace},
    {"replicate", Keyword::kReplicate},
    {"reverse", Keyword::kReverse},
    {"right", Keyword::kRight},
    {"rtrim", Keyword::kRtrim},
    {"select", Keyword::kSelect},
    {"set", Keyword::kSet},
    {"sp_cursoropen", Keyword::kCursorOpen},
    {"sp_cursorprepare", Keyword::kPrepare},
    {"sp_cursorprepexec", Keyword::kCursorPrepexec},
    {"sp_execresultset", Keyword::kExecutesql},
    {"sp_executesql", Keyword::kExecutesql},
    {"sp_msforeachdb", Keyword::kExecutesql},
    {"sp_msforeachtable", Keyword::kExecutesql},
    {"sp_prepare", Keyword::kPrepare},
    {"sp_prepexec", Keyword::kPrepare},
    {"sp_sqlexec", Keyword::kExecutesql},
    {"space", Keyword::kSpace},
    {"stuff", Keyword::kStuff},
    {"substring", Keyword::kSubstring},
    {"sysname", Keyword::kNationalTextType},
    {"text", Keyword::kTextType},
    {"translate", Keyword::kTranslate},
    {"trim", Keyword::kTrim},
    {"try_cast", Keyword::kCast},
    {"try_convert", Keyword::kConvert},
    {"upper", Keyword::kUpper},
    {"varbinary", Keyword::kBinaryType},
    {"varchar", Keyword::kTextType},
    {"xp_execresultset", Keyword::kExecutesql},
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
