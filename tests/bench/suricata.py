#!/usr/bin/env python3
"""querytap beside Suricata 7 on the same captures, one inspecting thread each.

    tests/bench/suricata.py [--build build] [--size 256M] [--runs 5] [--seconds 5]

The TDS mixture of tests/capgen, TCP that is no SQL (850 bytes a packet in the mean), and such of 64 bytes a
packet. Suricata gets the same number of rules as querytap has signatures, in the only form that it knows for
SQL Server: for each signature its longest text in UTF-16LE, on the reassembled stream of port 1433. It
decodes no TDS, and neither normalises SQL nor knows a literal from code, so it does less for each byte.

From a file: `querytap replay`, `suricata -r --runmode single`. Start-up and compiling are measured on a
capture of one packet and taken off. Figures are medians of the runs; CPU time counts all threads, so that it
does not matter how many others a program keeps busy. From a device: `querytap run` and `suricata --dpdk`, one
worker each, on net_pcap with infinite_rx; medians over seconds. There a lap's segments are repetitions to
Suricata, unless their connections were closed, and cost it little. Skipped where Suricata 7 is not installed
(Debian: bookworm-backports).
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import devices
import traffic
from throughput import conditions
from traffic import ROOT

CONFIG = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: any, EXTERNAL_NET: any}
  port-groups: {SQL: "1433"}
default-log-dir: .
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


class Comparison:
    """Programs, configurations and captures, in a folder of their own."""

    def __init__(self, suricata, build, folder, options):
        self.suricata, self.build, self.folder, self.options = suricata, build, folder, options
        self.rules = folder / "equivalent.rules"
        self.rules.write_text("\n".join(equivalent_rules(ROOT / "signatures")) + "\n")
        (folder / "suricata.yaml").write_text(CONFIG + "stats: {enabled: no}\noutputs: []\n")
        self.tds = traffic.tds(build, options.size)
        self.web = traffic.web(folder / "web.pcap", int(float(options.size.rstrip("M")) * (1 << 20)))
        self.empty = folder / "empty.pcap"
        first = self.tds.read_bytes()[:4096]
        self.empty.write_bytes(first[:24 + 16 + struct.unpack_from("<I", first, 24 + 8)[0]])

    def from_file(self, title, capture):
        packets, size = count(capture)
        print("%s, from a file: %d packets, %.1f MB, %d bytes a packet" % (title, packets, size / 1e6, size / packets))
        programs = {
            "querytap": lambda file: [self.build / "querytap", "replay", file],
            "Suricata": lambda file: [self.suricata, "-c", "suricata.yaml", "-S", self.rules, "-r", file, "-l", ".",
                                      "-k", "none", "--runmode", "single"]}
        figures = {}
        for program, command in programs.items():
            wall, cpu = figures[program] = net(command, capture, self.empty, self.folder, self.options.runs)
            print("  %-9s %6.2f s CPU, %6.2f Gbit/s of one core    (%.2f s wall)"
                  % (program, cpu, size * 8 / cpu / 1e9, wall))
        print("  ratio     %6.1f by CPU time, %.1f by wall time\n"
              % tuple(figures["Suricata"][i] / figures["querytap"][i] for i in (1, 0)), flush=True)

    def from_device(self, title, capture):
        print("%s, from DPDK's net_pcap, again and again" % title)
        mine = devices.median(devices.measure_querytap(self.build, capture, self.options.seconds)[0])
        theirs = devices.median(devices.measure_suricata(self.suricata, CONFIG, self.rules, capture,
                                                         self.options.seconds))
        for program, (pps, bps) in (("querytap", mine), ("Suricata", theirs)):
            print("  %-9s %6.2f Mpps, %6.2f Gbit/s" % (program, pps / 1e6, bps / 1e9))
        print("  ratio     %6.1f\n" % (mine[0] / theirs[0]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--size", default="256M", help="of each capture that is read from a file")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement on a device")
    options = parser.parse_args()
    suricata = shutil.which("suricata")
    version = subprocess.run([suricata, "-V"], capture_output=True, text=True, check=False).stdout if suricata else ""
    if "version 7." not in version:
        print("skipped: Suricata 7 is not installed (Debian package suricata of bookworm-backports)")
        return
    build = options.build.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        comparison = Comparison(suricata, build, folder, options)
        print("%s\n%s\n%d rules in UTF-16LE for Suricata, the signatures of this checkout for querytap\n"
              % (conditions(), version.strip(), len(comparison.rules.read_text().splitlines())), flush=True)
        comparison.from_file("TDS mixture", comparison.tds)
        comparison.from_file("TCP that is no SQL", comparison.web)
        # What fits into the mbufs of a device.
        comparison.from_device("TDS mixture", traffic.tds(build, "64M").resolve())
        comparison.from_device("TCP that is no SQL", traffic.web(folder / "web64.pcap", 64 << 20))
        comparison.from_device("64-byte frames that are no SQL", traffic.small(folder / "small.pcap"))


if __name__ == "__main__":
    main()
