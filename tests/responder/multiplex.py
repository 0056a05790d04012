"""MARS for the responder: SMP sessions (MC-SMP) on one connection, each behaving as a socket of its own."""

import struct
import threading

import wire_read
from tds.smp import ACK, DATA, FIN, SYN, WINDOW

HEADER = "<BBHLLL"


class _Channel:
    """One SMP session: `recv`, `sendall` and `close`, so that a TDS session can stand on it."""

    def __init__(self, owner, ident):
        self._owner, self._ident = owner, ident
        self._sent, self._allowed = 0, WINDOW
        self._received, self._granted = 0, WINDOW
        self._data = b""
        self._ended = self._closed = False
        self._change = threading.Condition()

    def take(self, flags, window, data):
        """A packet of the client, from the reading thread."""
        with self._change:
            self._allowed = max(self._allowed, window)
            self._ended = self._ended or flags == FIN
            if flags == DATA:
                self._received += 1
                self._data += data
            self._change.notify_all()

    def recv(self, size):
        with self._change:
            self._change.wait_for(lambda: self._data or self._ended)
            piece, self._data = self._data[:size], self._data[size:]
            if self._granted - self._received < WINDOW // 2:
                self._write(ACK)
            return piece

    def sendall(self, data):
        """Every TDS packet goes into an SMP packet of its own."""
        while data:
            length = struct.unpack_from("!H", data, 2)[0]
            with self._change:
                self._change.wait_for(lambda: self._sent < self._allowed or self._ended)
                self._sent += 1
                self._write(DATA, data[:length])
            data = data[length:]

    def close(self):
        with self._change:
            if not self._closed:
                self._closed = True
                self._write(FIN)

    def _write(self, flags, data=b""):
        self._granted = self._received + WINDOW
        self._owner.write(struct.pack(HEADER, 0x53, flags, self._ident, 16 + len(data), self._sent,
                                      self._granted) + data)


class Multiplexer:
    """Reads SMP packets and hands them to channels; `start(channel)` serves a new one."""

    def __init__(self, sock, start):
        self._sock, self._start = sock, start
        self._channels = {}
        self._lock = threading.Lock()

    def write(self, data):
        with self._lock:
            try:
                self._sock.sendall(data)
            except OSError:
                pass  # the client has gone; the reader notices

    def run(self):
        """Until the client goes."""
        try:
            while True:
                head = wire_read.receive_exactly(self._sock, 16)
                mark, flags, ident, length, _number, window = struct.unpack(HEADER, head)
                if mark != 0x53 or length < 16:
                    raise ValueError("no SMP packet")
                data = wire_read.receive_exactly(self._sock, length - 16)
                if flags == SYN:
                    self._channels[ident] = _Channel(self, ident)
                    self._start(self._channels[ident])
                if ident in self._channels:
                    self._channels[ident].take(flags, window, data)
        finally:
            for channel in self._channels.values():
                channel.take(FIN, 0, b"")
