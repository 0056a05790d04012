// An address prefix: 10.0.0.0/8, 2001:db8::/32, or one address.
#pragma once

#include <string_view>
#include <vector>

#include <querytap/base/ip_address.h>
#include <querytap/base/result.h>

namespace querytap::policy {

class Prefix {
  public:
    static Result<Prefix> parse(std::string_view text);

    bool contains(const IpAddress& address) const noexcept {
        return first_ <= address && address <= last_;
    }
    const IpAddress& first() const noexcept { return first_; }
    const IpAddress& last() const noexcept { return last_; }
    unsigned bits() const noexcept { return bits_; }  ///< of the 128 of the mapped form

  private:
    IpAddress first_;
    IpAddress last_;
    unsigned bits_ = 128;
};

/// Private and link-local ones: RFC 1918, 6598, 3927, 4193, 4291.
std::vector<Prefix> private_addresses();

}  // namespace querytap::policy
