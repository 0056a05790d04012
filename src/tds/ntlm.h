// Who an NTLM message says it is (MS-NLMP 2.2.1).
#pragma once

#include <querytap/base/bytes.h>
#include <querytap/tds/message.h>

namespace querytap::tds {

/// Looks for a NEGOTIATE or AUTHENTICATE message in a security token, bare or within SPNEGO. False
/// when there is none. Names that are not within the bytes stay empty.
bool read_ntlm(Bytes token, NtlmIdentity& identity) noexcept;

}  // namespace querytap::tds
