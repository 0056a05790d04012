// What stands between the parentheses: "keyword;" and "keyword:value;", cut but not yet understood.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/base/result.h>

#include "source.h"

namespace querytap::signature {

struct Option {
    std::string_view name;
    std::size_t name_at = 0;
    std::string_view value;  ///< trimmed; quotes and escapes as written
    std::size_t value_at = 0;
    bool has_value = false;
};

/// `start` is the offset after '('.
Result<std::vector<Option>> split_options(const Source& source, std::size_t start);

/// The inside of a quoted value; its escapes (\" \\ \; \:) are left in place.
struct Quoted {
    std::string_view inner;
    std::size_t at = 0;
    bool negated = false;  ///< !"..."
};
Result<Quoted> unquote(const Source& source, const Option& option, bool may_be_negated);

}  // namespace querytap::signature
