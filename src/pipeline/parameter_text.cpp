#include "parameter_text.h"

#include <charconv>

namespace querytap::pipeline {
namespace {

void hexadecimal(ParameterText::Text& out, Bytes bytes) noexcept {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        const char pair[] = {kDigits[byte >> 4], kDigits[byte & 15]};
        out.append({pair, sizeof pair});
        if (out.truncated()) return;
    }
}

}  // namespace

void ParameterText::value(Text& out, const tds::Chunk& chunk) noexcept {
    if (out.truncated()) return;  // so that long values cost nothing behind what is shown
    const bool binary = chunk.encoding == tds::Encoding::kBinary;
    if (chunk.begin) {
        head(out);
        out.append(binary ? "0x" : "'");
        narrow_ = {};
    }
    if (binary) {
        hexadecimal(out, chunk.bytes);
    } else if (chunk.encoding == tds::Encoding::kUtf16le) {
        narrowed(out, chunk);
    } else {
        quoted(out, as_text(chunk.bytes.first(std::min(chunk.bytes.size(), kSizeMax + 1))));
    }
    if (chunk.end && !binary) out.append("'");
}

void ParameterText::number(Text& out, std::int64_t value) noexcept {
    if (out.truncated()) return;
    head(out);
    char digits[20];  // of the smallest
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append({digits, static_cast<std::size_t>(end - digits)});
}

void ParameterText::head(Text& out) noexcept {
    if (!out.empty()) out.append(", ");
    out.append(name_.view());
    if (!name_.empty()) out.append("=");
    name_.clear();  // the values of a table follow each other without one
}

void ParameterText::narrowed(Text& out, const tds::Chunk& chunk) noexcept {
    // One character more than there is room for, so that the cut shows.
    const Bytes seen = chunk.bytes.first(std::min(chunk.bytes.size(), 2 * (kSizeMax + 1)));
    char text[narrow_bound(2 * (kSizeMax + 1)) + kNarrowEndMax];
    std::size_t size = narrow(seen, text, narrow_);
    if (chunk.end) size += narrow_end(text + size, narrow_);
    quoted(out, {text, size});
}

void ParameterText::quoted(Text& out, std::string_view text) const noexcept {
    while (!text.empty() && !out.truncated()) {
        const std::size_t quote = std::min(text.find('\''), text.size());
        out.append(text.substr(0, quote));
        if (quote == text.size()) return;
        out.append("''");
        text.remove_prefix(quote + 1);
    }
}

}  // namespace querytap::pipeline
