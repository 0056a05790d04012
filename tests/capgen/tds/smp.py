"""Session Multiplex Protocol (MC-SMP) under MARS: sixteen bytes before every TDS packet."""

import struct

SYN, ACK, FIN, DATA = 0x01, 0x02, 0x04, 0x08
WINDOW = 4  # packets a side may have in flight before the other has answered


class SmpSession:
    """Both ends of one SMP session, with the sequence numbers and windows they would keep."""

    def __init__(self, ident):
        self._ident = ident
        self._sent = {"client": 0, "server": 0}
        self._granted = {"client": WINDOW, "server": WINDOW}  # highest number each side may send

    def _packet(self, name, flags, data=b""):
        peer = "server" if name == "client" else "client"
        self._granted[peer] = self._sent[peer] + WINDOW  # saying it grants it
        return struct.pack("<BBHLLL", 0x53, flags, self._ident, 16 + len(data),
                           self._sent[name], self._granted[peer]) + data

    def syn(self):
        return self._packet("client", SYN)

    def fin(self, name):
        return self._packet(name, FIN)

    def data(self, name, tds_packet):
        """[(sender, bytes)]: an ACK of the peer first, when the window has closed."""
        out = []
        peer = "server" if name == "client" else "client"
        if self._sent[name] >= self._granted[name]:
            out.append((peer, self._packet(peer, ACK)))
        self._sent[name] += 1
        out.append((name, self._packet(name, DATA, tds_packet)))
        return out
