#include "all_headers.h"

namespace querytap::tds {
namespace {

constexpr std::size_t kTotalSize = 4;
constexpr std::size_t kHeaderFixed = 6;  // length and type

/// 2.2.5.3.1 to 2.2.5.3.3: two of the three headers have a fixed size, which is what tells them
/// from text.
bool is_header(std::uint32_t size, std::uint16_t type) noexcept {
    constexpr std::uint32_t kNotificationMax = 3072;  // two texts and a number; must fit a unit
    switch (type) {
        case 1:  // query notifications
            return size >= kHeaderFixed + 4 && size <= kNotificationMax;
        case 2:  // transaction descriptor
            return size == kHeaderFixed + 12;
        case 3:  // trace activity
            return size == kHeaderFixed + 20;
        default:
            return false;
    }
}

}  // namespace

Step read_all_headers(Reader& reader, const MessageScope& scope, bool& present) {
    Reader look = reader;
    const std::uint32_t total = look.u32le();
    if (!look.ok()) return Step::kMore;
    std::size_t size = kTotalSize;
    while (size < total || size == kTotalSize) {
        const std::uint32_t header_size = look.u32le();
        const std::uint16_t type = look.u16le();
        if (!look.ok()) return Step::kMore;
        if (!is_header(header_size, type)) break;
        look.skip(header_size - kHeaderFixed);
        if (!look.ok()) return Step::kMore;
        size += header_size;
    }
    present = size > kTotalSize;
    if (present) {
        if (size != total) scope.anomaly(Anomaly::kBadAllHeaders);
        if (scope.facts.dialect == Dialect::kUnknown) scope.facts.dialect = Dialect::k72;
        reader.skip(size);
    } else if (scope.facts.dialect == Dialect::k72) {
        scope.anomaly(Anomaly::kBadAllHeaders);
        if (total == kTotalSize) reader.skip(kTotalSize);  // none, but said so
    }
    return Step::kDone;
}

}  // namespace querytap::tds
