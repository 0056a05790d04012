// DER (X.690 8.1, 10.1): tag, size, content. As much of it as certificates need: tags of one byte,
// sizes known before the content.
#pragma once

#include <algorithm>

#include <querytap/base/reader.h>

namespace querytap::tls::der {

enum Tag : std::uint8_t {
    kInteger = 0x02,
    kOid = 0x06,
    kUtf8String = 0x0c,
    kNumericString = 0x12,
    kPrintableString = 0x13,
    kTeletexString = 0x14,
    kIa5String = 0x16,
    kUtcTime = 0x17,
    kGeneralizedTime = 0x18,
    kVisibleString = 0x1a,
    kUniversalString = 0x1c,
    kBmpString = 0x1e,
    kSequence = 0x30,
    kSet = 0x31,
    kExplicit0 = 0xa0,
};

struct Element {
    std::uint8_t tag = 0;
    Bytes content;
};

/// Content size; fails the reader (by reading past its end) when there is none that DER allows.
inline std::size_t read_size(Reader& reader) noexcept {
    const std::uint8_t first = reader.u8();
    if (first < 0x80) return first;
    const std::size_t count = first & 0x7f;
    if (count == 0 || count > 4) {
        reader.skip(reader.remaining() + 1);
        return 0;
    }
    std::size_t size = 0;
    for (std::size_t i = 0; i < count; ++i)
        size = size << 8 | reader.u8();
    return size;
}

/// A whole element.
inline Element read(Reader& reader) noexcept {
    Element element;
    element.tag = reader.u8();
    element.content = reader.bytes(read_size(reader));
    return element;
}

/// A whole element that must have this tag.
inline Bytes read(Reader& reader, Tag tag) noexcept {
    const Element element = read(reader);
    if (element.tag != tag) reader.skip(reader.remaining() + 1);
    return element.content;
}

/// The inside of an element whose end may be cut.
inline Reader enter(Reader& reader, Tag tag) noexcept {
    if (reader.u8() != tag) reader.skip(reader.remaining() + 1);
    const std::size_t size = read_size(reader);
    return Reader(reader.bytes(std::min(size, reader.remaining())));
}

}  // namespace querytap::tls::der
