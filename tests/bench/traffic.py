"""Captures for the benchmarks: the TDS mixture of tests/capgen, and TCP that is no SQL."""
import pathlib
import random
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS, SERVER, PORT = 0x0a030000, 0x0a020001, 8443
PSH_ACK = 0x18


def tds(build: pathlib.Path, size: str) -> pathlib.Path:
    """Small batches, RPC and results. Made once, kept in the build directory."""
    capture = build / f"bench-tds-{size}.pcap"
    if not capture.exists():
        subprocess.run([sys.executable, ROOT / "tests/capgen/capgen.py", "--mix", "tds",
                        "--size", size, "-o", capture], check=True, stdout=subprocess.DEVNULL)
    return capture


class Pcap:
    """Frames between clients and a server, a microsecond apart."""

    def __init__(self):
        self.bytes, self.packets = bytearray(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)), 0

    def add(self, to_server, client, sport, seq, ack, flags, payload):
        self.packets += 1
        ends = (client, SERVER) if to_server else (SERVER, client)
        ports = (sport, PORT) if to_server else (PORT, sport)
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0, *ends)
        packet = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp + payload
        self.bytes += struct.pack("<IIII", 1772438400 + self.packets // 10**6, self.packets % 10**6, len(packet),
                                  len(packet)) + packet


def web(path: pathlib.Path, size: int) -> pathlib.Path:
    """Connections as of the web: large answers, few requests, a handshake each; some 800 bytes a packet."""
    chance = random.Random(1)
    out, body, connection = Pcap(), chance.randbytes(1 << 16), 0
    while len(out.bytes) < size:
        connection += 1
        ends = CLIENTS + connection // 50000, 10000 + connection % 50000
        mine, theirs = chance.getrandbits(31), chance.getrandbits(31)
        out.add(True, *ends, mine, 0, 2, b"")
        out.add(False, *ends, theirs, mine + 1, 0x12, b"")
        mine, theirs = mine + 1, theirs + 1
        out.add(True, *ends, mine, theirs, 0x10, b"")
        for _ in range(chance.randint(2, 6)):
            at = chance.randrange(1 << 15)
            out.add(True, *ends, mine, theirs, PSH_ACK, body[at:at + 300])
            mine += 300
            for _ in range(8):
                at = chance.randrange(1 << 15)
                out.add(False, *ends, theirs, mine, 0x10, body[at:at + 1400])
                theirs += 1400
            for _ in range(4):
                out.add(True, *ends, mine, theirs, 0x10, b"")
        out.add(True, *ends, mine, theirs, 0x11, b"")
        out.add(False, *ends, theirs, mine + 1, 0x11, b"")
        out.add(True, *ends, mine + 1, theirs + 1, 0x10, b"")
    path.write_bytes(out.bytes)
    return path


def small(path: pathlib.Path, flows: int = 16384, packets: int = 65536) -> pathlib.Path:
    """64-byte frames of connections that are under way, in random order."""
    chance = random.Random(1)
    out = Pcap()
    for _ in range(packets):
        flow = chance.randrange(flows)
        out.add(True, CLIENTS + flow // 64, 10000 + flow % 64, 1000, 5000, PSH_ACK, b"0123456789")
    path.write_bytes(out.bytes)
    return path
