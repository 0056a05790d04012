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
    kReverse,
    kReplace,
    kCast,
    kConvert,
    // inside CAST and CONVERT, and after DECLARE
    kAs,
    kMax,
    kTextType,          // varchar, text
    kNationalTextType,  // nvarchar, sysname, ntext: two bytes a character
    // statements that lead to text that is executed
    kExec,
    kExecutesql,  // sp_executesql and the other procedures whose first argument is a statement
    kOpenquery,
    kDeclare,
    kSet,
    kSelect,
};

constexpr bool is_function(Keyword word) noexcept {
    return word >= Keyword::kChar && word <= Keyword::kConvert;
}

constexpr bool is_type(Keyword word) noexcept {
    return word == Keyword::kChar || word == Keyword::kNchar || word == Keyword::kTextType ||
           word == Keyword::kNationalTextType;
}

/// `word` in lower case.
Keyword keyword_of(std::string_view word) noexcept;

}  // namespace querytap::sql
