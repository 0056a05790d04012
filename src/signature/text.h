// Small words about text that every part of the parser needs.
#pragma once

#include <string>
#include <string_view>

namespace querytap::signature {

inline constexpr std::string_view kBlank = " \t\r\v\f";

inline std::string_view trim(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// A byte as an expression writes it: \x41
inline std::string hex_escape(char c) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    return {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

/// As error messages show what a user wrote.
inline std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

}  // namespace querytap::signature
