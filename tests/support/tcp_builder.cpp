#include "tcp_builder.h"

#include <algorithm>
#include <array>
#include <utility>

namespace querytap::test {
namespace {

constexpr std::uint32_t kClientStart = 0xfffffe00;  // wraps early: every test covers it
constexpr std::uint32_t kServerStart = 7000;

/// Of a long turn, whoever hears it acknowledges that many segments: a tap that lost one can tell
/// so from one that was never sent.
constexpr std::size_t kAcknowledgedEach = 32;

void put16(std::vector<std::uint8_t>& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

class Builder {
  public:
    Builder(const Cutting& cutting, std::mt19937& random, std::uint16_t client_port)
        : cutting_(cutting), random_(random), client_port_(client_port) {}

    void control(bool to_server, std::uint8_t flags, Timestamp time) {
        add(frame(to_server, flags, {}), time);
        ++next(to_server);  // SYN and FIN take a number
    }

    void whole(const Turn& turn) {
        add(frame(turn.to_server, packet::kAck | packet::kPsh, turn.bytes), turn.time);
        next(turn.to_server) += static_cast<std::uint32_t>(turn.bytes.size());
    }

    void turn(const Turn& turn) {
        std::vector<std::vector<std::uint8_t>> segments;
        std::vector<std::uint32_t> ends;
        next(turn.to_server) += turn.lost;
        const Bytes bytes = turn.bytes;
        for (std::size_t at = 0, size = 0; at < bytes.size(); at += size) {
            const std::size_t most =
                at == 0 && cutting_.first_max > 0 ? cutting_.first_max : cutting_.segment_max;
            size = std::min(bytes.size() - at, most);
            if (cutting_.random_sizes) size = up_to(size - 1) + 1;
            const bool lost = chance(cutting_.lose);
            const std::size_t before = up_to(std::min(at, cutting_.overlap));
            const std::size_t after = up_to(std::min(bytes.size() - at - size, cutting_.overlap));
            next(turn.to_server) -= static_cast<std::uint32_t>(before);
            auto segment = frame(turn.to_server, packet::kAck | packet::kPsh,
                                 bytes.subspan(at - before, before + size + after));
            next(turn.to_server) += static_cast<std::uint32_t>(before + size);
            if (lost) continue;
            segments.push_back(std::move(segment));
            if (chance(cutting_.duplicate)) segments.push_back(segments.back());
            ends.resize(segments.size(), next(turn.to_server));
        }
        for (std::size_t i = 1; i < segments.size(); ++i) {
            if (chance(cutting_.reorder)) std::swap(segments[i - 1], segments[i]);
        }
        for (std::size_t at = 0; cutting_.shuffle > 0 && at < segments.size();
             at += cutting_.shuffle) {
            const auto begin = segments.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t size = std::min(cutting_.shuffle, segments.size() - at);
            std::shuffle(begin, begin + static_cast<std::ptrdiff_t>(size), random_);
        }
        const std::uint32_t all = next(turn.to_server);
        for (std::size_t i = 0; i < segments.size(); ++i) {
            add(std::move(segments[i]), turn.time);
            if ((i + 1) % kAcknowledgedEach != 0) continue;
            next(turn.to_server) = ends[i];
            add(frame(!turn.to_server, packet::kAck, {}), turn.time);
        }
        next(turn.to_server) = all;
    }

    std::vector<OwnedFrame> take() { return std::move(frames_); }

  private:
    bool chance(double probability) {
        return probability > 0 && std::bernoulli_distribution(probability)(random_);
    }
    /// 0 to `most`; takes nothing from the generator where there is no choice.
    std::size_t up_to(std::size_t most) {
        return most == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, most)(random_);
    }
    std::uint32_t& next(bool to_server) { return to_server ? client_next_ : server_next_; }

    std::vector<std::uint8_t> frame(bool to_server, std::uint8_t flags, Bytes payload) {
        TcpFields fields;
        fields.source_port = client_port_;
        fields.flags = flags;
        fields.sequence = next(to_server);
        fields.acknowledgement = next(!to_server);
        if (!to_server) {
            std::swap(fields.source, fields.destination);
            std::swap(fields.source_port, fields.destination_port);
        }
        return tcp_frame(fields, payload);
    }

    void add(std::vector<std::uint8_t> bytes, Timestamp time) {
        frames_.push_back({std::move(bytes), time, frames_.size() + 1});
    }

    const Cutting& cutting_;
    std::mt19937& random_;
    std::uint16_t client_port_;
    std::uint32_t client_next_ = kClientStart;
    std::uint32_t server_next_ = kServerStart;
    std::vector<OwnedFrame> frames_;
};

/// Ethernet and IPv4, for `size` bytes of what follows.
std::vector<std::uint8_t> ipv4_head(const TcpFields& fields, packet::IpProtocol protocol,
                                    std::size_t size) {
    std::vector<std::uint8_t> out(12, 0x02);  // two MAC addresses, locally administered
    put16(out, 0x0800);
    put16(out, 0x4500);
    put16(out, 20 + size);
    put32(out, 0x00004000);                                 // do not fragment
    put16(out, 0x4000u | static_cast<unsigned>(protocol));  // TTL 64
    put16(out, 0);
    put32(out, fields.source);
    put32(out, fields.destination);
    return out;
}

}  // namespace

std::vector<std::uint8_t> tcp_frame(const TcpFields& fields, Bytes payload) {
    auto out = ipv4_head(fields, packet::IpProtocol::kTcp, 20 + payload.size());
    put16(out, fields.source_port);
    put16(out, fields.destination_port);
    put32(out, fields.sequence);
    put32(out, fields.acknowledgement);
    put16(out, 0x5000u | fields.flags);
    put16(out, 0xffff);
    put32(out, 0);
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

std::vector<std::uint8_t> udp_frame(const TcpFields& fields, Bytes payload) {
    auto out = ipv4_head(fields, packet::IpProtocol::kUdp, 8 + payload.size());
    put16(out, fields.source_port);
    put16(out, fields.destination_port);
    put16(out, 8 + payload.size());
    put16(out, 0);
    out.insert(out.end(), payload.begin(), payload.end());
    return out;
}

std::vector<OwnedFrame> conversation(const std::vector<Turn>& turns, const Cutting& cutting,
                                     std::mt19937& random, std::uint16_t client_port) {
    Builder builder(cutting, random, client_port);
    const Timestamp begin = turns.empty() ? Timestamp{} : turns.front().time;
    const Timestamp end = turns.empty() ? Timestamp{} : turns.back().time;
    if (cutting.handshake) {
        builder.control(true, packet::kSyn, begin);
        builder.control(false, packet::kSyn | packet::kAck, begin);
    }
    std::array<bool, 2> started{cutting.handshake, cutting.handshake};
    for (const Turn& turn : turns) {
        if (std::exchange(started[turn.to_server], true)) {
            builder.turn(turn);
        } else {
            builder.whole(turn);
        }
    }
    if (cutting.close) {
        builder.control(true, packet::kFin | packet::kAck, end);
        builder.control(false, packet::kFin | packet::kAck, end);
    }
    return builder.take();
}

}  // namespace querytap::test
