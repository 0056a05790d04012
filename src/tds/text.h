// UTF-16LE names of the wire as UTF-8 in a place on the stack.
#pragma once

#include <cstddef>
#include <string_view>

#include <querytap/base/bounded_text.h>
#include <querytap/base/reader.h>
#include <querytap/base/utf16.h>

namespace querytap::tds {

/// UTF-8 of at most kUnits UTF-16 units; the rest is cut.
template <std::size_t kUnits>
class Narrowed {
  public:
    explicit Narrowed(Bytes utf16le) noexcept : size_(narrow_text(utf16le, text_, sizeof text_)) {}
    std::string_view view() const noexcept { return {text_, size_}; }

  private:
    char text_[3 * kUnits];
    std::size_t size_;
};

template <std::size_t kSize>
void assign_narrow(BoundedText<kSize>& out, Bytes utf16le) noexcept {
    char text[kSize];
    out.assign({text, narrow_text(utf16le, text, kSize)});
}

/// B_VARCHAR and US_VARCHAR (MS-TDS 2.2.5.2.2): the length counts characters.
inline Bytes read_b_varchar(Reader& reader) noexcept {
    const std::size_t characters = reader.u8();
    return reader.bytes(2 * characters);
}
inline Bytes read_us_varchar(Reader& reader) noexcept {
    const std::size_t characters = reader.u16le();
    return reader.bytes(2 * characters);
}

}  // namespace querytap::tds
