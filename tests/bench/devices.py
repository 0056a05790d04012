"""Programs that receive a capture from net_pcap, which keeps it in memory and plays it again and again: querytap,
testpmd, Suricata. Each is given one inspecting thread, and says how fast it was, second by second."""
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

from traffic import ROOT

MBUFS = 262144  # net_pcap keeps the whole capture in mbufs
WARM_UP_S = 2


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
            for a, b in zip(samples, samples[1:]) if b["at"] > a["at"]]


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


def suricata_config(device: str) -> str:
    """To be put behind a configuration of the rest: DPDK, a record of its counters each second."""
    worker = max(os.sched_getaffinity(0))
    return f"""
stats: {{enabled: yes, interval: 1}}
outputs: [{{stats: {{enabled: yes, filename: stats.log, append: no, totals: yes, threads: no}}}}]
dpdk:
  eal-params: {{proc-type: primary, no-huge: true, no-pci: true, no-shconf: true, m: 1400, vdev: "{device}"}}
  interfaces:
    - {{interface: net_pcap0, threads: 1, promisc: true, checksum-checks: false, checksum-checks-offload: false,
       mtu: 1500, mempool-size: {MBUFS - 1}, mempool-cache-size: 511, rx-descriptors: 1024, tx-descriptors: 512,
       copy-mode: none, copy-iface: none}}
threading:
  set-cpu-affinity: yes
  cpu-affinity:
    - management-cpu-set: {{cpu: [{min(os.sched_getaffinity(0))}]}}
    - worker-cpu-set: {{cpu: [{worker}]}}
"""


def measure_suricata(suricata: str, config: str, rules: pathlib.Path, capture: pathlib.Path, seconds: int):
    """config: without stats, outputs, dpdk, threading."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "suricata.yaml").write_text(config + suricata_config(f"net_pcap0,rx_pcap={capture},infinite_rx=1"))
        process = subprocess.Popen([suricata, "-c", "suricata.yaml", "-S", rules, "-l", ".", "--dpdk"], cwd=folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        log, deadline = folder / "stats.log", time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:  # it is slow to start
            if log.exists() and "decoder.pkts" in log.read_text():
                break
            time.sleep(0.2)
        time.sleep(WARM_UP_S + seconds)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        if process.returncode:
            raise RuntimeError(f"Suricata failed:\n{said[-2000:]}")
        samples = []
        for dump in log.read_text().split("Date: ")[1:]:
            uptime = re.search(r"uptime: (\d+)d, (\d+)h (\d+)m (\d+)s", dump)
            counts = dict(re.findall(r"^(decoder\.\w+)\s+\| Total\s+\| (\d+)$", dump, re.M))
            if uptime and "decoder.pkts" in counts:
                days, hours, minutes, left = (int(part) for part in uptime.groups())
                samples.append({"packets": int(counts["decoder.pkts"]), "bytes": int(counts["decoder.bytes"]),
                                "at": ((days * 24 + hours) * 60 + minutes) * 60 + left})
    # The last is written while it ends.
    return [rate for rate in rates([a for a in samples[:-1] if a["packets"]]) if rate[0] > 0][WARM_UP_S:]


def median(measured: list) -> tuple:
    """(packets, bits) a second."""
    return tuple(statistics.median(pair[i] for pair in measured) for i in (0, 1))
