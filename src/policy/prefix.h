// An address prefix: 10.0.0.0/8, 2001:db8::/32, or one address.
#pragma once

#include <string_view>

#include <querytap/base/ip_address.h>
#include <querytap/base/result.h>

namespace querytap::policy {

class Prefix {
  public:
    static Result<Prefix> parse(std::string_view text);
    bool contains(const IpAddress& address) const noexcept;

  private:
    IpAddress address_;
    unsigned bits_ = 0;  ///< of the 128 of the mapped form
};

}  // namespace querytap::policy
