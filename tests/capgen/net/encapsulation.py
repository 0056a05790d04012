"""What may stand around an Ethernet frame on its way to a tap: tags, labels, tunnels, fragments.

Each of KINDS takes an Ethernet frame with an IP packet in it and gives the frames that carry it. The
outer addresses are of the benchmarking network 198.18.0.0/15 (RFC 2544), so that no inner one is meant.
"""

import struct
import zlib

from net.ip import checksum, mac_of

OUTER_SOURCE, OUTER_TARGET = bytes((198, 18, 0, 1)), bytes((198, 19, 0, 2))
OUTER6_SOURCE = bytes.fromhex("20010db8000000000000000000000101")
OUTER6_TARGET = bytes.fromhex("20010db8000000000000000000000202")
IPV4, IPV6, TRANSPARENT = 0x0800, 0x86DD, 0x6558
IPIP, UDP, SIX_IN_FOUR, GRE = 4, 17, 41, 47
VNI = 0x00ABCDE
FRAGMENT_BYTES = 256  # of data in each; a multiple of eight


def _ethernet(kind, rest, source=OUTER_SOURCE, target=OUTER_TARGET):
    return mac_of(target) + mac_of(source) + struct.pack("!H", kind) + rest


def _ipv4(protocol, rest, ident=1, flags=0x4000, source=OUTER_SOURCE, target=OUTER_TARGET):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(rest), ident, flags, 64, protocol, 0)
    head += source + target
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + rest


def _ipv6(next_header, rest, source=OUTER6_SOURCE, target=OUTER6_TARGET):
    return struct.pack("!LHBB", 0x60000000, len(rest), next_header, 64) + source + target + rest


def _outer(protocol, rest):
    return [_ethernet(IPV4, _ipv4(protocol, rest))]


def _udp(port, rest):
    return _outer(UDP, struct.pack("!HHHH", 50001, port, 8 + len(rest), 0) + rest)


def _packet(frame):
    """The IP packet of a frame, without the padding behind it."""
    packet = frame[14:]
    if packet[0] >> 4 == 4:
        return packet[:struct.unpack("!H", packet[2:4])[0]]
    return packet[:40 + struct.unpack("!H", packet[4:6])[0]]


def _ethertype(frame):
    return struct.unpack("!H", frame[12:14])[0]


def _vlan(frame, ident=100, kind=0x8100):
    return frame[:12] + struct.pack("!HH", kind, ident) + frame[12:]


def _labels(*numbers):
    last = len(numbers) - 1
    return b"".join(struct.pack("!L", number << 12 | (0x100 if i == last else 0) | 64)
                    for i, number in enumerate(numbers))


def _gre(protocol, rest, fields=b"", flags=0):
    return _outer(GRE, struct.pack("!HH", flags, protocol) + fields + rest)


def _ppp(frame):
    packet = _packet(frame)
    protocol = 0x0021 if packet[0] >> 4 == 4 else 0x0057
    return struct.pack("!BBHHH", 0x11, 0, 7, len(packet) + 2, protocol) + packet


def _fragments(frame, ident=None):
    """The IP packet cut to pieces, the last one first: receivers must not mind."""
    packet = _packet(frame)
    if packet[0] >> 4 == 4:
        head_size, ident = 20, ident or struct.unpack("!H", packet[4:6])[0]
    else:
        head_size, ident = 40, checksum(packet)
    body = packet[head_size:]
    if len(body) <= FRAGMENT_BYTES:
        return [frame]
    frames = []
    for at in range(0, len(body), FRAGMENT_BYTES):
        piece, more = body[at:at + FRAGMENT_BYTES], at + FRAGMENT_BYTES < len(body)
        if head_size == 20:
            part = _ipv4(packet[9], piece, ident, at // 8 | (0x2000 if more else 0),
                         packet[12:16], packet[16:20])
        else:
            header = struct.pack("!BBHL", packet[6], 0, at | (1 if more else 0), ident)
            part = _ipv6(44, header + piece, packet[8:24], packet[24:40])
        frames.append(frame[:14] + part)
    return frames[::-1]


def _vxlan(port):
    return lambda frame: _udp(port, struct.pack("!LL", 0x08000000, VNI << 8) + frame)


def _geneve(frame):
    option = struct.pack("!HBBL", 0x0102, 0x80, 1, 0)  # class, type, one word of data
    return _udp(6081, struct.pack("!BBHL", 2, 0, TRANSPARENT, VNI << 8) + option + frame)


def _erspan2(frame):
    head = struct.pack("!HHL", 0x1000 | 100, 5, 1)
    return _gre(0x88BE, head + frame, struct.pack("!L", 1), 0x1000)


def _erspan3(subheader):
    head = struct.pack("!HHLHH", 0x2000 | 100, 5, 1, 0, 1 if subheader else 0)
    head += b"\x10" + bytes(7) if subheader else b""
    return lambda frame: _gre(0x22EB, head + frame, struct.pack("!L", 1), 0x1000)


def _in_fragments(tunnel):
    """Large packets only: the small ones of the same conversation come whole."""
    # Numbered by CRC: the checksums within it make checksum() of most frames the same.
    return lambda frame: [part for outer in tunnel(frame)
                          for part in _fragments(outer, zlib.crc32(frame) & 0xFFFF)]


KINDS = {
    "vlan": lambda frame: [_vlan(frame)],
    "qinq": lambda frame: [_vlan(_vlan(frame, 200), 100, 0x88A8)],
    "mpls": lambda frame: [_ethernet(0x8847, _labels(16, 17) + _packet(frame))],
    "pseudowire": lambda frame: [_ethernet(0x8847, _labels(16) + bytes(4) + frame)],
    "pppoe": lambda frame: [_ethernet(0x8864, _ppp(frame))],
    "gre": lambda frame: _gre(_ethertype(frame), _packet(frame)),
    "gre-key": lambda frame: _gre(_ethertype(frame), _packet(frame), struct.pack("!L", 77), 0x2000),
    "nvgre": lambda frame: _gre(TRANSPARENT, frame, struct.pack("!L", VNI << 8), 0x2000),
    "erspan1": lambda frame: _gre(0x88BE, frame),
    "erspan2": _erspan2,
    "erspan3": _erspan3(False),
    "erspan3-subheader": _erspan3(True),
    "vxlan": _vxlan(4789),
    "vxlan-linux": _vxlan(8472),
    "geneve": _geneve,
    "ipip": lambda frame: _outer(IPIP if _ethertype(frame) == IPV4 else SIX_IN_FOUR, _packet(frame)),
    "4in6": lambda frame: [_ethernet(IPV6, _ipv6(IPIP if _ethertype(frame) == IPV4 else SIX_IN_FOUR,
                                                 _packet(frame)))],
    "fragments": _fragments,
    "fragments-in-vxlan": lambda frame: [outer for inner in _fragments(frame)
                                         for outer in _vxlan(4789)(inner)],
    "vxlan-in-fragments": _in_fragments(_vxlan(4789)),
    "gre-in-fragments": _in_fragments(lambda frame: _gre(_ethertype(frame), _packet(frame))),
    "vxlan-in-erspan2": lambda frame: [mirrored for outer in _vxlan(4789)(_vlan(frame))
                                       for mirrored in _erspan2(outer)],
}


def encapsulate(kind, frame):
    """The frames that carry `frame`; kind None: itself."""
    return KINDS[kind](frame) if kind else [frame]
