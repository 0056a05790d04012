// What may stand between an IP header and its transport: IPv6 extension headers, authentication;
// and the data of a fragment, where the walk ends.
#include "walk.h"

namespace querytap::packet {

// RFC 8200 sections 4.3, 4.4 and 4.6: the three have one layout.
Header ipv6_options(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(2));
    const std::uint8_t next_header = header.u8();
    const std::size_t size = (header.u8() + std::size_t{1}) * 8;
    walk.rest.skip(size - 2);
    if (!walk.rest.ok()) return walk.end_too_short();
    return after_ipv6_header(walk, next_header);
}

// RFC 8200 section 4.5
Header ipv6_fragment(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(8));
    if (!walk.rest.ok()) return walk.end_too_short();
    const std::uint8_t next_header = header.u8();
    header.skip(1);
    const std::uint16_t offset_and_more = header.u16be();
    // An "atomic fragment" (RFC 6946) has neither offset nor more-fragments: it is whole.
    constexpr std::uint16_t kOffset = 0xfff8;
    constexpr std::uint16_t kMore = 1;
    if ((offset_and_more & (kOffset | kMore)) == 0) return after_ipv6_header(walk, next_header);
    walk.part = {.id = header.u32be(),
                 .offset = static_cast<std::uint16_t>(offset_and_more & kOffset),
                 .more = (offset_and_more & kMore) != 0,
                 .ipv6 = true,
                 .protocol = next_header};
    return Header::kFragmentData;
}

// RFC 4302 section 2: length in 4-byte words, minus 2
Header authentication(Walk& walk) noexcept {
    Reader header(walk.rest.bytes(2));
    const std::uint8_t next_header = header.u8();
    const std::size_t size = (header.u8() + std::size_t{2}) * 4;
    walk.rest.skip(size - 2);
    if (!walk.rest.ok()) return walk.end_too_short();
    return after_ipv6_header(walk, next_header);
}

Header fragment_data(Walk& walk) noexcept {
    if (walk.fragment == nullptr) return walk.end(Decoded::kFragment);
    // Of a part that was cut, nobody can know what the whole says.
    if (!walk.whole) return walk.end(Decoded::kTruncated);
    Fragment& out = *walk.fragment;
    out.around = walk.out;
    out.data = walk.rest.rest();
    out.id = walk.part.id;
    out.offset = walk.part.offset;
    out.more = walk.part.more;
    out.ipv6 = walk.part.ipv6;
    out.protocol = walk.part.protocol;
    return walk.end(Decoded::kFragment);
}

}  // namespace querytap::packet
