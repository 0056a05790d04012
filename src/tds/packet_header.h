// The eight bytes before every TDS packet (MS-TDS 2.2.3.1), and whether to believe them.
#pragma once

#include <cstdint>

#include <querytap/base/bytes.h>
#include <querytap/tds/message.h>

namespace querytap::tds {

inline constexpr std::size_t kHeaderSize = 8;

struct PacketHeader {
    std::uint8_t type = 0;
    std::uint8_t status = 0;
    std::uint16_t size = 0;  ///< with the header
    std::uint16_t spid = 0;
    std::uint8_t packet_id = 0;
    std::uint8_t window = 0;

    bool ends_message() const noexcept { return (status & kEndOfMessage) != 0; }
    std::uint16_t payload() const noexcept {
        return static_cast<std::uint16_t>(size - kHeaderSize);
    }
};

/// `bytes`: kHeaderSize of them.
PacketHeader read_packet_header(Bytes bytes) noexcept;

enum class HeaderVerdict : std::uint8_t {
    kGood,
    kUndefinedType,  ///< a header in all but its type
    kBad,
};

/// A header where one must stand. Sizes above 32,768, which no server negotiates (2.2.7.9), and
/// status bits that were never defined are bad. `strict`: the other direction is TDS no longer.
HeaderVerdict judge(const PacketHeader& header, bool strict) noexcept;

/// Whether a search may stop at `window`, which begins with something like a header.
enum class SearchVerdict : std::uint8_t {
    kNo,
    kMore,
    kFound,
    kFoundLater,  ///< not the first packet of its message
};
struct SearchPlace {
    bool at_start = false;         ///< the first byte that the search looks at
    bool resynchronising = false;  ///< the stream was read before, and lost; not taken up mid-way
    PacketHeader nearby;           ///< the last one of this direction; of size 0 before any
};
SearchVerdict judge_found(Bytes window, const SearchPlace& place) noexcept;

/// Bytes that judge_found may ask for.
inline constexpr std::size_t kSearchWindow = 16;

/// A byte that TDS, SMP or (at_start) a TLS record can begin with.
bool may_begin(std::uint8_t byte, bool at_start) noexcept;

}  // namespace querytap::tds
