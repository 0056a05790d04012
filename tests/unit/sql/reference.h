// The normalised spelling, computed the slow and simple way from a whole text: what the streaming
// lexer is compared with. Knows '+' between literals, but no functions and no dynamic SQL.
#pragma once

#include <string>
#include <string_view>

namespace querytap::sql::test {

struct Reference {
    std::string normalised;
    std::string literals;
};

Reference reference(std::string_view utf8);

}  // namespace querytap::sql::test
