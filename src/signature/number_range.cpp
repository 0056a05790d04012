#include "number_range.h"

#include <charconv>

#include "text.h"

namespace querytap::signature {
namespace {

std::optional<SizeRange> between(std::optional<std::uint64_t> low,
                                 std::optional<std::uint64_t> high) {
    if (!low || !high || *high < 2 || *low > *high - 2) return std::nullopt;
    return SizeRange{*low + 1, *high - 1};
}

}  // namespace

std::optional<std::uint64_t> read_decimal(std::string_view text) {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code != std::errc{} || stop != end || value > UINT32_MAX) return std::nullopt;
    return value;
}

std::optional<SizeRange> parse_range(std::string_view text, NumberReader read) {
    for (const std::string_view sign : {"<>", "-"}) {
        const std::size_t at = text.find(sign);
        if (at == std::string_view::npos) continue;
        return between(read(trim(text.substr(0, at))), read(trim(text.substr(at + sign.size()))));
    }
    const char first = text.empty() ? '\0' : text.front();
    const bool or_equal = text.size() > 1 && text[1] == '=';
    const bool ordered = first == '<' || first == '>';
    if (ordered || first == '=') text.remove_prefix(ordered && or_equal ? 2 : 1);
    const auto value = read(trim(text));
    if (!value) return std::nullopt;
    if (first == '>') return SizeRange{*value + (or_equal ? 0 : 1), SizeRange::kMax};
    if (first != '<') return SizeRange{*value, *value};
    if (*value == 0 && !or_equal) return std::nullopt;
    return SizeRange{0, *value - (or_equal ? 0 : 1)};
}

}  // namespace querytap::signature
