// What the two sides agreed on about encryption (MS-TDS 2.2.6.5, 3.2.5.1), and what they do then.
#pragma once

#include "facts.h"

namespace querytap::tds {

/// PRELOGIN said `raw`.
void note_encryption(Direction direction, std::uint8_t raw, const Scope& scope);

/// A TLS handshake within PRELOGIN packets.
void note_wrapped_tls(Direction direction, const Scope& scope);

/// A TLS record on the stream itself. expected: nothing of a TDS session came before it in the
/// clear (TDS 8.0, or picked up mid-stream).
void note_bare_tls(Direction direction, std::uint8_t content_type, std::size_t size, bool expected,
                   const Scope& scope);

/// A message in the clear that is not PRELOGIN: TLS, if there was any, has ended.
void note_clear_message(const MessageInfo& info, const Scope& scope);

/// End of the flow.
void note_end(const Scope& scope);

}  // namespace querytap::tds
