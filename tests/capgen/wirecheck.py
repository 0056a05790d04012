"""Counts TDS messages from a capture's bytes, independently of what made them.

Reads classic pcap with Ethernet frames, puts TCP streams in order and walks the TDS headers, through SMP too.
Used to check labels of generated captures and to write those of recorded ones.
"""

import struct
from collections import Counter, defaultdict

LOGIN7, RPC, BATCH, RESULT, PRELOGIN, SMP = 16, 3, 1, 4, 18, 0x53
KNOWN_TYPES = (1, 2, 3, 4, 6, 7, 8, 14, 16, 17, 18)


def frames(path):
    """(time_ns, frame) of a classic pcap of any byte order and resolution."""
    with open(path, "rb") as stream:
        data = stream.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    unit = 1 if struct.unpack(order + "L", data[:4])[0] == 0xA1B23C4D else 1000
    at = 24
    while at + 16 <= len(data):
        seconds, rest, kept, _size = struct.unpack_from(order + "LLLL", data, at)
        yield seconds * 1_000_000_000 + rest * unit, data[at + 16:at + 16 + kept]
        at += 16 + kept


def tcp_of(frame):
    """(source, sport, target, dport, seq, flags, payload) or None."""
    kind, at = struct.unpack_from("!H", frame, 12)[0], 14
    if kind == 0x8100:
        kind, at = struct.unpack_from("!H", frame, 16)[0], 18
    if kind == 0x0800:
        size, protocol = struct.unpack_from("!H", frame, at + 2)[0], frame[at + 9]
        source, target = frame[at + 12:at + 16], frame[at + 16:at + 20]
        start, end = at + (frame[at] & 15) * 4, at + size
    elif kind == 0x86DD:
        size, protocol = struct.unpack_from("!H", frame, at + 4)[0], frame[at + 6]
        source, target = frame[at + 8:at + 24], frame[at + 24:at + 40]
        start, end = at + 40, at + 40 + size
    else:
        return None
    if protocol != 6:
        return None
    sport, dport, seq = struct.unpack_from("!HHL", frame, start)
    payload = frame[start + (frame[start + 12] >> 4) * 4:end]
    return source, sport, target, dport, seq, frame[start + 13], payload


class _Stream:
    """One direction; segments by sequence number."""

    def __init__(self):
        self.first = None
        self.parts = {}

    def add(self, seq, flags, payload):
        if flags & 0x02:
            self.first = (seq + 1) & 0xFFFFFFFF
        elif payload:
            if self.first is None:
                self.first = seq
            self.parts.setdefault((seq - self.first) & 0xFFFFFFFF, payload)

    def data(self):
        out = b""
        for at in sorted(self.parts):
            if at > len(out):
                break  # a gap: what follows cannot be placed
            out += self.parts[at][len(out) - at:]
        return out


def unwrap(data):
    """[(SMP session or None, TDS bytes)] of a stream; login comes bare, SMP follows."""
    streams, at = defaultdict(bytes), 0
    while at + 8 <= len(data):
        if data[at] == SMP:
            _mark, flags, ident, length = struct.unpack_from("<BBHL", data, at)
            if length < 16:
                break
            if flags == 8:
                streams[ident] += data[at + 16:at + length]
            at += length
        elif 0x14 <= data[at] <= 0x17 and data[at + 1] == 3:  # a bare TLS record
            at += 5 + struct.unpack_from("!H", data, at + 3)[0]
        else:
            length = struct.unpack_from("!H", data, at + 2)[0]
            if length < 8 or data[at] not in KNOWN_TYPES:
                streams["raw"] += data[at:]
                break
            streams[None] += data[at:at + length]
            at += length
    return streams


def count(path):
    """The counts that labels hold."""
    streams, flows, total, first, last = {}, set(), 0, None, None
    for when, frame in frames(path):
        total += 1
        first = when if first is None else first
        last = when
        found = tcp_of(frame)
        if not found:
            continue
        source, sport, target, dport, seq, flags, payload = found
        flows.add(frozenset(((source, sport), (target, dport))))
        streams.setdefault((source, sport, target, dport), _Stream()).add(seq, flags, payload)
    messages, packets, raw = Counter(), Counter(), 0
    smp = set()
    for key, stream in streams.items():
        for ident, data in unwrap(stream.data()).items():
            if ident == "raw":
                raw += len(data)
                continue
            if ident is not None:
                smp.add((frozenset((key[:2], key[2:])), ident))
            _walk(data, messages, packets)
    return {"frames": total, "flows": len(flows), "logins": messages[LOGIN7],
            "duration_ms": (last - first) // 1_000_000 if total else 0, "batches": messages[BATCH],
            "rpcs": messages[RPC], "smp_sessions": len(smp), "raw_bytes": raw,
            "tds_messages": {str(k): v for k, v in sorted(messages.items())},
            "tds_packets": {str(k): v for k, v in sorted(packets.items())}}


def _walk(data, messages, packets):
    at = 0
    while at + 8 <= len(data):
        kind, status, length = struct.unpack_from("!BBH", data, at)
        packets[kind] += 1
        messages[kind] += status & 1
        at += length
