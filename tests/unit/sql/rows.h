// The tables that say what the normaliser makes of a text.
#pragma once

#include <string_view>
#include <vector>

namespace querytap::sql::test {

struct Row {
    std::string_view sql;
    std::string_view normalised;
    std::string_view literals;  ///< a line each
    std::string_view dynamic;   ///< the dynamic views, each ended by '\n'
};

const std::vector<Row>& spelling_rows();
const std::vector<Row>& folding_rows();
const std::vector<Row>& dynamic_rows();
const std::vector<Row>& lookalike_rows();

}  // namespace querytap::sql::test
