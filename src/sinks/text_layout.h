// Plain text for a terminal of given width.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace querytap::sinks {

/// 1234567 -> "1,234,567".
std::string grouped(std::uint64_t number);

/// 1536000 -> "1.5 MB".
std::string size_text(std::uint64_t bytes);

/// Lines of at most `width` characters, broken at blanks where there are any.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// ANSI colours, or nothing.
class Paint {
  public:
    explicit Paint(bool enabled) : enabled_(enabled) {}
    std::string red(std::string_view text) const { return code("1;31", text); }
    std::string yellow(std::string_view text) const { return code("1;33", text); }
    std::string green(std::string_view text) const { return code("32", text); }
    std::string bold(std::string_view text) const { return code("1", text); }
    std::string dim(std::string_view text) const { return code("2", text); }

  private:
    std::string code(std::string_view number, std::string_view text) const {
        if (!enabled_) return std::string(text);
        return "\033[" + std::string(number) + "m" + std::string(text) + "\033[0m";
    }
    bool enabled_;
};

}  // namespace querytap::sinks
