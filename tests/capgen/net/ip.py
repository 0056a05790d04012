"""IPv4, IPv6 and TCP headers with correct checksums (RFC 791, 8200, 9293)."""

import ipaddress
import struct

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
TCP = 6


def checksum(data):
    """Internet checksum (RFC 1071). Summing big-endian words in one go is the quick way in Python."""
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def parse_address(text):
    """Text to packed address: four bytes for IPv4, sixteen for IPv6."""
    return ipaddress.ip_address(text).packed


def address_text(packed):
    return str(ipaddress.ip_address(packed))


def mac_of(packed):
    """A locally administered MAC that only depends on the address, so captures are repeatable."""
    return b"\x02\x51" + packed[-4:]


def tcp_segment(source, target, sport, dport, seq, ack, flags, window, options, payload):
    """One TCP segment; `options` must already be padded to four bytes."""
    offset = (20 + len(options)) << 2  # header length in words, in the high nibble
    head = struct.pack("!HHLLBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF,
                       offset & 0xF0, flags, window, 0, 0) + options
    length = len(head) + len(payload)
    if len(source) == 4:
        pseudo = source + target + struct.pack("!BBH", 0, TCP, length)
    else:
        pseudo = source + target + struct.pack("!LL", length, TCP)
    total = checksum(pseudo + head + payload)
    return head[:16] + struct.pack("!H", total) + head[18:] + payload


def ip_packet(source, target, segment, ident, ttl):
    """Wraps a TCP segment in IPv4 (DF set) or IPv6, by the length of the addresses."""
    if len(source) == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), ident & 0xFFFF, 0x4000,
                           ttl, TCP, 0) + source + target
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + segment
    return struct.pack("!LHBB", 0x60000000, len(segment), TCP, ttl) + source + target + segment
