"""TDS packets (MS-TDS 2.2.3): the eight-byte header, splitting by packet size, and counting."""

import struct
from collections import Counter

BATCH, RPC, RESULT, ATTENTION, BULK, TRANSACTION, LOGIN7, PRELOGIN = 1, 3, 4, 6, 7, 14, 16, 18
END_OF_MESSAGE, RESET_CONNECTION = 0x01, 0x08
HEADER_SIZE = 8
DEFAULT_PACKET_SIZE = 4096


class Tally:
    """What went onto the wire. Labels are written from this, never from the scenario's text."""

    def __init__(self):
        self.messages = Counter()
        self.packets = Counter()
        self.values = Counter()

    def count(self, name, amount=1):
        self.values[name] += amount


def split(kind, payload, tally, packet_size=DEFAULT_PACKET_SIZE, status=0, spid=0, same_id=False,
          first_id=1):
    """The message as a list of TDS packets; `same_id` is Metasploit's habit of not counting."""
    room = packet_size - HEADER_SIZE
    chunks = [payload[i:i + room] for i in range(0, len(payload), room)] or [b""]
    packets = []
    for index, chunk in enumerate(chunks):
        bits = status | (END_OF_MESSAGE if index == len(chunks) - 1 else 0)
        number = first_id if same_id else (first_id + index) & 0xFF
        packets.append(struct.pack("!BBHHBB", kind, bits, len(chunk) + HEADER_SIZE, spid, number, 0)
                       + chunk)
    tally.messages[kind] += 1
    tally.packets[kind] += len(packets)
    return packets
