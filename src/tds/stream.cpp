#include "stream.h"

#include <algorithm>
#include <utility>

#include "encryption.h"
#include "tls_layer.h"

namespace querytap::tds {
namespace {

// After a login, so many bytes without a header are no gap in TDS but something else: eight of the
// largest packets.
constexpr std::uint32_t kSearchMax = 8 * 32768;

}  // namespace

Stream::Stream(Direction direction, bool midstream) noexcept
    : direction_(direction), mode_(midstream ? Mode::kSearch : Mode::kHeader) {}

void Stream::feed(Bytes bytes, const Shared& shared) {
    for (;;) {
        if (replay_size_ > 0) {
            const std::array<std::uint8_t, kHeldMax> replay = replay_;
            const std::uint8_t size = replay_size_;
            replay_size_ = 0;
            const std::size_t used = step(Bytes{replay}.first(size), shared);
            // What the step left over stands before what a search within it put back.
            const auto rest = static_cast<std::uint8_t>(size - used);
            std::copy_n(replay.begin() + used, rest, replay_.begin() + replay_size_);
            replay_size_ = static_cast<std::uint8_t>(replay_size_ + rest);
        } else if (!bytes.empty()) {
            bytes = bytes.subspan(step(bytes, shared));
        } else {
            return;
        }
    }
}

std::size_t Stream::step(Bytes bytes, const Shared& shared) {
    switch (mode_) {
        case Mode::kHeader:
            return header(bytes, shared);
        case Mode::kPacket: {
            const std::size_t used = shared.lane.payload(bytes, shared.scope);
            if (shared.lane.packet_left() == 0) mode_ = Mode::kHeader;
            return used;
        }
        case Mode::kSmpData:
            return smp_data(bytes, shared);
        case Mode::kTlsRecord: {
            const std::size_t used = std::min<std::size_t>(bytes.size(), left_);
            left_ -= static_cast<std::uint32_t>(used);
            if (left_ == 0) mode_ = Mode::kHeader;
            shared.scope.tls.bare(direction_, bytes.first(used), shared);
            return used;
        }
        case Mode::kSearch:
            return search(bytes, shared);
        case Mode::kRaw:
            shared.scope.handler.on_raw(direction_, bytes);
            return bytes.size();
    }
    return bytes.size();
}

std::size_t Stream::header(Bytes bytes, const Shared& shared) {
    const std::uint8_t first = held_size_ > 0 ? held_[0] : bytes[0];
    const bool smp = first == kSmpByte;
    const bool tls = tls::is_content_type(first);
    const std::size_t wanted = smp ? kSmpHeaderSize : tls ? tls::kRecordHeaderSize : kHeaderSize;
    const std::size_t size = std::min(bytes.size(), wanted - held_size_);
    std::copy_n(bytes.begin(), size, held_.begin() + held_size_);
    held_size_ = static_cast<std::uint8_t>(held_size_ + size);
    if (held_size_ < wanted) return size;
    if (smp) {
        smp_header(shared);
    } else if (tls) {
        tls_header(shared);
    } else {
        packet_header(shared);
    }
    return size;
}

void Stream::packet_header(const Shared& shared) {
    const PacketHeader header = read_packet_header(Bytes{held_}.first(kHeaderSize));
    const bool strict = shared.scope.facts.raw[index(other(direction_))];
    switch (judge(header, strict)) {
        case HeaderVerdict::kGood:
            break;
        case HeaderVerdict::kUndefinedType:
            if (doubtful_) {
                lost(shared);
                return;
            }
            shared.scope.handler.on_anomaly(direction_, Anomaly::kUndefinedPacketType);
            break;
        case HeaderVerdict::kBad:
            lost(shared);
            return;
    }
    clear_seen_ = true;
    last_header_ = header;
    shared.lane.begin_packet(header, Bytes{held_}.first(kHeaderSize), later_, shared.scope);
    header_read();
    mode_ = shared.lane.packet_left() > 0 ? Mode::kPacket : Mode::kHeader;
}

void Stream::smp_header(const Shared& shared) {
    const SmpHeader header = read_smp_header(Bytes{held_}.first(kSmpHeaderSize));
    if (!header.good) {
        lost(shared);
        return;
    }
    header_read();
    clear_seen_ = true;
    shared.multiplexer.packet(header, direction_, shared.scope);
    smp_session_ = header.session;
    left_ = header.size - static_cast<std::uint32_t>(kSmpHeaderSize);
    if (left_ > 0) mode_ = Mode::kSmpData;
}

std::size_t Stream::smp_data(Bytes bytes, const Shared& shared) {
    const std::size_t size = std::min<std::size_t>(bytes.size(), left_);
    left_ -= static_cast<std::uint32_t>(size);
    if (left_ == 0) mode_ = Mode::kHeader;
    // Looked up each time: the other direction may have ended the conversation.
    Conversation* const conversation = shared.multiplexer.find(smp_session_);
    if (conversation != nullptr) conversation->data(direction_, bytes.first(size), shared.scope);
    return size;
}

void Stream::tls_header(const Shared& shared) {
    const tls::RecordHeader header =
        tls::read_record_header(Bytes{held_}.first(tls::kRecordHeaderSize));
    if (!header.good) {
        lost(shared);
        return;
    }
    header_read();
    const bool expected = !clear_seen_ && !shared.scope.facts.prelogin_seen;
    note_bare_tls(direction_, header.content_type, header.size, expected, shared.scope);
    left_ = header.size;
    mode_ = Mode::kTlsRecord;
    shared.scope.tls.bare(direction_, Bytes{held_}.first(tls::kRecordHeaderSize), shared);
}

/// What stood in held_. One that was searched for is believed when another stands behind its
/// packet.
void Stream::header_read() noexcept {
    held_size_ = 0;
    doubtful_ = found_;
    found_ = false;
    later_ = false;
}

/// What stands in held_ is no header. Where one was found that nothing confirms yet, it was none,
/// either: a search goes on. Else the stream is not what it was.
void Stream::lost(const Shared& shared) {
    const Scope& scope = shared.scope;
    shared.lane.abort(scope);
    const bool sure = !(doubtful_ || found_) || searched_ > kSearchMax;
    if (sure && scope.facts.logged_in()) {
        scope.facts.raw[index(direction_)] = true;
        scope.handler.on_anomaly(direction_, Anomaly::kFramingLost);
        mode_ = Mode::kRaw;
        scope.handler.on_raw(direction_, Bytes{held_}.first(held_size_));
        held_size_ = 0;
        return;
    }
    if (sure) {
        scope.handler.on_anomaly(direction_, Anomaly::kBadHeader);
        begin_search();
    }
    search_again();
}

/// Over the same bytes, but never finding the same header twice.
void Stream::search_again() noexcept {
    mode_ = Mode::kSearch;
    resynchronising_ = true;
    doubtful_ = false;
    const std::uint8_t known_bad = std::exchange(found_, false) ? 1 : 0;
    later_ = false;
    searched_ += known_bad;
    replay_size_ =
        static_cast<std::uint8_t>(std::exchange(held_size_, std::uint8_t{0}) - known_bad);
    std::copy_n(held_.begin() + known_bad, replay_size_, replay_.begin());
}

void Stream::begin_search() noexcept {
    mode_ = Mode::kSearch;
    doubtful_ = false;
    search_start_ = true;
    resynchronising_ = true;
    searched_ = 0;
}

void Stream::gap(const Shared& shared) {
    shared.lane.abort(shared.scope);
    shared.multiplexer.lose(direction_, shared.scope);
    shared.scope.tls.gap(direction_, shared);
    if (mode_ == Mode::kRaw) return;
    held_size_ = 0;
    begin_search();
}

std::size_t Stream::search(Bytes bytes, const Shared& shared) {
    std::size_t used = 0;
    if (held_size_ == 0 && !search_start_) {
        const auto* candidate =
            std::find_if(bytes.data(), bytes.data() + bytes.size(),
                         [](std::uint8_t byte) { return may_begin(byte, false); });
        used = static_cast<std::size_t>(candidate - bytes.data());
        searched_ += static_cast<std::uint32_t>(used);
    }
    const std::size_t size = std::min(bytes.size() - used, kHeldMax - held_size_);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(used), size,
                held_.begin() + held_size_);
    held_size_ = static_cast<std::uint8_t>(held_size_ + size);
    used += size;
    if (search_held(shared)) {
        std::copy_n(held_.begin(), held_size_, replay_.begin());
        replay_size_ = held_size_;
        held_size_ = 0;
    } else if (searched_ > kSearchMax && shared.scope.facts.logged_in()) {
        lost(shared);
    }
    return used;
}

/// Drops bytes from the front of held_ until a header stands there, or may stand there.
bool Stream::search_held(const Shared& shared) {
    while (held_size_ > 0) {
        const Bytes window = Bytes{held_}.first(held_size_);
        SearchVerdict verdict = SearchVerdict::kNo;
        if (may_begin(window[0], search_start_)) {
            verdict = judge_found(window, {search_start_, resynchronising_, last_header_});
        }
        if (verdict == SearchVerdict::kMore) return false;
        if (verdict != SearchVerdict::kNo) {
            mode_ = Mode::kHeader;
            found_ = true;
            later_ = verdict == SearchVerdict::kFoundLater;
            if (resynchronising_) {
                shared.scope.pool.counters.resynchronised.add();
                shared.scope.handler.on_anomaly(direction_, Anomaly::kResynchronised);
            }
            resynchronising_ = false;
            return true;
        }
        search_start_ = false;
        ++searched_;
        std::copy(held_.begin() + 1, held_.begin() + held_size_, held_.begin());
        --held_size_;
    }
    return false;
}

}  // namespace querytap::tds
