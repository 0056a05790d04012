"""Capture files: classic pcap with microseconds or nanoseconds, and pcapng."""

import struct

FORMATS = ("pcap", "pcap-ns", "pcapng")
SNAP_LENGTH = 262144
MAGIC_US, MAGIC_NS = 0xA1B2C3D4, 0xA1B23C4D
NS = 1_000_000_000


class PcapWriter:
    """Classic pcap; little-endian, as most machines write it."""

    def __init__(self, stream, link_type, nanoseconds):
        self._stream = stream
        self._unit = 1 if nanoseconds else 1000
        magic = MAGIC_NS if nanoseconds else MAGIC_US
        stream.write(struct.pack("<LHHlLLL", magic, 2, 4, 0, 0, SNAP_LENGTH, link_type))

    def write(self, time_ns, frame):
        seconds, rest = divmod(time_ns, NS)
        self._stream.write(struct.pack("<LLLL", seconds, rest // self._unit,
                                       len(frame), len(frame)) + frame)


class PcapngWriter:
    """pcapng: section header, one interface with nanosecond stamps, enhanced packet blocks."""

    def __init__(self, stream, link_type):
        self._stream = stream
        section = struct.pack("<LHHq", 0x1A2B3C4D, 1, 0, -1)
        self._block(0x0A0D0D0A, section)
        # if_tsresol (option 9) = 9: stamps count nanoseconds; option 0 ends the list
        options = struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)
        self._block(1, struct.pack("<HHL", link_type, 0, SNAP_LENGTH) + options)

    def _block(self, kind, body):
        body += b"\0" * (-len(body) % 4)
        total = len(body) + 12
        self._stream.write(struct.pack("<LL", kind, total) + body + struct.pack("<L", total))

    def write(self, time_ns, frame):
        head = struct.pack("<LLLLL", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(frame), len(frame))
        self._block(6, head + frame)


def open_writer(stream, link_type, kind):
    """The writer for one of FORMATS."""
    if kind == "pcapng":
        return PcapngWriter(stream, link_type)
    return PcapWriter(stream, link_type, kind == "pcap-ns")
