#include "prefix.h"

#include <charconv>

namespace querytap::policy {
namespace {

/// The address with all bits after the first `bits` cleared, or set.
IpAddress bound(const IpAddress& address, unsigned bits, bool set) noexcept {
    std::array<std::uint8_t, 16> bytes = address.bytes();
    for (unsigned i = 0; i < bytes.size(); ++i) {
        const unsigned kept = bits > 8 * i ? std::min(bits - 8 * i, 8u) : 0;
        const auto mask = static_cast<std::uint8_t>(0xffu >> kept);
        bytes[i] = static_cast<std::uint8_t>(set ? bytes[i] | mask : bytes[i] & ~mask);
    }
    return IpAddress::v6(bytes);
}

}  // namespace

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
    prefix.bits_ = bits + (128 - bits_max);
    prefix.first_ = bound(*address, prefix.bits_, false);
    prefix.last_ = bound(*address, prefix.bits_, true);
    return prefix;
}

std::vector<Prefix> private_addresses() {
    std::vector<Prefix> all;
    for (const std::string_view text :
         {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
          "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1"}) {
        all.push_back(Prefix::parse(text).value());
    }
    return all;
}

}  // namespace querytap::policy
