// Address and port lists of rule headers.
#pragma once

#include <string_view>

#include <querytap/base/result.h>
#include <querytap/signature/ruleset.h>

#include "rule_model.h"
#include "source.h"

namespace querytap::signature {

/// A word of the rule's text, and where it stands.
struct Word {
    std::string_view text;
    std::size_t at = 0;
};

Result<RangeSet<IpAddress>> parse_addresses(const Source& source, Word word,
                                            const Variables& variables);
Result<RangeSet<std::uint16_t>> parse_ports(const Source& source, Word word,
                                            const Variables& variables);

}  // namespace querytap::signature
