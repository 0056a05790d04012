// LOGIN7 (MS-TDS 2.2.6.4).
#pragma once

#include <querytap/base/bytes.h>
#include <querytap/tds/message.h>

namespace querytap::tds {

/// Where a password stands in the message: the part of it that nobody may read.
struct Secret {
    std::size_t offset = 0;
    std::size_t size = 0;
};

inline constexpr std::size_t kLogin7FixedShort = 86;  ///< up to TDS 7.1
inline constexpr std::size_t kLogin7Fixed = 94;

/// Password, from the first kLogin7FixedShort bytes.
Secret password_of(Bytes fixed) noexcept;
/// ChangePassword, from the first kLogin7Fixed bytes; nothing before TDS 7.2.
Secret changed_password_of(Bytes fixed) noexcept;

enum class LoginRead : std::uint8_t {
    kGood,
    kCut,   ///< a field lies beyond what was kept of the message
    kBad,   ///< a length or an offset is wrong; what could be read was
    kNone,  ///< not even the fixed part is there
};

/// `kept`: the beginning of a message of `size` bytes, without the passwords.
LoginRead read_login7(Bytes kept, std::size_t size, Login7& login) noexcept;

}  // namespace querytap::tds
