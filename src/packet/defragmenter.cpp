#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include <querytap/packet/defragmenter.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace querytap::packet {

Defragmenter::Defragmenter(const FragmentLimits& limits, std::uint64_t secret,
                           const Options& options)
    : datagrams_(std::bit_ceil(std::max(limits.datagrams, kWays))),
      bytes_(datagrams_.size() * kSizeMax),
      timeout_(limits.timeout),
      secret_(secret),
      options_(options) {}

Defragmenter::Answer Defragmenter::push(Bytes frame, Timestamp now, PacketView& packet) noexcept {
    counters_.fragments.add();
    Answer answer;
    Fragment part;
    answer.decoded = decode_fragment(frame, part, options_);

    // A whole datagram may carry a tunnel, and the tunnel a fragment.
    std::array<Datagram*, kNestedMax> whole{};
    std::size_t count = 0;
    while (answer.decoded == Decoded::kFragment) {
        if (count == kNestedMax) {
            answer.decoded = Decoded::kTooDeep;
            break;
        }
        Datagram* const datagram = add(part, now, answer, packet);
        if (datagram == nullptr) break;
        whole[count++] = datagram;
        Fragment head = datagram->head;
        head.around.wire_size = datagram->wire_size;
        answer.decoded =
            decode_datagram(head, {bytes_of(*datagram), datagram->total}, packet, part, options_);
    }
    for (std::size_t i = 0; i < count; ++i)
        release(*whole[i]);
    return answer;
}

/// The part's datagram when it is whole with it.
Defragmenter::Datagram* Defragmenter::add(const Fragment& part, Timestamp now, Answer& answer,
                                          PacketView& packet) noexcept {
    const bool fits_units = part.data.size() % kUnit == 0 || !part.more;
    if (part.data.empty() || !fits_units || part.offset + part.data.size() >= kSizeMax) {
        counters_.malformed.add();
        return nullptr;
    }
    Datagram& datagram = place_of(key_of(part), now);
    if (datagram.state == State::kContradicted) {
        answer.overlap = tell(datagram, part, packet);
        return nullptr;
    }
    switch (fit(datagram, part)) {
        case Fit::kDuplicate:
            counters_.duplicates.add();
            return nullptr;
        case Fit::kContradiction: {
            counters_.overlapping.add();
            // Kept until its time is over, so that what still comes makes no new datagram.
            datagram.state = State::kContradicted;
            Fragment head = datagram.head;
            head.data = {bytes_of(datagram), datagram.head_size};
            answer.overlap = tell(datagram, part.offset == 0 ? part : head, packet);
            return nullptr;
        }
        case Fit::kNew:
            take(datagram, part);
            break;
    }
    if (datagram.total == 0 || datagram.received != datagram.total) return nullptr;
    datagram.state = State::kWhole;
    counters_.datagrams.add();
    return &datagram;
}

/// The datagram of this key, or a fresh one in the place of the oldest.
Defragmenter::Datagram& Defragmenter::place_of(const DatagramKey& key, Timestamp now) noexcept {
    const std::uint64_t hash = XXH3_64bits_withSeed(&key, sizeof(key), secret_);
    Datagram* const set = datagrams_.data() + (hash * kWays & (datagrams_.size() - 1));
    Datagram* place = nullptr;
    for (Datagram* each = set; each != set + kWays; ++each) {
        if (each->state == State::kWhole) continue;  // of this very call
        if (each->state != State::kFree && each->key == key) return *each;
        const auto age = [](const Datagram* datagram) {
            return datagram->state == State::kFree ? Timestamp::min() : datagram->begun;
        };
        if (place == nullptr || age(each) < age(place)) place = each;
    }
    if (place->state != State::kFree) {
        if (place->state == State::kFilling) counters_.evicted.add();
        release(*place);
    }
    *place = Datagram{};
    place->state = State::kFilling;
    place->key = key;
    place->begun = now;
    if (active_++ == 0) next_sweep_ = later_by(now, std::chrono::seconds(1));
    return *place;
}

Defragmenter::Fit Defragmenter::fit(const Datagram& datagram, const Fragment& part) const noexcept {
    const std::size_t end = part.offset + part.data.size();
    // A fragment with more behind it ends before the end, and only the last one ends there: said
    // otherwise of the same bytes, receivers differ in what they take.
    const bool past_end =
        datagram.total != 0 && (part.more ? end >= datagram.total : end != datagram.total);
    const bool early_end = datagram.total == 0 && !part.more && end <= datagram.highest;
    if (past_end || early_end) return Fit::kContradiction;

    std::size_t there = 0;
    const std::size_t first = part.offset / kUnit;
    const std::size_t last = (end + kUnit - 1) / kUnit;
    for (std::size_t unit = first; unit != last;) {
        const std::size_t in_word = std::min(last, (unit / 64 + 1) * 64) - unit;
        const std::uint64_t mask = ~std::uint64_t{0} >> (64 - in_word) << unit % 64;
        there += static_cast<std::size_t>(std::popcount(datagram.units[unit / 64] & mask));
        unit += in_word;
    }
    if (there == 0) return Fit::kNew;
    const bool again =
        there == last - first && end <= datagram.highest &&
        std::equal(part.data.begin(), part.data.end(), bytes_of(datagram) + part.offset);
    return again ? Fit::kDuplicate : Fit::kContradiction;
}

void Defragmenter::take(Datagram& datagram, const Fragment& part) noexcept {
    const std::size_t size = part.data.size();
    const std::size_t end = part.offset + size;
    std::memcpy(bytes_of(datagram) + part.offset, part.data.data(), size);
    for (std::size_t unit = part.offset / kUnit; unit != (end + kUnit - 1) / kUnit; ++unit)
        datagram.units[unit / 64] |= std::uint64_t{1} << unit % 64;
    if (part.offset == 0) {
        datagram.head = part;
        datagram.head.data = {};
        datagram.head_size = static_cast<std::uint32_t>(size);
    }
    if (!part.more) datagram.total = static_cast<std::uint32_t>(end);
    datagram.received += static_cast<std::uint32_t>(size);
    datagram.highest = std::max(datagram.highest, static_cast<std::uint32_t>(end));
    datagram.wire_size += part.around.wire_size;
}

/// Whose datagram it is, once, if its first fragment says so. Ports stand in the first bytes.
bool Defragmenter::tell(Datagram& datagram, const Fragment& part, PacketView& packet) noexcept {
    const bool known = part.offset == 0 && !part.data.empty();
    if (datagram.reported || !known) return false;
    if (decode_beginning(part, packet, options_) != Decoded::kOk) return false;
    packet.payload = {};
    packet.tcp_flags = 0;  // no receiver takes it: it neither opens nor ends anything
    datagram.reported = true;
    return true;
}

void Defragmenter::sweep(Timestamp now) noexcept {
    next_sweep_ = later_by(now, std::chrono::seconds(1));
    for (Datagram& datagram : std::span(datagrams_.data(), datagrams_.size())) {
        if (datagram.state == State::kFree || later_by(datagram.begun, timeout_) > now) continue;
        if (datagram.state == State::kFilling) counters_.timed_out.add();
        release(datagram);
    }
}

void Defragmenter::release(Datagram& datagram) noexcept {
    datagram.state = State::kFree;
    --active_;
}

}  // namespace querytap::packet
