#include <querytap/signature/rate_table.h>

namespace querytap::signature {

bool RateTable::tell(const Rule& rule, const Rate& rate, const IpAddress& source,
                     const IpAddress& destination, Timestamp now) noexcept {
    ExpiringTable::Key key{std::uint64_t{rule.gid} << 32 | rule.sid, {}, {}};
    if (rate.track == Track::kBySource || rate.track == Track::kByBoth) key.source = source;
    if (rate.track == Track::kByDestination || rate.track == Track::kByBoth) {
        key.destination = destination;
    }
    ExpiringTable::Entry& window = windows_.take(key, rate.seconds, now);
    if (window.count < UINT32_MAX) ++window.count;
    switch (rate.type) {
        case RateType::kLimit:
            return window.count <= rate.count;
        case RateType::kThreshold:
            if (window.count < rate.count) return false;
            window.end();  // counts anew from here
            return true;
        case RateType::kBoth:
            return window.count == rate.count;
        case RateType::kDetectionFilter:
            return window.count > rate.count;
    }
    return true;
}

}  // namespace querytap::signature
