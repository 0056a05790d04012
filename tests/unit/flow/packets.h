// Packets and a table that writes down what ends, for tests of the flow room.
#pragma once

#include <memory>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include <querytap/flow/table.h>

namespace querytap::flow {

inline void PrintTo(State state, std::ostream* out) {
    static constexpr const char* kNames[] = {"new", "established", "closing", "closed", "udp"};
    *out << kNames[static_cast<std::size_t>(state)];
}
inline void PrintTo(EndReason reason, std::ostream* out) {
    static constexpr const char* kNames[] = {"timeout", "closed", "evicted", "shutdown"};
    *out << kNames[static_cast<std::size_t>(reason)];
}

namespace test {

using packet::kAck;
using packet::kFin;
using packet::kPsh;
using packet::kRst;
using packet::kSyn;
using packet::PacketView;

constexpr std::uint32_t kClientAddress = 0x0a010203;
constexpr std::uint32_t kServerAddress = 0x0a000001;  // lower: the client is endpoint b

inline Timestamp at(double seconds) {
    return from_ns(1'700'000'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

struct TcpPacket {
    bool from_client = true;
    std::uint8_t flags = kAck;
    std::uint32_t sequence = 1000;
    bool data = false;
    std::uint16_t client_port = 50000;
    std::uint16_t server_port = 1433;
    std::uint32_t acknowledgement = 0;
};

inline PacketView tcp(const TcpPacket& fields) {
    static constexpr std::uint8_t kData[] = {1, 2, 3};
    PacketView packet;
    packet.source = IpAddress::v4(fields.from_client ? kClientAddress : kServerAddress);
    packet.destination = IpAddress::v4(fields.from_client ? kServerAddress : kClientAddress);
    packet.source_port = fields.from_client ? fields.client_port : fields.server_port;
    packet.destination_port = fields.from_client ? fields.server_port : fields.client_port;
    packet.tcp_flags = fields.flags;
    packet.sequence = fields.sequence;
    packet.acknowledgement = fields.acknowledgement;
    packet.wire_size = 60;
    if (fields.data) packet.payload = Bytes{kData};
    return packet;
}

/// The n-th of many different UDP conversations.
inline PacketView udp(std::uint32_t n, bool answer = false) {
    PacketView packet;
    packet.protocol = packet::IpProtocol::kUdp;
    packet.source = IpAddress::v4(answer ? kServerAddress : 0x0b000000 + n);
    packet.destination = IpAddress::v4(answer ? 0x0b000000 + n : kServerAddress);
    packet.source_port = answer ? 1434 : 40000;
    packet.destination_port = answer ? 40000 : 1434;
    packet.wire_size = 100;
    return packet;
}

/// Data of the n-th of many TCP clients.
inline PacketView data(std::uint32_t n) {
    PacketView packet = tcp({.data = true});
    packet.source = IpAddress::v4(0x0b000000 + n);
    return packet;
}
/// The SYN of the n-th of many others.
inline PacketView syn(std::uint32_t n) {
    PacketView packet = tcp({.flags = kSyn});
    packet.source = IpAddress::v4(0x0c000000 + n);
    return packet;
}

struct End {
    std::uint64_t id;
    EndReason reason;
    Timestamp when;
    bool operator==(const End&) const = default;
};

struct Watched {
    std::vector<End> ends;
    bool created = false;
    KeyOptions options;
    std::unique_ptr<Table> table;

    explicit Watched(std::size_t capacity = 1024, const Timeouts& timeouts = {},
                     std::uint64_t secret = 1) {
        table = std::make_unique<Table>(capacity, timeouts, secret,
                                        [this](Flow& flow, EndReason reason, Timestamp when) {
                                            ends.push_back({table->details(flow).id, reason, when});
                                        });
    }

    /// What the pipeline does with each packet.
    Flow& see(const PacketView& packet, Timestamp now) {
        table->advance(now);
        const Lookup lookup = lookup_of(packet, options);
        const std::uint64_t hash = table->hash(lookup.key);
        table->prefetch(hash);
        const std::uint32_t place = table->prefetch_flow(hash);
        Flow& flow = table->find_or_create(lookup, hash, packet, now, created, place);
        table->account(flow, lookup.side, packet, now);
        return flow;
    }

    std::uint64_t id(const Flow& flow) const { return table->details(flow).id; }
    Timestamp first(const Flow& flow) const { return table->details(flow).first; }

    /// SYN, SYN-ACK, ACK with initial sequence numbers 999 and 4999.
    Flow& handshake(Timestamp now) {
        see(tcp({.flags = kSyn, .sequence = 999}), now);
        see(tcp({.from_client = false, .flags = kSyn | kAck, .sequence = 4999}), now);
        return see(tcp({}), now);
    }
};

}  // namespace test
}  // namespace querytap::flow
