#include "login7.h"

#include <algorithm>

#include "facts.h"
#include "ntlm.h"
#include "text.h"

namespace querytap::tds {
namespace {

/// Places of offset and length in the fixed part.
enum Place : std::size_t {
    kHostName = 36,
    kUserName = 40,
    kPassword = 44,
    kAppName = 48,
    kServerName = 52,
    kExtension = 56,
    kCltIntName = 60,
    kLanguage = 64,
    kDatabase = 68,
    kClientId = 72,
    kSspi = 78,
    kAtchDbFile = 82,
    kChangePassword = 86,
    kSspiLong = 90,
};

struct Field {
    std::size_t offset;
    std::size_t length;
};

Field field_at(Bytes fixed, std::size_t place) noexcept {
    Reader reader(fixed);
    reader.skip(place);
    const std::size_t offset = reader.u16le();
    const std::size_t length = reader.u16le();
    return {offset, length};
}

bool has_long_part(Bytes fixed) noexcept {
    Reader reader(fixed);
    reader.skip(4);
    return dialect_of(reader.u32le()) == Dialect::k72;
}

/// Takes fields out of a message, and remembers the worst that was found.
class Fields {
  public:
    Fields(Bytes kept, std::size_t size) noexcept : kept_(kept), size_(size) {}

    Bytes bytes(std::size_t offset, std::size_t length) noexcept {
        if (length == 0) return {};
        if (offset > size_ || length > size_ - offset) {
            bad_ = true;
            return {};
        }
        if (offset + length > kept_.size()) {
            cut_ = true;
            return {};
        }
        return kept_.subspan(offset, length);
    }

    void text(std::size_t place, BoundedText<256>& out) noexcept {
        const Field field = field_at(kept_, place);
        assign_narrow(out, bytes(field.offset, 2 * field.length));
    }

    void complain() noexcept { bad_ = true; }
    LoginRead verdict() const noexcept {
        return bad_ ? LoginRead::kBad : cut_ ? LoginRead::kCut : LoginRead::kGood;
    }

  private:
    Bytes kept_;
    std::size_t size_;
    bool bad_ = false;
    bool cut_ = false;
};

void read_sspi(Bytes kept, std::size_t size, bool long_part, Fields& fields,
               Login7& login) noexcept {
    Field field = field_at(kept, kSspi);
    if (field.length == 0xffff && long_part) {
        Reader reader(kept);
        reader.skip(kSspiLong);
        if (const std::uint32_t length = reader.u32le(); length > 0) field.length = length;
    }
    if (field.length == 0) return;
    login.integrated = true;
    if (field.offset > size || field.length > size - field.offset) {
        fields.complain();
        return;
    }
    // A Kerberos ticket is long and has no names in the clear; of NTLM they come first.
    const std::size_t end = std::min(kept.size(), field.offset + field.length);
    if (field.offset >= end) return;
    NtlmIdentity identity;
    if (!read_ntlm(kept.subspan(field.offset, end - field.offset), identity)) return;
    login.ntlm_domain = identity.domain;
    login.ntlm_user = identity.user;
    login.ntlm_workstation = identity.workstation;
}

/// FeatureExt: the list itself is elsewhere, and the field says where.
void read_features(Bytes kept, Fields& fields, Login7& login) noexcept {
    enum : std::uint8_t { kFedAuth = 0x02, kTerminator = 0xff };
    constexpr std::uint8_t kExtensionFlag = 0x10;  // of OptionFlags3
    if ((login.option_flags[3] & kExtensionFlag) == 0) return;
    const Field field = field_at(kept, kExtension);
    if (field.length < 4) {
        fields.complain();
        return;
    }
    Reader where(fields.bytes(field.offset, 4));
    const std::size_t offset = where.u32le();
    if (!where.ok() || offset >= kept.size()) return;
    Reader features(kept.subspan(offset));
    while (features.ok()) {
        const std::uint8_t id = features.u8();
        if (!features.ok() || id == kTerminator) return;
        if (id == kFedAuth) login.fedauth = true;
        if (id < 32) login.features |= 1U << id;
        features.skip(features.u32le());
    }
}

}  // namespace

Secret password_of(Bytes fixed) noexcept {
    const Field field = field_at(fixed, kPassword);
    return {field.offset, 2 * field.length};
}

Secret changed_password_of(Bytes fixed) noexcept {
    if (!has_long_part(fixed)) return {};
    const Field field = field_at(fixed, kChangePassword);
    return {field.offset, 2 * field.length};
}

LoginRead read_login7(Bytes kept, std::size_t size, Login7& login) noexcept {
    if (kept.size() < kLogin7FixedShort) return LoginRead::kNone;
    Fields fields(kept, size);
    Reader reader(kept);
    if (reader.u32le() > size) fields.complain();
    login.tds_version = reader.u32le();
    login.packet_size = reader.u32le();
    login.client_program_version = reader.u32le();
    login.client_pid = reader.u32le();
    login.connection_id = reader.u32le();
    for (std::uint8_t& flags : login.option_flags)
        flags = reader.u8();
    login.time_zone = static_cast<std::int32_t>(reader.u32le());
    login.lcid = reader.u32le();
    const Bytes client_id = reader.at(kClientId, login.client_id.size());
    std::copy(client_id.begin(), client_id.end(), login.client_id.begin());

    const bool long_part = has_long_part(kept);
    if (long_part && kept.size() < kLogin7Fixed) return LoginRead::kNone;
    fields.text(kHostName, login.host);
    fields.text(kUserName, login.user);
    fields.text(kAppName, login.application);
    fields.text(kServerName, login.server);
    fields.text(kCltIntName, login.library);
    fields.text(kLanguage, login.language);
    fields.text(kDatabase, login.database);
    fields.text(kAtchDbFile, login.attach_file);
    login.has_password = password_of(kept).size > 0;
    login.changes_password = changed_password_of(kept).size > 0;
    constexpr std::uint8_t kIntegratedSecurity = 0x80;  // of OptionFlags2
    login.integrated = (login.option_flags[1] & kIntegratedSecurity) != 0;
    read_sspi(kept, size, long_part, fields, login);
    if (long_part) read_features(kept, fields, login);
    return fields.verdict();
}

}  // namespace querytap::tds
