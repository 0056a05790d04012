// PRELOGIN (MS-TDS 2.2.6.5), from either side.
#pragma once

#include <querytap/base/bytes.h>
#include <querytap/tds/message.h>

namespace querytap::tds {

/// False when the options are not what MS-TDS says; what could be read is in `prelogin` all the
/// same.
bool read_prelogin(Bytes message, Direction direction, Prelogin& prelogin) noexcept;

}  // namespace querytap::tds
