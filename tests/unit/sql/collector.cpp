#include "collector.h"

#include <memory>

namespace querytap::sql::test {

std::string encode(std::string_view utf8, Encoding encoding) {
    std::string bytes;
    const auto unit = [&](std::uint32_t value) {
        bytes += static_cast<char>(value & 0xff);
        if (encoding == Encoding::kUtf16le) bytes += static_cast<char>(value >> 8);
    };
    for (std::size_t at = 0; at < utf8.size();) {
        const auto lead = static_cast<unsigned char>(utf8[at]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        std::uint32_t point = size == 1 ? lead : lead & (0xffu >> (size + 1));
        for (std::size_t i = 1; i < size; ++i) {
            point = point << 6 | (static_cast<unsigned char>(utf8[at + i]) & 0x3f);
        }
        at += size;
        if (point < 0x10000) {
            unit(point);
        } else {
            unit(0xd800 + ((point - 0x10000) >> 10));
            unit(0xdc00 + ((point - 0x10000) & 0x3ff));
        }
    }
    return bytes;
}

Collected run(std::string_view bytes, Encoding encoding, const std::vector<std::size_t>& cuts) {
    static Scratch scratch;
    static const auto normaliser = std::make_unique<Normaliser>();
    Collected views;
    normaliser->begin(encoding);
    std::size_t from = 0;
    const auto feed = [&](std::size_t to) {
        // A copy of its own for each piece: a sanitizer sees a read beyond it.
        const std::vector<std::uint8_t> piece(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(to));
        normaliser->feed(piece, scratch, views);
        from = to;
    };
    for (const std::size_t cut : cuts)
        feed(cut);
    feed(bytes.size());
    normaliser->end(scratch, views);
    views.limits_hit = normaliser->limits_hit();
    views.steps = normaliser->steps();
    views.executed = normaliser->executed();
    return views;
}

}  // namespace querytap::sql::test
