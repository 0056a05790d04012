"""One TCP connection seen from a tap beside the server.

The model keeps what an analyser checks: handshake with options, sequence and acknowledgement
numbers, an ACK for every second segment, delayed ACKs, a growing congestion window, an orderly FIN.
Nothing is lost.
"""

import struct
from collections import deque
from dataclasses import dataclass, field

from net import ip

US, MS, S = 1_000, 1_000_000, 1_000_000_000
DELAYED_ACK_NS = 40 * MS
SERVER_TURN_NS = 60 * US  # from the tap to the server and back
SEGMENT_NS = 12 * US  # 1,500 bytes at 1 Gbit/s
WINDOW_SCALE = 8


@dataclass
class Packet:
    """What the tap saw; `payload` counts TCP payload bytes, for the faults that only touch data."""
    time_ns: int
    flow: int
    sender: str
    data: bytes
    payload: int


@dataclass
class Host:
    """An address with what its IP stack shows."""
    address: bytes
    ttl: int = 128
    timestamps: bool = False  # RFC 7323 option: Linux sends it, Windows does not
    window: int = 64240
    ident: int = 1


@dataclass
class _Side:
    host: Host
    port: int
    seq: int
    acked: int = 0  # what this side has acknowledged of its peer
    echo: int = 0  # last timestamp option of the peer
    clock: int = 0
    pending: deque = field(default_factory=deque)  # (time, ack number) not yet sent


class TcpFlow:
    """Sends bytes for "client" and "server"; `now` is the tap's clock in nanoseconds."""

    def __init__(self, sink, number, client, server, now, rng, mss=1460, rtt_ns=800 * US):
        self._sink = sink
        self._number = number
        self._rtt = rtt_ns
        self._mss = mss - (20 if len(client[0].address) == 16 and mss > 1440 else 0)
        self.now = now
        self._sides = {name: _Side(host, port, rng.getrandbits(32), clock=rng.getrandbits(24))
                       for name, (host, port) in (("client", client), ("server", server))}
        self._last = "server"
        # Both must offer timestamps; they then take twelve bytes of every segment.
        self._stamps = client[0].timestamps and server[0].timestamps
        self._room = self._mss - (12 if self._stamps else 0)

    def connect(self):
        """Three-way handshake. MSS, window scale and SACK-permitted as Windows orders them."""
        self._emit("client", ip.SYN)
        self._advance(SERVER_TURN_NS)
        self._emit("server", ip.SYN | ip.ACK)
        self._advance(self._rtt)
        self._emit("client", ip.ACK)
        self._advance(20 * US)

    def send(self, name, data):
        """Sends `data` in segments; PSH on the last one."""
        if self._last != name:
            self._advance(self._rtt if name == "client" else SERVER_TURN_NS)
            self._last = name
        side, peer = self._sides[name], self._sides["server" if name == "client" else "client"]
        self._flush(side, self.now)
        side.pending.clear()  # what is left goes out with the data
        ack_after = SERVER_TURN_NS if name == "client" else self._rtt
        flight, window = 0, 10
        for start in range(0, len(data), self._room):
            if flight >= window and peer.pending:
                self._advance(max(0, peer.pending[0][0] - self.now))
                flight, window = 0, window + 2
            chunk = data[start:start + self._room]
            last = start + len(chunk) == len(data)
            self._flush(peer, self.now)
            self._emit(name, ip.ACK | (ip.PSH if last else 0), chunk)
            flight += 1
            wait = ack_after if flight % 2 == 0 else ack_after + DELAYED_ACK_NS
            if flight % 2 == 0 and peer.pending:
                peer.pending.pop()  # the second segment makes the delayed ACK due at once
            peer.pending.append((self.now + wait, side.seq))
            self._advance(SEGMENT_NS)

    def idle(self, duration_ns):
        """Lets time pass; delayed ACKs fall due."""
        end = self.now + duration_ns
        for side in self._sides.values():
            self._flush(side, end)
        self.now = end

    def close(self, first="client"):
        """Orderly close: FIN, ACK, FIN, ACK."""
        other = "server" if first == "client" else "client"
        self._advance(self._rtt)
        for side in self._sides.values():
            self._flush(side, self.now)
            side.pending.clear()
        self._emit(first, ip.FIN | ip.ACK)
        self._advance(self._rtt if other == "client" else SERVER_TURN_NS)
        self._emit(other, ip.ACK)
        self._advance(30 * US)
        self._emit(other, ip.FIN | ip.ACK)
        self._advance(self._rtt if first == "client" else SERVER_TURN_NS)
        self._emit(first, ip.ACK)

    def reset(self, name="client"):
        self._advance(self._rtt)
        self._emit(name, ip.RST | ip.ACK)

    def _advance(self, duration_ns):
        self.now += duration_ns

    def _flush(self, side, until):
        """Emits the pure ACKs of `side` that are due."""
        name = "client" if side is self._sides["client"] else "server"
        while side.pending and side.pending[0][0] <= until:
            due, number = side.pending.popleft()
            side.acked = number
            self._emit(name, ip.ACK, b"", due, number)

    def _options(self, side, peer, flags, when):
        stamps = b""
        if self._stamps:
            value = (side.clock + when // MS) & 0xFFFFFFFF
            stamps = struct.pack("!BBLL", 8, 10, value, side.echo)
            peer.echo = value
        if flags & ip.SYN:
            base = struct.pack("!BBHBBBBBBB", 2, 4, self._mss, 1, 3, 3, WINDOW_SCALE, 1, 1, 4) + b"\2"
            return base + (b"\1\1" + stamps if stamps else b"")
        return b"\1\1" + stamps if stamps else b""

    def _emit(self, name, flags, payload=b"", when=None, ack=None):
        side, peer = self._sides[name], self._sides["server" if name == "client" else "client"]
        when = self.now if when is None else when
        if ack is None:
            ack = peer.seq if flags & ip.ACK else 0
        window = side.host.window if flags & ip.SYN else max(1, 262144 >> WINDOW_SCALE)
        segment = ip.tcp_segment(side.host.address, peer.host.address, side.port, peer.port,
                                 side.seq, ack, flags, window,
                                 self._options(side, peer, flags, when), payload)
        packet = ip.ip_packet(side.host.address, peer.host.address, segment, side.host.ident,
                              side.host.ttl)
        side.host.ident += 1
        side.seq = (side.seq + len(payload) + (1 if flags & (ip.SYN | ip.FIN) else 0)) & 0xFFFFFFFF
        self._sink(Packet(when, self._number, name, packet, len(payload)))
