#include "text_layout.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace querytap::sinks {

std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    width = std::max<std::size_t>(width, 20);
    while (text.size() > width) {
        std::size_t cut = text.rfind(' ', width);
        const bool at_blank = cut != std::string_view::npos && cut > 0;
        if (!at_blank) {
            cut = width;
            // Not in the middle of a UTF-8 character.
            while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80)
                --cut;
        }
        lines.emplace_back(text.substr(0, cut));
        text.remove_prefix(at_blank ? cut + 1 : cut);
    }
    lines.emplace_back(text);
    return lines;
}

}  // namespace querytap::sinks
