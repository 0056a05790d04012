#include "link_layer.h"

#include <pcap/pcap.h>

#include <querytap/base/reader.h>

namespace querytap::dataplane {
namespace {

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;

// LINKTYPE_... and DLT_... of raw IP differ between systems; savefiles carry any of them.
constexpr int kRawOpenBsd = 14;

struct Payload {
    std::uint16_t ether_type = 0;
    Bytes bytes;
};

Payload raw_ip(Bytes frame) {
    if (frame.empty()) return {};
    switch (frame[0] >> 4) {
        case 4:
            return {kEtherIpv4, frame};
        case 6:
            return {kEtherIpv6, frame};
        default:
            return {};
    }
}

/// 16 bytes: packet type, ARPHRD, address length, address, protocol.
Payload cooked(Bytes frame) {
    Reader reader(frame);
    reader.skip(14);
    const std::uint16_t protocol = reader.u16be();
    const Bytes rest = reader.rest();
    return reader.ok() ? Payload{protocol, rest} : Payload{};
}

/// 20 bytes: protocol, reserved, interface, ARPHRD, packet type, address length, address.
Payload cooked2(Bytes frame) {
    Reader reader(frame);
    const std::uint16_t protocol = reader.u16be();
    reader.skip(18);
    const Bytes rest = reader.rest();
    return reader.ok() ? Payload{protocol, rest} : Payload{};
}

/// 4 bytes of address family, in the byte order of whoever captured (NULL) or the network's (LOOP).
/// Which number means IPv6 depends on the system, so the IP header decides.
Payload loopback(Bytes frame) {
    Reader reader(frame);
    reader.skip(4);
    return raw_ip(reader.rest());
}

}  // namespace

bool is_known_link_type(int link_type) noexcept {
    switch (link_type) {
        case DLT_EN10MB:
        case DLT_RAW:
        case kRawOpenBsd:
        case DLT_IPV4:
        case DLT_IPV6:
        case DLT_LINUX_SLL:
        case DLT_LINUX_SLL2:
        case DLT_NULL:
        case DLT_LOOP:
            return true;
        default:
            return false;
    }
}

Bytes to_ethernet(int link_type, Bytes frame, std::vector<std::uint8_t>& storage) {
    Payload payload;
    switch (link_type) {
        case DLT_EN10MB:
            return frame;
        case DLT_LINUX_SLL:
            payload = cooked(frame);
            break;
        case DLT_LINUX_SLL2:
            payload = cooked2(frame);
            break;
        case DLT_NULL:
        case DLT_LOOP:
            payload = loopback(frame);
            break;
        default:
            payload = raw_ip(frame);
            break;
    }
    storage.assign(12, 0);
    storage.push_back(static_cast<std::uint8_t>(payload.ether_type >> 8));
    storage.push_back(static_cast<std::uint8_t>(payload.ether_type));
    storage.insert(storage.end(), payload.bytes.begin(), payload.bytes.end());
    return storage;
}

}  // namespace querytap::dataplane
