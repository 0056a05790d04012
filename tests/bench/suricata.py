#!/usr/bin/env python3
"""querytap beside Suricata 7 on the same captures, one inspecting thread each.

    tests/bench/suricata.py [--build build] [--size 64M] [--runs 5]

Two captures: the TDS mixture of tests/capgen, and TCP that is no SQL (800 bytes a packet in the mean).
Suricata gets the same number of rules as querytap has signatures, in the only form that it knows for SQL
Server: for each signature its longest text in UTF-16LE, on the reassembled stream of port 1433. It decodes
no TDS, and neither normalises SQL nor knows a literal from code, so it does less for each byte.

Both read the capture from a file (`querytap replay`, `suricata -r --runmode single`). Start-up and
compiling are measured on a capture of one packet and taken off. Figures are medians of the runs, alternating;
CPU time counts all threads, so that it does not matter how many others a program keeps busy. Skipped where
Suricata 7 is not installed (Debian: bookworm-backports).
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from throughput import ROOT, conditions, generate

CONFIG = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: any, EXTERNAL_NET: any}
  port-groups: {SQL: "1433"}
default-log-dir: .
stats: {enabled: no}
outputs: []
logging: {default-log-level: error, outputs: [{console: {enabled: yes}}]}
stream:
  memcap: 1gb
  checksum-validation: no
  inline: no
  midstream: true
  reassembly: {memcap: 2gb, depth: 0, toserver-chunk-size: 2560, toclient-chunk-size: 2560}
flow: {memcap: 1gb, hash-size: 262144, prealloc: 10000}
detect: {profile: high}
mpm-algo: hs
spm-algo: hs
app-layer:
  protocols:
    tls: {enabled: yes, detection-ports: {dp: 443}}
    http: {enabled: yes}
"""


def longest_text(rule):
    """The longest text in a rule's contents and patterns, as it would stand on the wire."""
    texts = re.findall(r'content:"((?:[^"\\]|\\.)*)"', rule)
    for pattern in re.findall(r'pcre:"/((?:[^"\\]|\\.)*)/[a-zA-Z]*"', rule):
        texts += re.findall(r"[A-Za-z0-9_ ]{4,}", re.sub(r"\[[^\]]*\]|\\.|\{[^}]*\}|\(\?[:i]+", "(", pattern))
    texts = [re.sub(r"\|[^|]*\||[^A-Za-z0-9_ ]", "", text) for text in texts]
    return max(texts, key=len, default="")


def equivalent_rules(signatures):
    rules = []
    for path in sorted(signatures.glob("*.rules")):
        for rule in re.sub(r"\\\n\s*", "", path.read_text()).splitlines():
            if not rule.startswith("alert"):
                continue
            text = longest_text(rule)
            if len(text) < 4:
                continue
            wide = "".join(char + "|00|" for char in text)
            ends = "any 1433 -> any any" if "to_client" in rule else "any any -> any 1433"
            rules.append('alert tcp %s (msg:"%s"; flow:established; content:"%s"; nocase; sid:%d; rev:1;)'
                         % (ends, text, wide, len(rules) + 1))
    return rules


