// "alert tds any any -> $SQL_SERVERS [1433,2433] (": action, protocol, addresses, ports, direction.
#pragma once

#include <cstddef>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>

#include "rule_model.h"
#include "source.h"

namespace querytap::signature {

/// Fills action and header. Returns the offset just after the opening parenthesis.
Result<std::size_t> parse_header(const Source& source, const Variables& variables,
                                 ParsedRule& rule);

}  // namespace querytap::signature
