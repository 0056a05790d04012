// The Certificate message (RFC 5246 7.4.2) and of the first certificate in it (RFC 5280 4.1) what
// says who, by whom and how long. Nothing is verified: keys and signatures are not looked at.
#pragma once

#include <querytap/base/bytes.h>
#include <querytap/tls/handshake.h>

namespace querytap::tls {

/// `message` may be cut behind the leaf's subject. False when there is no certificate to read.
bool read_certificate_message(Bytes message, Certificate& certificate) noexcept;

/// One certificate, in DER.
bool read_certificate(Bytes der, Certificate& certificate) noexcept;

}  // namespace querytap::tls
