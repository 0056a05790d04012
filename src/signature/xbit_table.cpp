#include <algorithm>

#include <querytap/signature/xbit_table.h>

namespace querytap::signature {
namespace {

ExpiringTable::Key key_of(const XbitTable::Bit& bit) noexcept {
    const std::uint64_t what = std::uint64_t{bit.name} << 8 | static_cast<std::uint8_t>(bit.track);
    switch (bit.track) {
        case XbitTrack::kSource:
            return {what, bit.source, {}};
        case XbitTrack::kDestination:
            return {what, {}, bit.destination};
        case XbitTrack::kPair:
            break;
    }
    const auto [low, high] = std::minmax(bit.source, bit.destination);  // both directions are one
    return {what, low, high};
}

}  // namespace

bool XbitTable::is_set(const Bit& bit) noexcept {
    return bits_.find(key_of(bit), now_) != nullptr;
}

void XbitTable::set(const Bit& bit, std::uint32_t seconds) noexcept {
    unset(bit);  // the time counts from here
    bits_.take(key_of(bit), seconds, now_);
}

void XbitTable::unset(const Bit& bit) noexcept {
    if (ExpiringTable::Entry* const known = bits_.find(key_of(bit), now_)) known->end();
}

}  // namespace querytap::signature