def write_other(path, size):
    """TCP that is no SQL: web-like connections, large answers, few requests, a handshake each."""
    random.seed(1)
    out, now, port = bytearray(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)), 0, 0
    body = bytes(random.getrandbits(8) for _ in range(1 << 16))

    def frame(to_server, client, sport, seq, ack, flags, payload):
        nonlocal now
        now += 1
        ends = (client, 0x0a020001) if to_server else (0x0a020001, client)
        ports = (sport, 8443) if to_server else (8443, sport)
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags, 65535, 0, 0)
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0, *ends)
        packet = b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + tcp + payload
        out.extend(struct.pack("<IIII", 1772438400 + now // 10**6, now % 10**6, len(packet), len(packet)))
        out.extend(packet)

    while len(out) < size:
        port += 1
        client, sport = 0x0a030000 + port // 50000, 10000 + port % 50000
        mine, theirs = random.getrandbits(31), random.getrandbits(31)
        frame(True, client, sport, mine, 0, 2, b"")
        frame(False, client, sport, theirs, mine + 1, 0x12, b"")
        mine, theirs = mine + 1, theirs + 1
        frame(True, client, sport, mine, theirs, 0x10, b"")
        for _ in range(random.randint(2, 6)):
            at = random.randrange(1 << 15)
            frame(True, client, sport, mine, theirs, 0x18, body[at:at + 300])
            mine += 300
            for _ in range(8):
                at = random.randrange(1 << 15)
                frame(False, client, sport, theirs, mine, 0x10, body[at:at + 1400])
                theirs += 1400
            for _ in range(4):
                frame(True, client, sport, mine, theirs, 0x10, b"")
        frame(True, client, sport, mine, theirs, 0x11, b"")
        frame(False, client, sport, theirs, mine + 1, 0x11, b"")
        frame(True, client, sport, mine + 1, theirs + 1, 0x10, b"")
    path.write_bytes(out)


def spent(command, folder):
    """(wall, CPU) seconds of a program; it must end well."""
    begin = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    said = process.stderr.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit("%s failed: %s" % (command[0], said.decode(errors="replace")[-2000:]))
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime


def net(command, capture, empty, folder, runs):
    """Seconds that the capture itself takes, medians."""
    whole = [spent(command(capture), folder) for _ in range(runs)]
    start = [spent(command(empty), folder) for _ in range(runs)]
    return [statistics.median(a[i] for a in whole) - statistics.median(b[i] for b in start) for i in (0, 1)]


def count(capture):
    packets, at, data = 0, 24, capture.read_bytes()
    while at < len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        packets += 1
    return packets, len(data) - 24 - 16 * packets


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--size", default="64M", help="of each capture")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    suricata = shutil.which("suricata")
    version = subprocess.run([suricata, "-V"], capture_output=True, text=True, check=False).stdout if suricata else ""
    if "version 7." not in version:
        print("skipped: Suricata 7 is not installed (Debian package suricata of bookworm-backports)")
        return
    build = options.build.resolve()
    size = int(float(options.size.rstrip("M")) * (1 << 20))
    rules = equivalent_rules(ROOT / "signatures")
    print("%s\n%s\n%d rules in UTF-16LE for Suricata, the signatures of this checkout for querytap\n"
          % (conditions(), version.strip(), len(rules)))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "suricata.yaml").write_text(CONFIG)
        (folder / "equivalent.rules").write_text("\n".join(rules) + "\n")
        tds = generate(build, options.size)
        empty, other = folder / "empty.pcap", folder / "other.pcap"
        first = tds.read_bytes()[:4096]
        empty.write_bytes(first[:24 + 16 + struct.unpack_from("<I", first, 24 + 8)[0]])
        write_other(other, size)
        mine = lambda capture: [build / "querytap", "replay", capture]
        theirs = lambda capture: [suricata, "-c", "suricata.yaml", "-S", "equivalent.rules", "-r", capture, "-l", ".",
                                  "-k", "none", "--runmode", "single"]
        for title, capture in (("TDS mixture", tds), ("TCP that is no SQL", other)):
            packets, size_on_wire = count(capture)
            print("%s: %d packets, %.1f MB, %d bytes a packet" % (title, packets, size_on_wire / 1e6,
                                                                  size_on_wire / packets))
            figures = {}
            for program, command in (("querytap", mine), ("Suricata", theirs)):
                wall, cpu = figures[program] = net(command, capture, empty, folder, options.runs)
                print("  %-9s %6.2f s CPU, %6.2f Gbit/s of one core    (%.2f s wall)"
                      % (program, cpu, size_on_wire * 8 / cpu / 1e9, wall))
            print("  ratio     %6.1f by CPU time, %.1f by wall time\n"
                  % tuple(figures["Suricata"][i] / figures["querytap"][i] for i in (1, 0)))


if __name__ == "__main__":
    main()
