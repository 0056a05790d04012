#!/usr/bin/env python3
"""How fast one worker inspects TDS, beside what bounds it. One command, all figures:

    tests/bench/throughput.py [--build build] [--capture FILE] [--size 64M] [--seconds 5]

Generates a TDS-heavy capture (small batches, RPC, results) where none is given, then measures, one
after the other on the same bytes:

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
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
MBUFS = 262144  # net_pcap keeps the whole capture in mbufs
WARM_UP_S = 2


def generate(build: pathlib.Path, size: str) -> pathlib.Path:
    capture = build / f"bench-tds-{size}.pcap"
    if not capture.exists():
        subprocess.run([sys.executable, ROOT / "tests/capgen/capgen.py", "--mix", "tds",
                        "--size", size, "-o", capture], check=True, stdout=subprocess.DEVNULL)
    return capture


def free_port() -> int:
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def scrape(port: int) -> dict:
    """Packets, bytes and queries of all workers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    totals = {}
    for name in ("packets", "bytes", "tds_queries", "tcp_gaps"):
        values = re.findall(rf"^querytap_{name}_total(?:{{[^}}]*}})? (\S+)$", text, re.M)
        totals[name] = sum(float(value) for value in values)
    totals["at"] = time.monotonic()
    return totals


def rates(samples: list) -> list:
    return [((b["packets"] - a["packets"]) / (b["at"] - a["at"]),
             (b["bytes"] - a["bytes"]) * 8 / (b["at"] - a["at"]))
            for a, b in zip(samples, samples[1:])]


def measure_querytap(build: pathlib.Path, capture: pathlib.Path, seconds: int):
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        config = pathlib.Path(scratch, "querytap.yaml")
        config.write_text(
            f"ports:\n  - vdev: net_pcap0,rx_pcap={capture},infinite_rx=1\n"
            f"workers:\n  count: 1\n"
            f"memory:\n  hugepages: false\n  mbufs: {MBUFS}\n"
            f"eve:\n  file: {scratch}/eve.json\n  tds: false\n"
            f"overload:\n  shed: false\n"
            f"metrics:\n  listen: 127.0.0.1:{port}\n"
            f"signatures: {ROOT}/signatures\n")
        process = subprocess.Popen([build / "querytap", "run", "-c", config],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            samples = []
            deadline = time.monotonic() + 30
            while len(samples) < seconds + 1:
                try:
                    sample = scrape(port)
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(process.communicate()[1].decode())
                    time.sleep(0.2)
                    continue
                if not samples and sample["packets"] == 0:
                    time.sleep(0.2)
                    continue
                if not samples:
                    time.sleep(WARM_UP_S)
                    sample = scrape(port)
                samples.append(sample)
                time.sleep(1)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()
    return rates(samples), samples[-1]


def measure_testpmd(capture: pathlib.Path, seconds: int):
    testpmd = shutil.which("dpdk-testpmd")
    if testpmd is None:
        return None
    command = [testpmd, "--no-huge", "--no-pci", "--no-shconf", "-m", "1400", "-l", "0-1",
               "--vdev", f"net_pcap0,rx_pcap={capture},infinite_rx=1", "--",
               "--forward-mode=rxonly", "--stats-period=1", f"--total-num-mbufs={MBUFS}",
               "--no-flush-rx", "--nb-cores=1", "--auto-start"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, text=True)
    time.sleep(WARM_UP_S + seconds + 2)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=30)[0]
    pairs = re.findall(r"Rx-pps:\s+(\d+)\s+Rx-bps:\s+(\d+)", output)
    measured = [(float(pps), float(bps)) for pps, bps in pairs if int(pps) > 0]
    if len(measured) < 3:
        raise RuntimeError(f"testpmd said nothing useful:\n{output[-2000:]}")
    return measured[1:]  # the first period is not a whole one


def line(what: str, pps, bps) -> None:
    print(f"{what:<52} {pps / 1e6:8.2f} Mpps {bps / 1e9:8.2f} Gbit/s", flush=True)


def median_line(what: str, measured: list) -> float:
    pps = statistics.median(pair[0] for pair in measured)
    bps = statistics.median(pair[1] for pair in measured)
    line(what, pps, bps)
    return bps


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
    capture = (arguments.capture or generate(arguments.build, arguments.size)).resolve()

    print(conditions())
    print(f"{capture.name}, {capture.stat().st_size / 1e6:.1f} MB\n", flush=True)
    measured, last = measure_querytap(arguments.build, capture, arguments.seconds)
    whole = median_line("querytap run, 1 worker, net_pcap infinite_rx", measured)
    print(f"    of it {last['tds_queries']:,.0f} queries, {last['tcp_gaps']:,.0f} gaps")
    received = measure_testpmd(capture, arguments.seconds)
    if received is None:
        print("testpmd rxonly: left out, dpdk-testpmd is not installed (Debian package dpdk-dev)")
    else:
        ratio = whole / median_line("testpmd rxonly, the same device", received)
        print(f"    querytap is at {ratio:.0%} of it")
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
