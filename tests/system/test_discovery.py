#!/usr/bin/python3
"""querytap replay: ports that SQL Server announces on UDP 1434 are SQL ports for every worker, and the
connection after a redirection names the one before it, whoever inspects the two."""

import os
import struct
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "capgen"))

from harness import InFolder, of_type, replay  # noqa: E402
from tds import framing  # noqa: E402

CLIENT = bytes((10, 1, 2, 3))
HELLO = bytes.fromhex("1603010080 0100007c 0303") + bytes(0x80 - 6)
SYN, ACK = 2, 16


def server(i):
    return bytes((10, 9, i // 200, 1 + i % 200))


def ipv4(source, destination, protocol, payload):
    return (b"\2" * 12 + b"\x08\0" + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64,
                                                 protocol, 0) + source + destination + payload)


def udp(source, destination, ports, payload):
    return ipv4(source, destination, 17, struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload)


class Tcp:
    """One connection: frames of what its sides say."""

    def __init__(self, client_port, address, port):
        self.ports, self.address, self.next = (client_port, port), address, {True: 100, False: 900}
        self.frames = []
        self._add(True, SYN, b"")
        self._add(False, SYN | ACK, b"")

    def _add(self, to_server, flags, payload):
        ends = (CLIENT, self.address) if to_server else (self.address, CLIENT)
        ports = self.ports if to_server else self.ports[::-1]
        head = struct.pack(">HHIIBBHHH", *ports, self.next[to_server], self.next[not to_server], 0x50,
                           flags, 0xffff, 0, 0)
        self.frames.append(ipv4(*ends, 6, head + payload))
        self.next[to_server] += len(payload) + (1 if flags & SYN else 0)

    def say(self, to_server, payload):
        self._add(to_server, ACK, payload)
        return self


def tds(kind, payload):
    return b"".join(framing.split(kind, payload, framing.Tally(), 4096))


def prelogin():
    return tds(18, bytes.fromhex("00000b0006 01001100 01ff 100007d00000 02"))


def routing(name, port):
    data = struct.pack("<BHH", 0, port, len(name)) + name.encode("utf-16-le")
    change = struct.pack("<BH", 20, len(data)) + data + b"\0\0"
    return tds(4, b"\xe3" + struct.pack("<H", len(change)) + change + b"\xfd" + bytes(12))


class Discovery(InFolder):
    def run_both(self, frames):
        """Events with one worker; those with two are the same."""
        path = os.path.join(self.folder, "made.pcap")
        with open(path, "wb") as stream:
            stream.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for i, frame in enumerate(frames):
                stream.write(struct.pack("<IIII", 1772438400 + i // 1000, i % 1000 * 1000, len(frame),
                                         len(frame)) + frame)
        rules = os.path.join(self.folder, "rules")
        os.mkdir(rules)
        with open(os.path.join(rules, "one.rules"), "w", encoding="ascii") as stream:
            stream.write('alert tds any any -> any any (msg:"none"; tds.sql; content:"never"; sid:1; rev:1;)\n')
        runs = [replay(path, "--json", "-", "--signatures", rules, "--workers", workers)
                for workers in ("1", "2")]
        for done in runs:
            self.assertEqual(done.status, 0, done.err)
        kept = [[event for event in done.events if event["event_type"] != "stats"] for done in runs]
        self.assertEqual(*kept)
        return kept[0]

    def test_announced_ports_are_known_to_every_worker(self):
        frames, count = [], 60
        for i in range(count):
            text = b"ServerName;S%d;InstanceName;I;IsClustered;No;Version;15.0.1;tcp;%d;;" % (i, 49000 + i)
            answer = b"\5" + struct.pack("<H", len(text)) + text
            frames.append(udp(server(i), CLIENT, (1434, 50000 + i), answer))
            frames += Tcp(40000 + i, server(i), 49000 + i).say(True, HELLO).frames
            frames += Tcp(42000 + i, server(i), 48000 + i).say(True, HELLO).frames  # not announced
        events = self.run_both(frames)
        ports = [event["dest_port"] for event in of_type(events, "flow") if event["proto"] == "TCP"]
        self.assertEqual(sorted(ports), [49000 + i for i in range(count)])
        announced = [event["tds"]["ssrp"] for event in of_type(events, "tds")
                     if event["tds"]["type"] == "ssrp"]
        self.assertEqual([one["tcp_port"] for one in announced], [49000 + i for i in range(count)])

    def test_a_redirected_connection_names_its_origin(self):
        frames, count = [], 30
        for i in range(count):
            first = Tcp(40000 + i, server(i), 1433).say(True, prelogin()).say(False, tds(4, prelogin()[8:]))
            frames += first.say(False, routing("db%d" % i, 11000 + i)).frames
            frames += Tcp(42000 + i, server(100 + i), 11000 + i).say(True, prelogin()).frames
        events = of_type(self.run_both(frames), "tds")
        origins = {event["tds"]["redirect"]["port"]: event["flow_id"] for event in events
                   if event["tds"]["type"] == "redirect"}
        self.assertEqual(len(origins), count)
        followed = {event["dest_port"]: event["tds"]["redirected_from"] for event in events
                    if "redirected_from" in event["tds"]}
        self.assertEqual(followed, origins)


if __name__ == "__main__":
    unittest.main()
