// ALL_HEADERS (MS-TDS 2.2.5.3): before the text of SQLBatch, RPC and transaction manager requests,
// from TDS 7.2 on.
#pragma once

#include "unit.h"

namespace querytap::tds {

/// Moves the reader behind the headers, or not at all when there are none. Says so to the facts
/// (who sends them speaks 7.2) and reports what cannot be: a total that lies, headers that must be
/// there and are not. The text is found in any case: behind the last header that looks like one.
Step read_all_headers(Reader& reader, const MessageScope& scope, bool& present);

}  // namespace querytap::tds
