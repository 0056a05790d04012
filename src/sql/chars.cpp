#include "chars.h"

#include <algorithm>

namespace querytap::sql {
namespace {

struct Decoded {
    std::uint32_t code_point;
    std::uint8_t size;
};

constexpr std::uint32_t kBroken = 0xffffffff;

Decoded decode(std::string_view text) noexcept {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
    if (size == 0 || size > text.size()) return {kBroken, 1};
    std::uint32_t code_point = size == 1 ? lead : lead & (0xffu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0) != 0x80) return {kBroken, 1};
        code_point = code_point << 6 | (byte & 0x3f);
    }
    return {code_point, static_cast<std::uint8_t>(size)};
}

/// Unicode's space separators and line breaks. Generous: what SQL Server does not skip is a syntax
/// error there, so nothing is lost by skipping it here.
constexpr bool is_blank(std::uint32_t c) noexcept {
    return c <= 0x20 || c == 0x7f || c == 0x85 || c == 0xa0 || c == 0x1680 || c == 0x180e ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

constexpr bool is_ignorable(std::uint32_t c) noexcept {
    return c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x2064) || c == 0xfeff;
}

/// FF01-FF5E are ASCII 21-7E in full width; a collation that ignores width finds `xp_cmdshell`
/// under such a name. Quotes and brackets stay what they are: for the lexer they open nothing.
constexpr char full_width_ascii(std::uint32_t c) noexcept {
    if (c < 0xff01 || c > 0xff5e) return 0;
    const char ascii = static_cast<char>(c - 0xff01 + 0x21);
    return ascii == '\'' || ascii == '"' || ascii == '[' || ascii == ']' ? '\0' : ascii;
}

}  // namespace

Character character_at(std::string_view text) noexcept {
    using Kind = Character::Kind;
    const auto [code_point, size] = decode(text);
    if (code_point == kBroken) return {Kind::kWord, 1};
    if (is_blank(code_point)) return {Kind::kBlank, size};
    if (code_point < 0x80) return {Kind::kAscii, 1, text[0]};
    if (is_ignorable(code_point)) return {Kind::kIgnorable, size};
    if (const char ascii = full_width_ascii(code_point); ascii != 0) {
        return {Kind::kAscii, size, ascii, true};
    }
    return {Kind::kWord, size};
}

std::size_t put_utf8(char* out, std::uint32_t c) noexcept {
    if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff) c = 0xfffd;
    const auto tail = [c](unsigned shift) {
        return static_cast<char>(0x80 | ((c >> shift) & 0x3f));
    };
    if (c < 0x80) {
        out[0] = static_cast<char>(c);
        return 1;
    }
    if (c < 0x800) {
        out[0] = static_cast<char>(0xc0 | (c >> 6));
        out[1] = tail(0);
        return 2;
    }
    if (c < 0x10000) {
        out[0] = static_cast<char>(0xe0 | (c >> 12));
        out[1] = tail(6);
        out[2] = tail(0);
        return 3;
    }
    out[0] = static_cast<char>(0xf0 | (c >> 18));
    out[1] = tail(12);
    out[2] = tail(6);
    out[3] = tail(0);
    return 4;
}

std::string_view complete_characters(std::string_view text) noexcept {
    // What is not whole has at most three bytes: its lead and two of three that should follow.
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xc0) == 0x80) continue;
        const std::size_t length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        return text.substr(0, text.size() - (length > back ? back : 0));
    }
    return text;
}

}  // namespace querytap::sql
