// The words that folding and the tracking of dynamic SQL look for.
#pragma once

#include <cstdint>
#include <string_view>

namespace querytap::sql {

enum class Keyword : std::uint8_t {
    kNone,
    // functions of constants
    kChar,  // also a type
    kNchar,
    kConcat,
    kConcatWs,
    kReverse,
    kReplace,
    kSubstring,
    kLeft,
    kRight,
    kStuff,
    kTranslate,
    kLower,
    kUpper,
    kTrim,
    kLtrim,
    kRtrim,
    kSpace,
    kReplicate,
    kFormatmessage,
    kFirst,  // ISNULL, COALESCE: the first argument, if it is a constant
    kCast,
    kConvert,
    // inside CAST and CONVERT, and after DECLARE
    kAs,
    kMax,
    kTextType,          // varchar, text
    kNationalTextType,  // nvarchar, sysname, ntext: two bytes a character
    kBinaryType,        // varbinary, binary, image
    kCollate,           // between a literal and '+'
    // statements that lead to text that is executed
    kExec,
    kExecutesql,      // sp_executesql and the other procedures whose first argument is a statement
    kCursorOpen,      // sp_cursoropen: the second
    kPrepare,         // sp_prepare, sp_prepexec, sp_cursorprepare: the third
    kCursorPrepexec,  // the fourth
    kOpenquery,
    kDeclare,
    kSet,
    kSelect,
};

constexpr bool is_function(Keyword word) noexcept {
    return word >= Keyword::kChar && word <= Keyword::kConvert;
}

/// Procedures that execute one of their arguments, and which it is (from 0); otherwise -1.
constexpr int statement_argument(Keyword word) noexcept {
    if (word < Keyword::kExecutesql || word > Keyword::kCursorPrepexec) return -1;
    return static_cast<int>(word) - static_cast<int>(Keyword::kExecutesql);
}

constexpr bool is_text_type(Keyword word) noexcept {
    return word == Keyword::kChar || word == Keyword::kNchar || word == Keyword::kTextType ||
           word == Keyword::kNationalTextType;
}

constexpr bool is_type(Keyword word) noexcept {
    return is_text_type(word) || word == Keyword::kBinaryType;
}

/// `word` in lower case.
Keyword keyword_of(std::string_view word) noexcept;

}  // namespace querytap::sql
