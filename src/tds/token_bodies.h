// The inside of tokens that have a length: ERROR, INFO, LOGINACK, ENVCHANGE.
#pragma once

#include "facts.h"

namespace querytap::tds {

/// Each calls its handler and returns true, or returns false when the body is not what its token
/// should have. A body may be cut behind the first 4,080 bytes: texts are shorter then.
bool read_error(Bytes body, bool is_info, const MessageScope& scope);
bool read_login_ack(Bytes body, const MessageScope& scope);
bool read_env_change(Bytes body, const MessageScope& scope);

/// ENVCHANGE 15, the one whose length does not count its value (MS-TDS 2.2.7.9).
bool promotes_transaction(Bytes body) noexcept;

}  // namespace querytap::tds
