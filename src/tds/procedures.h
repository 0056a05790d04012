// The procedures that have a number (MS-TDS 2.2.6.6, ProcID), which of their parameters is SQL, and
// what becomes of handles.
#pragma once

#include <cstdint>
#include <string_view>

#include "statements.h"

namespace querytap::tds {

/// What a procedure does with handles.
struct Handles {
    Statements::Kind takes = Statements::Kind::kNone;  ///< what the first parameter is a handle of
    bool forgets = false;                              ///< and it is one no longer
    bool gives_prepared = false;  ///< the answer returns such a handle, as the first number
    bool gives_cursor = false;    ///< as the first, or behind the prepared one
};

struct Procedure {
    std::uint16_t id;
    std::int8_t statement;  ///< position of the SQL text among the parameters; -1: has none
    std::string_view name;
    Handles handles;
};

/// nullptr when there is none.
const Procedure* find_procedure(std::uint16_t id) noexcept;

/// By a name as clients write it: any case, with database and schema, in brackets or quotes, with a
/// procedure number ("master..[sp_executesql];1").
const Procedure* find_procedure(std::string_view name) noexcept;

/// A parameter that is SQL by its name, wherever it stands.
bool names_statement(std::string_view parameter) noexcept;

}  // namespace querytap::tds
