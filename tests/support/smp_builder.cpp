#include "smp_builder.h"

#include <algorithm>

namespace querytap::test {
namespace {

constexpr std::size_t kHeader = 16;

/// MC-SMP 2.2.1.
void header(ByteVector& out, std::uint8_t flags, std::uint16_t session, std::size_t size,
            std::uint32_t sequence) {
    append(out, {0x53, flags});
    le16(out, session);
    le32(out, kHeader + size);
    le32(out, sequence);
    le32(out, sequence + 4);  // window
}

}  // namespace

ByteVector smp_syn(std::uint16_t session) {
    ByteVector out;
    header(out, 1, session, 0, 0);
    return out;
}

std::vector<ByteVector> smp_data(std::uint16_t session, const ByteVector& tds_packets,
                                 std::uint32_t& sequence) {
    std::vector<ByteVector> out;
    for (std::size_t at = 0; at + 8 <= tds_packets.size();) {
        const std::size_t length =
            static_cast<std::size_t>(tds_packets[at + 2]) << 8 | tds_packets[at + 3];
        const std::size_t size = std::min(length, tds_packets.size() - at);
        header(out.emplace_back(), 8, session, size, ++sequence);
        const auto begin = tds_packets.begin() + static_cast<std::ptrdiff_t>(at);
        out.back().insert(out.back().end(), begin, begin + static_cast<std::ptrdiff_t>(size));
        at += size;
    }
    return out;
}

ByteVector interleave(const std::vector<ByteVector>& a, const std::vector<ByteVector>& b) {
    ByteVector out;
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (i < a.size()) append(out, a[i]);
        if (i < b.size()) append(out, b[i]);
    }
    return out;
}

}  // namespace querytap::test
