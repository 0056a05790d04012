"""Reads what clients send: whole messages, batches, RPC parameters. The reverse of capgen's `tds.requests`."""

import struct

from tds import framing
from tds.login7 import TDS_72
from tds.requests import PROCEDURES

NAMES = {number: name for name, number in PROCEDURES.items()}
FIXED = {0x1F: 0, 0x30: 1, 0x32: 1, 0x34: 2, 0x38: 4, 0x3A: 4, 0x3B: 4, 0x3C: 8, 0x3D: 8, 0x3E: 8,
         0x7A: 4, 0x7F: 8}
ONE_BYTE_SIZE = (0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F)
SCALED = (0x29, 0x2A, 0x2B)
TWO_BYTE_TEXT, TWO_BYTE_BINARY = (0xA7, 0xAF, 0xE7, 0xEF), (0xA5, 0xAD)
FOUR_BYTE_TEXT, FOUR_BYTE_BINARY = (0x23, 0x63), (0x22,)
WIDE = (0xE7, 0xEF, 0x63)


class Disconnected(Exception):
    """The client has gone."""


def receive_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise Disconnected()
        data += more
    return data


def receive_message(sock):
    """(type, payload) of the next message, put together from its packets."""
    payload = b""
    while True:
        kind, status, length = struct.unpack("!BBH4x", receive_exactly(sock, framing.HEADER_SIZE))
        if length < framing.HEADER_SIZE:
            raise Disconnected()
        payload += receive_exactly(sock, length - framing.HEADER_SIZE)
        if status & framing.END_OF_MESSAGE:
            return kind, payload


def without_headers(version, payload):
    """Skips ALL_HEADERS where the version has them."""
    if version < TDS_72:
        return payload
    return payload[struct.unpack_from("<L", payload, 0)[0]:]


class Parameters:
    """A cursor over the parameters of one RPC; each is (name, value), NULL as None."""

    def __init__(self, data, collations):
        self._data, self._at = data, 0
        self._collations = collations

    def take(self, size):
        piece = self._data[self._at:self._at + size]
        if len(piece) < size:
            raise ValueError("the RPC ends early")
        self._at += size
        return piece

    def number(self, code):
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def more(self):
        """False at the end, and at the separator of a second RPC (which drivers here never send)."""
        return self._at < len(self._data) and self._data[self._at] not in (0x80, 0xFF, 0xFE)

    def next(self):
        name = self.take(2 * self.number("<B")).decode("utf-16-le")
        self.take(1)  # status: by reference, default
        return name, self._value(self.number("<B"))

    def _value(self, kind):
        if kind in FIXED:
            return int.from_bytes(self.take(FIXED[kind]), "little", signed=True)
        if kind in ONE_BYTE_SIZE:
            self.take(1)
            raw = self.take(self.number("<B"))
            integer = kind in (0x26, 0x68)
            return (int.from_bytes(raw, "little", signed=True) if raw else None) if integer else raw
        if kind in (0x6A, 0x6C):  # DECIMALN, NUMERICN: size, precision, scale
            self.take(3)
            return self.take(self.number("<B"))
        if kind == 0x28:  # DATE has no length
            return self.take(self.number("<B"))
        if kind in SCALED:
            self.take(1)
            return self.take(self.number("<B"))
        return self._text(kind)

    def _text(self, kind):
        long_form = kind in FOUR_BYTE_TEXT + FOUR_BYTE_BINARY
        if kind not in TWO_BYTE_TEXT + TWO_BYTE_BINARY and not long_form:
            raise ValueError("type 0x%02X is not known here" % kind)
        limit = self.number("<L" if long_form else "<H")
        if kind in TWO_BYTE_TEXT + FOUR_BYTE_TEXT and self._collations:
            self.take(5)
        if long_form:
            size = self.number("<L")
            raw = None if size == 0xFFFFFFFF else self.take(size)
        elif limit == 0xFFFF:
            raw = self._chunks()
        else:
            size = self.number("<H")
            raw = None if size == 0xFFFF else self.take(size)
        if raw is None or kind in TWO_BYTE_BINARY + FOUR_BYTE_BINARY:
            return raw
        return raw.decode("utf-16-le" if kind in WIDE else "cp1252")

    def _chunks(self):
        if self.number("<Q") == 0xFFFFFFFFFFFFFFFF:
            return None
        raw = b""
        while True:
            size = self.number("<L")
            if size == 0:
                return raw
            raw += self.take(size)


def read_rpc(version, payload):
    """(procedure name in lower case, [(name, value), ...])."""
    cursor = Parameters(without_headers(version, payload), version >= 0x71000000)
    length = cursor.number("<H")
    if length == 0xFFFF:
        name = NAMES.get(cursor.number("<H"), "unknown")
    else:
        name = cursor.take(2 * length).decode("utf-16-le").lower()
    cursor.take(2)  # option flags
    values = []
    while cursor.more():
        values.append(cursor.next())
    return name, values
