// Short messages that are parsed as a whole, because their fields stand at offsets: PRELOGIN,
// LOGIN7, SSPI. The beginning of the message is kept in a borrowed buffer, without its passwords.
#pragma once

#include <array>
#include <cstdint>

#include "login7.h"
#include "unit.h"

namespace querytap::tds {

class CollectParser {
  public:
    explicit CollectParser(bool is_login) noexcept : is_login_(is_login) {}

    bool running() const noexcept { return true; }
    std::size_t run(Bytes bytes, const MessageScope& scope);
    Step unit(Reader&, const MessageScope&) noexcept { return Step::kBad; }

    Bytes kept() const noexcept { return {buffer_.data(), size_}; }

  private:
    void keep(Bytes bytes) noexcept;
    void find_secrets() noexcept;

    Buffer buffer_;
    std::uint16_t size_ = 0;
    bool is_login_;
    bool refused_ = false;
    std::array<Secret, 2> secrets_{};
};

}  // namespace querytap::tds
