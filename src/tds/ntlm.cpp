#include "ntlm.h"

#include "text.h"

namespace querytap::tds {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "NTLMSSP\0"sv;
constexpr std::uint32_t kUnicode = 0x00000001;

/// Fields of u16 length, u16 allocated, u32 offset.
Bytes field(Bytes message, std::size_t at) noexcept {
    Reader fields(message);
    fields.skip(at);
    const std::uint16_t size = fields.u16le();
    fields.skip(2);
    const std::uint32_t offset = fields.u32le();
    if (!fields.ok()) return {};
    return Reader(message).at(offset, size);
}

void assign(BoundedText<256>& out, Bytes bytes, bool unicode) noexcept {
    if (unicode) {
        assign_narrow(out, bytes);
    } else {
        out.assign(as_text(bytes));
    }
}

std::uint32_t flags_at(Bytes message, std::size_t at) noexcept {
    Reader reader(message);
    reader.skip(at);
    return reader.u32le();
}

}  // namespace

bool read_ntlm(Bytes token, NtlmIdentity& identity) noexcept {
    const std::size_t start = as_text(token).find(kSignature);
    if (start == std::string_view::npos) return false;
    const Bytes message = token.subspan(start);
    Reader reader(message);
    reader.skip(kSignature.size());
    const std::uint32_t type = reader.u32le();
    if (!reader.ok()) return false;
    switch (type) {
        case 1:  // NEGOTIATE: names in the code page of the client
            identity.message = NtlmMessage::kNegotiate;
            assign(identity.domain, field(message, 16), false);
            assign(identity.workstation, field(message, 24), false);
            return true;
        case 3: {
            const bool unicode = (flags_at(message, 60) & kUnicode) != 0;
            identity.message = NtlmMessage::kAuthenticate;
            assign(identity.domain, field(message, 28), unicode);
            assign(identity.user, field(message, 36), unicode);
            assign(identity.workstation, field(message, 44), unicode);
            return true;
        }
        default:
            return false;  // CHALLENGE is the server's
    }
}

}  // namespace querytap::tds
