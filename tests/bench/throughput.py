#!/usr/bin/env python3
"""How fast one worker inspects TDS, beside what bounds it. One command, all figures:

    tests/bench/throughput.py [--build build] [--capture FILE] [--size 64M] [--seconds 5]

64-byte frames that are no SQL, on devices only (1 and 2), then a TDS-heavy capture (small batches, RPC,
results; made where none is given). One after the other, on the same bytes:

  1. querytap run: one worker on net_pcap with infinite_rx (the capture in memory, again and again),
     all signatures, EVE without tds records
  2. testpmd rxonly on the same virtual device: receiving alone, nothing looked at
  3. the Inspector without any device, every lap with addresses and sequence numbers of its own
  4. nothing but narrowing and Hyperscan (all signatures' SQL patterns) on the same payload

Figures of 1 and 2 are medians over seconds, of 3 and 4 over five runs. Bits are those of the
Ethernet frames. What is missing on the machine is left out by name.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import devices
import traffic
from traffic import ROOT


def line(what: str, pps, bps) -> None:
    print(f"{what:<52} {pps / 1e6:8.2f} Mpps {bps / 1e9:8.2f} Gbit/s", flush=True)


def device_lines(build: pathlib.Path, capture: pathlib.Path, seconds: int) -> None:
    measured, last = devices.measure_querytap(build, capture, seconds)
    whole = devices.median(measured)
    line("querytap run, 1 worker, net_pcap infinite_rx", *whole)
    if last["tds_queries"]:
        print(f"    of it {last['tds_queries']:,.0f} queries, {last['tcp_gaps']:,.0f} gaps")
    received = devices.measure_testpmd(capture, seconds)
    if received is None:
        print("testpmd rxonly: left out, dpdk-testpmd is not installed (Debian package dpdk-dev)")
        return
    bound = devices.median(received)
    line("testpmd rxonly, the same device", *bound)
    print(f"    querytap is at {whole[0] / bound[0]:.0%} of it")


def conditions() -> str:
    model = "unknown CPU"
    for text in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            model = text.split(":", 1)[1].strip()
            break
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--capture", type=pathlib.Path)
    parser.add_argument("--size", default="64M")
    parser.add_argument("--seconds", type=int, default=5)
    arguments = parser.parse_args()
    for program in ("querytap", "tests/bench/bench_inspector"):
        if not (arguments.build / program).exists():
            print(f"{arguments.build / program} is missing: build first (scripts/test.sh)",
                  file=sys.stderr)
            return 2
    capture = (arguments.capture or traffic.tds(arguments.build, arguments.size)).resolve()

    print(conditions())
    print("\n64-byte frames of 16,384 connections, no SQL", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        device_lines(arguments.build, traffic.small(pathlib.Path(scratch, "small.pcap")), arguments.seconds)
    print(f"\n{capture.name}, {capture.stat().st_size / 1e6:.1f} MB", flush=True)
    device_lines(arguments.build, capture, arguments.seconds)
    inspector = subprocess.run(
        [arguments.build / "tests/bench/bench_inspector", capture, "--signatures",
         ROOT / "signatures", "--json"], check=True, capture_output=True, text=True)
    figures = json.loads(inspector.stdout)
    line("Inspector in memory, rewriting subtracted", figures["inspector_pps"],
         figures["inspector_bps"])
    line("narrowing and Hyperscan alone on the same payload",
         figures["floor_pps"], figures["floor_bps"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
