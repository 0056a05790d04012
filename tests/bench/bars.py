#!/usr/bin/env python3
"""Every figure that querytap promises, beside its bar. One command:

    tests/bench/bars.py [--build build] [--short] [--floods 20000000] [--capture FILE]

In-memory sources: 5-tuples and sequence numbers are rewritten for each packet or lap, and what that
costs is measured and subtracted. Times are of the processor. --short: everything is run, on sizes
whose figures mean little. Exit status 1 when a session was lost or memory is above its bar; speed
depends on the machine, and is only told.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

import throughput
import traffic

GIB = 1 << 30


class Bars:
    """The table; and whether what must hold on any machine holds."""

    def __init__(self):
        self.good = True
        print(f"{'':<52} {'measured':>12} {'bar':>12}")

    def add(self, what: str, value: float, bar: float, unit: str, at_most=False, must=False, digits=2):
        met = value <= bar if at_most else value >= bar
        self.good = self.good and (met or not must)
        sign = "<=" if at_most else ">="
        print(f"{what:<52} {value:>9.{digits}f} {unit:<7} {sign} {bar:g}   {'met' if met else 'NOT MET'}", flush=True)


def run_json(*command) -> dict:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if not done.stdout.strip().startswith("{"):
        raise RuntimeError(f"{command[0]} said nothing useful:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def packets(bars: Bars, build: pathlib.Path, arguments) -> None:
    sizes = ["--flows", "16384", "--packets", "65536", "--floods", "200000", "--idle", "2000"] if arguments.short \
        else ["--floods", str(arguments.floods)]
    found = run_json(build / "tests/bench/bench_packets", "--json", *sizes)
    flows = "16k" if arguments.short else "1M"
    bars.add(f"non-SQL, {flows} flows, 64 B, one worker", found["small_pps"] / 1e6, 8, "Mpps")
    bars.add("    of 10GbE line rate at 64 B (aim 14.88 Mpps)", found["small_pps"] / 14.88e6 * 100, 100, "%", digits=0)
    bars.add("non-SQL, 800 B mix", found["mixed_bps"] / 1e9, 10, "Gbit/s", digits=1)
    bars.add("    its packet rate beside that of 64 B", found["mixed_pps"] / found["small_pps"] * 100, 90, "%", digits=0)
    print(f"{'SYN flood, never answered':<52} {found['flood_pps'] / 1e6:>9.2f} Mpps")
    bars.add("    TDS sessions of 1000 detected after it", found["flood_detected"], found["sessions"], "", must=True, digits=0)
    bars.add("    TDS sessions that it evicted", found["flood_evicted_sessions"], 0, "", at_most=True, must=True, digits=0)
    bars.add("crafted collisions, secret known, of that rate", found["colliding_pps"] / found["flood_pps"] * 100, 50, "%",
             digits=0)
    bars.add("    TDS sessions of 1000 detected after them", found["colliding_detected"], found["sessions"], "", must=True,
             digits=0)
    bars.add("    TDS sessions that they evicted", found["colliding_evicted_sessions"], 0, "", at_most=True, must=True, digits=0)
    # 1,024 descriptors at 14.88 Mpps
    bars.add(f"{flows} flows end in a second: longest burst", found["expiry_burst_us"], 70, "us", at_most=True, digits=1)
    bars.add("an idle TDS session with its flow", found["session_bytes"], 2048, "bytes", at_most=True,
             must=not arguments.short, digits=0)


def idle_flows(build: pathlib.Path, count: int) -> list:
    """(what they are, bytes of each)"""
    done = subprocess.run([build / "tests/bench/bench_flow", "--memory", str(count)], capture_output=True, text=True,
                          check=False)
    lines = [line.split(": ", 1) for line in done.stdout.splitlines()]
    return [(what, float(rest.split(", ")[1].split()[0])) for what, rest in lines]  # "1.26 GiB, 135.3 bytes each, ..."


def memory(bars: Bars, build: pathlib.Path, arguments) -> None:
    full = 1 << (20 if arguments.short else 23)
    for what, each in idle_flows(build, full):
        bars.add(f"{what}, a full table: each", each, 128, "bytes", at_most=True, must=True, digits=0)
    count = 100_000 if arguments.short else 10_000_000
    for what, each in idle_flows(build, count):
        bars.add(what, each * count / GIB, 2 * count / 10e6, "GiB", at_most=True, must=not arguments.short)


def tds(bars: Bars, build: pathlib.Path, arguments) -> None:
    capture = arguments.capture or traffic.tds(build, "2M" if arguments.short else "64M")
    laps = "1" if arguments.short else "8"
    found = run_json(build / "tests/bench/bench_inspector", capture, "--signatures", traffic.ROOT / "signatures",
                     "--laps", laps, "--literals", "10000",
                     "--prefixes", "100000", "--json")
    bars.add("TDS mix, all signatures, one worker", found["inspector_bps"] / 1e9, 8, "Gbit/s")
    bars.add("    of narrowing and raw Hyperscan on the same bytes", found["inspector_bps"] / found["floor_bps"] * 100, 80,
             "%", digits=0)
    workers(bars, build, capture, laps)
    bars.add("    its speed with a policy of 100,000 prefixes", found["with_prefixes"] * 100, 97, "%", digits=1)
    bars.add("    that policy is read in", found["policy_load_s"], 1, "s", at_most=True)
    bars.add("    its speed with 10,000 literal signatures more", found["with_literals"] * 100, 75, "%", digits=0)


def workers(bars: Bars, build: pathlib.Path, capture: pathlib.Path, laps: str) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        print("two workers: left out, there is one core only")
        return
    found = run_json(build / "tests/bench/bench_workers", capture, "--signatures", traffic.ROOT / "signatures",
                     "--laps", laps, "--json")
    bars.add("    two workers, of one (where cores are free)", found["ratio"], 1.7, "times")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", type=pathlib.Path, default=traffic.ROOT / "build")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--floods", type=int, default=20_000_000)
    parser.add_argument("--capture", type=pathlib.Path, help="TDS traffic; default: generated")
    arguments = parser.parse_args()
    for name in ("bench_packets", "bench_flow", "bench_inspector", "bench_workers"):
        if not (arguments.build / "tests/bench" / name).exists():
            print(f"{name} is missing: build first (scripts/test.sh)", file=sys.stderr)
            return 2
    print(throughput.conditions() + "\n")
    bars = Bars()
    packets(bars, arguments.build, arguments)
    memory(bars, arguments.build, arguments)
    tds(bars, arguments.build, arguments)
    print("\nThe flow table beside rte_hash: bench_flow. Beside Suricata: tests/bench/suricata.py. "
          "With devices, and testpmd: tests/bench/throughput.py.")
    return 0 if bars.good else 1


if __name__ == "__main__":
    sys.exit(main())
