// The procedures that have a number (MS-TDS 2.2.6.6, ProcID), and which of their parameters is SQL.
#pragma once

#include <cstdint>
#include <string_view>

namespace querytap::tds {

struct Procedure {
    std::uint16_t id;
    std::int8_t statement;  ///< position of the SQL text among the parameters; -1: has none
    std::string_view name;
};

/// nullptr when there is none.
const Procedure* find_procedure(std::uint16_t id) noexcept;

/// By a name as clients write it: any case, with database and schema, in brackets or quotes, with a
/// procedure number ("master..[sp_executesql];1").
const Procedure* find_procedure(std::string_view name) noexcept;

/// A parameter that is SQL by its name, wherever it stands.
bool names_statement(std::string_view parameter) noexcept;

}  // namespace querytap::tds
