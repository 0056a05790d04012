#include <arpa/inet.h>

#include <querytap/base/ip_address.h>

namespace querytap {
IpAddress IpAddress::v4(std::uint32_t host_order) noexcept {
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(host_order >> 24), static_cast<std::uint8_t>(host_order >> 16),
        static_cast<std::uint8_t>(host_order >> 8), static_cast<std::uint8_t>(host_order)};
    return v4(Bytes{bytes});
}

Result<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string terminated(text);  // inet_pton wants a terminator
    std::array<std::uint8_t, 16> bytes{};
    if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
        return v4(Bytes{bytes}.first(4));
    }
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) return v6(Bytes{bytes});
    return Error{.message = "'" + terminated + "' is not an IP address",
                 .hint = "write 10.1.2.3 or 2001:db8::1"};
}

Bytes IpAddress::wire() const noexcept {
    return is_v4() ? Bytes{bytes_}.subspan(12) : Bytes{bytes_};
}

std::string IpAddress::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(is_v4() ? AF_INET : AF_INET6, wire().data(), text.data(), text.size());
    return text.data();
}

}  // namespace querytap
