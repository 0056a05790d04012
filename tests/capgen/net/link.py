"""Link layers that a capture can have. Each takes an IP packet and gives the frame."""

import struct

from net.ip import mac_of

ETHERNET, NULL, RAW, SLL, SLL2 = 1, 0, 101, 113, 276
BY_NAME = {"ethernet": ETHERNET, "null": NULL, "raw": RAW, "sll": SLL, "sll2": SLL2}

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN = 0x0800, 0x86DD, 0x8100
MINIMUM_ETHERNET = 60  # without the check sequence; NICs pad short frames, and readers must cope
BSD_AF_INET, BSD_AF_INET6 = 2, 30


def _addresses(packet):
    if packet[0] >> 4 == 4:
        return packet[12:16], packet[16:20], ETHERTYPE_IPV4
    return packet[8:24], packet[24:40], ETHERTYPE_IPV6


def _ethernet(packet, vlan):
    source, target, kind = _addresses(packet)
    head = mac_of(target) + mac_of(source)
    if vlan:
        head += struct.pack("!HH", ETHERTYPE_VLAN, vlan)
    frame = head + struct.pack("!H", kind) + packet
    return frame.ljust(MINIMUM_ETHERNET, b"\0")


def _sll(packet, _vlan):
    source, _target, kind = _addresses(packet)
    return struct.pack("!HHH8sH", 0, 1, 6, mac_of(source) + b"\0\0", kind) + packet


def _sll2(packet, _vlan):
    source, _target, kind = _addresses(packet)
    return struct.pack("!HHLHBB8s", kind, 0, 2, 1, 0, 6, mac_of(source) + b"\0\0") + packet


def _null(packet, _vlan):
    family = BSD_AF_INET if packet[0] >> 4 == 4 else BSD_AF_INET6
    return struct.pack("<L", family) + packet


def _raw(packet, _vlan):
    return packet


_BUILDERS = {ETHERNET: _ethernet, NULL: _null, RAW: _raw, SLL: _sll, SLL2: _sll2}


def frame(link_type, packet, vlan=0):
    """The frame of `packet` on `link_type`; `vlan` (0: none) only matters on Ethernet."""
    return _BUILDERS[link_type](packet, vlan)
