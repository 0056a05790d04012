// A statement as rules see it: every view that the pipeline would make of it. For tools and tests;
// allocates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <querytap/signature/rule.h>

namespace querytap::signature {

/// One value of one buffer.
struct Value {
    Buffer buffer{};
    std::string text;
};

struct StatementViews {
    /// tds.sql first, then tds.sql.raw, each text that is executed (tds.sql), tds.decoded,
    /// tds.literal; without what is empty.
    std::vector<Value> values;
    std::uint64_t query_hash = 0;
};

/// `statement` in UTF-8, as a client sends it in one batch.
StatementViews views_of(std::string_view statement);

}  // namespace querytap::signature
