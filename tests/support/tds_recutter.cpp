#include "tds_recutter.h"

#include <algorithm>
#include <map>

#include "byte_writer.h"

namespace querytap::test {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::size_t kSmpHeader = 16;
constexpr std::size_t kRecordHeader = 5;
constexpr std::uint8_t kSmpByte = 0x53;
constexpr std::uint8_t kSmpData = 8;

std::size_t be16(Bytes bytes, std::size_t at) {
    return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

std::size_t le32(Bytes bytes, std::size_t at) {
    return bytes[at] | static_cast<std::size_t>(bytes[at + 1]) << 8 |
           static_cast<std::size_t>(bytes[at + 2]) << 16 |
           static_cast<std::size_t>(bytes[at + 3]) << 24;
}

bool is_tds_type(std::uint8_t type) {
    constexpr std::uint8_t kTypes[] = {1, 2, 3, 4, 6, 7, 8, 14, 16, 17, 18};
    return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

enum class Kind { kTds, kSmp, kTls, kOther };

struct Unit {
    Kind kind = Kind::kOther;
    std::size_t size = 0;
};

/// What stands at the front; kOther takes all that is left.
Unit unit_at(Bytes bytes) {
    const Unit other{Kind::kOther, bytes.size()};
    Unit unit;
    if (bytes.size() >= kSmpHeader && bytes[0] == kSmpByte) {
        unit = {Kind::kSmp, le32(bytes, 4)};
    } else if (bytes.size() >= kRecordHeader && bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3) {
        unit = {Kind::kTls, kRecordHeader + be16(bytes, 3)};
    } else if (bytes.size() >= kHeader && is_tds_type(bytes[0])) {
        unit = {Kind::kTds, be16(bytes, 2)};
    }
    const std::size_t least = unit.kind == Kind::kSmp ? kSmpHeader : kHeader;
    const bool whole = unit.size >= least && unit.size <= bytes.size();
    return unit.kind != Kind::kOther && whole ? unit : other;
}

/// One direction as a whole, and the turn that each byte came in.
struct Side {
    ByteVector bytes;
    std::vector<std::size_t> turn;

    Side(const std::vector<Turn>& turns, bool to_server) {
        for (std::size_t i = 0; i < turns.size(); ++i) {
            if (turns[i].to_server != to_server) continue;
            append(bytes, turns[i].bytes);
            turn.resize(bytes.size(), i);
        }
    }
};

class Recutter {
  public:
    Recutter(const Side& side, std::size_t packet_size, bool keep_first, std::vector<Turn>& out)
        : side_(side), payload_max_(packet_size - kHeader), keep_first_(keep_first), out_(out) {}

    void run() {
        for (std::size_t at = 0; at < side_.bytes.size();) {
            const Unit unit = unit_at(Bytes{side_.bytes}.subspan(at));
            if (unit.kind == Kind::kTds && !(at == 0 && keep_first_)) {
                packet(at, unit.size, nullptr);
            } else if (unit.kind == Kind::kSmp && side_.bytes[at + 1] == kSmpData) {
                smp_data(at, unit.size);
            } else {
                copy(at, unit.size);
            }
            at += unit.size;
        }
    }

  private:
    void put(std::size_t turn, const ByteVector& bytes) { append(out_[turn].bytes, bytes); }
    void copy(std::size_t at, std::size_t size) {
        for (; size > 0; ++at, --size)
            out_[side_.turn[at]].bytes.push_back(side_.bytes[at]);
    }

    /// A DATA packet that holds whole TDS packets.
    void smp_data(std::size_t at, std::size_t size) {
        const Bytes data = Bytes{side_.bytes}.subspan(at + kSmpHeader, size - kSmpHeader);
        std::size_t inner = 0;
        while (inner < data.size() && unit_at(data.subspan(inner)).kind == Kind::kTds)
            inner += unit_at(data.subspan(inner)).size;
        if (inner < data.size()) return copy(at, size);
        const ByteVector smp(side_.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                             side_.bytes.begin() + static_cast<std::ptrdiff_t>(at + kSmpHeader));
        for (inner = 0; inner < data.size(); inner += unit_at(data.subspan(inner)).size)
            packet(at + kSmpHeader + inner, unit_at(data.subspan(inner)).size, &smp);
    }

    void packet(std::size_t at, std::size_t size, const ByteVector* smp) {
        constexpr std::uint8_t kEndOfMessage = 0x01;
        constexpr std::uint8_t kIgnore = 0x02;
        const std::size_t end = at + size;
        std::uint8_t id = 1;
        std::size_t from = at + kHeader;
        do {
            const std::size_t piece = std::min(payload_max_, end - from);
            ByteVector header(side_.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              side_.bytes.begin() + static_cast<std::ptrdiff_t>(at + kHeader));
            if (from + piece < end) {
                header[1] = static_cast<std::uint8_t>(header[1] & ~(kEndOfMessage | kIgnore));
            }
            header[2] = static_cast<std::uint8_t>((kHeader + piece) >> 8);
            header[3] = static_cast<std::uint8_t>(kHeader + piece);
            header[6] = id++;
            const std::size_t turn = side_.turn[std::min(from, end - 1)];
            if (smp != nullptr) put(turn, smp_header(*smp, kHeader + piece));
            put(turn, header);
            copy(from, piece);
            from += piece;
        } while (from < end);
    }

    static ByteVector smp_header(ByteVector header, std::size_t data) {
        for (std::size_t i = 0; i < 4; ++i)
            header[4 + i] = static_cast<std::uint8_t>((kSmpHeader + data) >> (8 * i));
        return header;
    }

    const Side& side_;
    std::size_t payload_max_;
    bool keep_first_;
    std::vector<Turn>& out_;
};

/// An SMP packet, and where it stood.
struct Placed {
    std::size_t turn = 0;
    std::uint16_t session = 0;
    ByteVector bytes;
};

/// Takes the SMP packets of a direction, and what stood before the first of them.
bool take_smp(const Side& side, std::vector<Turn>& before, std::vector<Placed>& packets) {
    bool mars = false;
    for (std::size_t at = 0; at < side.bytes.size();) {
        const Unit unit = unit_at(Bytes{side.bytes}.subspan(at));
        if (unit.kind != Kind::kSmp && mars) return false;
        const auto begin = side.bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = begin + static_cast<std::ptrdiff_t>(unit.size);
        mars = unit.kind == Kind::kSmp;
        if (mars) {
            const auto session = static_cast<std::uint16_t>(begin[2] | begin[3] << 8);
            packets.push_back({side.turn[at + unit.size - 1], session, {begin, end}});
        } else {
            for (std::size_t i = at; i < at + unit.size; ++i)
                before[side.turn[i]].bytes.push_back(side.bytes[i]);
        }
        at += unit.size;
    }
    return true;
}

std::vector<Turn> without_bytes(const std::vector<Turn>& turns) {
    std::vector<Turn> out = turns;
    for (Turn& turn : out)
        turn.bytes.clear();
    return out;
}

void drop_empty(std::vector<Turn>& turns) {
    std::erase_if(turns, [](const Turn& turn) { return turn.bytes.empty() && turn.lost == 0; });
}

}  // namespace

std::vector<Turn> in_smaller_packets(const std::vector<Turn>& turns, std::size_t packet_size,
                                     bool keep_first) {
    std::vector<Turn> out = without_bytes(turns);
    for (const bool to_server : {true, false})
        Recutter(Side(turns, to_server), packet_size, keep_first, out).run();
    drop_empty(out);
    return out;
}

std::vector<Turn> sessions_interleaved(const std::vector<Turn>& turns, std::mt19937& random) {
    std::vector<Turn> out = without_bytes(turns);
    std::vector<Placed> packets;
    for (const bool to_server : {true, false}) {
        if (!take_smp(Side(turns, to_server), out, packets)) return {};
    }
    drop_empty(out);
    std::stable_sort(packets.begin(), packets.end(),
                     [](const Placed& a, const Placed& b) { return a.turn < b.turn; });

    std::map<std::uint16_t, std::vector<const Placed*>> sessions;
    for (auto packet = packets.rbegin(); packet != packets.rend(); ++packet)
        sessions[packet->session].push_back(&*packet);
    if (sessions.size() < 2) return {};
    for (const Placed& place : packets) {
        auto session = sessions.begin();
        std::advance(session, random() % sessions.size());
        const Placed& next = *session->second.back();
        out.push_back({turns[next.turn].to_server, next.bytes, turns[place.turn].time});
        session->second.pop_back();
        if (session->second.empty()) sessions.erase(session);
    }
    return out;
}

}  // namespace querytap::test
