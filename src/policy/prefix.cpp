#include "prefix.h"

#include <charconv>
#include <cstring>

namespace querytap::policy {

Result<Prefix> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return address.error();
    const unsigned bits_max = address->is_v4() ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::string_view number = text.substr(slash + 1);
        const auto [end, code] =
            std::from_chars(number.data(), number.data() + number.size(), bits);
        if (code != std::errc{} || end != number.data() + number.size() || bits > bits_max) {
            return Error{.message = "'" + std::string(text) + "' is not an address prefix",
                         .hint = "write 10.0.0.0/8, 2001:db8::/32 or an address"};
        }
    }
    Prefix prefix;
    prefix.address_ = *address;
    prefix.bits_ = bits + (128 - bits_max);
    return prefix;
}

bool Prefix::contains(const IpAddress& address) const noexcept {
    const auto& a = address_.bytes();
    const auto& b = address.bytes();
    const std::size_t whole = bits_ / 8;
    if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
    if (bits_ % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00u >> (bits_ % 8));
    return ((a[whole] ^ b[whole]) & mask) == 0;
}

}  // namespace querytap::policy
