#include <querytap/tls/handshake.h>

namespace querytap::tls {

std::string_view name(Version version) noexcept {
    switch (version) {
        case 0x0300:
            return "SSLv3";
        case 0x0301:
            return "TLSv1";
        case 0x0302:
            return "TLS 1.1";
        case kTls12:
            return "TLS 1.2";
        case kTls13:
            return "TLS 1.3";
        default:
            return "UNDETERMINED";
    }
}

}  // namespace querytap::tls
