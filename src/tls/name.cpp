#include "name.h"

#include <array>
#include <charconv>

#include "der.h"

namespace querytap::tls {
namespace {

using Text = BoundedText<256>;

struct AttributeName {
    std::string_view oid;  ///< content of the OBJECT IDENTIFIER
    std::string_view name;
};

// RFC 4519 and what certificates bear besides; names as OpenSSL has them.
constexpr AttributeName kAttributes[] = {
    {"\x55\x04\x03", "CN"},
    {"\x55\x04\x04", "SN"},
    {"\x55\x04\x05", "serialNumber"},
    {"\x55\x04\x06", "C"},
    {"\x55\x04\x07", "L"},
    {"\x55\x04\x08", "ST"},
    {"\x55\x04\x09", "street"},
    {"\x55\x04\x0a", "O"},
    {"\x55\x04\x0b", "OU"},
    {"\x55\x04\x0c", "title"},
    {"\x55\x04\x2a", "GN"},
    {"\x55\x04\x2b", "initials"},
    {"\x55\x04\x2e", "dnQualifier"},
    {"\x55\x04\x61", "organizationIdentifier"},
    {"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"},
};

void append_number(Text& out, std::uint64_t number) noexcept {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    out.append({digits.begin(), end});
}

/// "1.3.6.1.4" (X.690 8.19).
void append_dotted(Text& out, Bytes oid) noexcept {
    std::uint64_t arc = 0;
    bool first = true;
    for (const std::uint8_t byte : oid) {
        arc = arc << 7 | (byte & 0x7f);
        if ((byte & 0x80) != 0) continue;
        if (first) {
            const std::uint64_t root = arc < 80 ? arc / 40 : 2;
            append_number(out, root);
            arc -= root * 40;
            first = false;
            out.append(".");
        } else {
            out.append(".");
        }
        append_number(out, arc);
        arc = 0;
    }
}

void append_type(Text& out, Bytes oid) noexcept {
    for (const AttributeName& attribute : kAttributes) {
        if (attribute.oid == as_text(oid)) {
            out.append(attribute.name);
            return;
        }
    }
    append_dotted(out, oid);
}

void append_utf8(Text& out, std::uint32_t point) noexcept {
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) point = 0xfffd;
    const auto low = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
    if (point < 0x80) {
        const char text[] = {static_cast<char>(point)};
        out.append({text, 1});
    } else if (point < 0x800) {
        const char text[] = {static_cast<char>(0xc0 | point >> 6), low(0)};
        out.append({text, 2});
    } else if (point < 0x10000) {
        const char text[] = {static_cast<char>(0xe0 | point >> 12), low(6), low(0)};
        out.append({text, 3});
    } else {
        const char text[] = {static_cast<char>(0xf0 | point >> 18), low(12), low(6), low(0)};
        out.append({text, 4});
    }
}

/// UCS-2, in practice UTF-16.
void append_bmp(Text& out, Bytes value) noexcept {
    Reader reader(value);
    while (reader.remaining() >= 2 && !out.truncated()) {
        const std::uint32_t unit = reader.u16be();
        if (unit < 0xd800 || unit >= 0xdc00) {
            append_utf8(out, unit);
            continue;
        }
        Reader ahead = reader;
        const std::uint32_t second = ahead.u16be();
        const bool pair = ahead.ok() && second >= 0xdc00 && second < 0xe000;
        append_utf8(out, pair ? 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00) : unit);
        if (pair) reader = ahead;
    }
}

/// DirectoryString (RFC 5280 4.1.2.4) and the other strings that names are made of.
void append_value(Text& out, const der::Element& value) noexcept {
    switch (value.tag) {
        case der::kUtf8String:
        case der::kNumericString:
        case der::kPrintableString:
        case der::kIa5String:
        case der::kVisibleString:
            out.append(as_text(value.content));
            return;
        case der::kTeletexString:  // T.61 was never written in it: Latin-1 it is
            for (const std::uint8_t byte : value.content)
                append_utf8(out, byte);
            return;
        case der::kBmpString:
            append_bmp(out, value.content);
            return;
        case der::kUniversalString:
            for (Reader reader(value.content); reader.remaining() >= 4;)
                append_utf8(out, reader.u32be());
            return;
        default:
            out.append("?");
    }
}

}  // namespace

bool print_name(Bytes name, Text& out) noexcept {
    out.clear();
    Reader names(name);
    while (names.remaining() > 0) {
        Reader parts(der::read(names, der::kSet));
        if (!names.ok()) return false;
        std::string_view separator = ", ";
        while (parts.remaining() > 0) {
            Reader part(der::read(parts, der::kSequence));
            const Bytes type = der::read(part, der::kOid);
            const der::Element value = der::read(part);
            if (!part.ok()) return false;
            if (!out.empty()) out.append(separator);
            append_type(out, type);
            out.append("=");
            append_value(out, value);
            separator = " + ";
        }
    }
    return true;
}

}  // namespace querytap::tls
