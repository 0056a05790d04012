// X.501 names as text: "C=US, O=Contoso, CN=db01", in the order of the certificate, as Suricata and
// openssl's oneline form have it.
#pragma once

#include <querytap/base/bounded_text.h>
#include <querytap/base/bytes.h>

namespace querytap::tls {

/// `name`: the content of the SEQUENCE. False when it is no Name.
bool print_name(Bytes name, BoundedText<256>& out) noexcept;

}  // namespace querytap::tls
