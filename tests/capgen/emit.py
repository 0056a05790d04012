"""From packets to files: link layer, faults on purpose, compression; and the counts of what was written."""

import gzip
import io
import os
import random
import subprocess
from dataclasses import dataclass, replace

from net import capture, encapsulation, link
from scene.player import LAP_GAP_NS, Player
from tds.framing import Tally

DUPLICATE_DELAY_NS = 30_000


@dataclass
class Output:
    path: str
    link_type: int = link.ETHERNET
    format: str = "pcap"
    reorder: float = 0
    duplicate: float = 0
    encapsulate: str = ""  # one of encapsulation.KINDS


class Compressed:
    """A file that is plain, gzip or zstd by its name; the same bytes on every run."""

    def __init__(self, path):
        self._path = path
        self.stream = open(path, "wb") if self._plain() else io.BytesIO()

    def _plain(self):
        return not self._path.endswith((".gz", ".zst"))

    def close(self):
        if self._plain():
            self.stream.close()
            return
        data = self.stream.getvalue()
        if self._path.endswith(".gz"):
            with open(self._path, "wb") as out:  # no name and no time inside: repeatable
                out.write(gzip.compress(data, 9, mtime=0))
        else:
            done = subprocess.run(["zstd", "-19", "-q", "-c"], input=data, stdout=subprocess.PIPE,
                                  check=False)
            if done.returncode:
                raise OSError("zstd could not compress %s" % self._path)
            with open(self._path, "wb") as out:
                out.write(done.stdout)

    def discard(self):
        """Nothing half-written stays behind."""
        self.stream.close()
        if os.path.exists(self._path) and self._plain():
            os.unlink(self._path)


def with_faults(packets, reorder, duplicate, seed):
    """Swaps neighbouring data segments of one direction and repeats some; time still only grows."""
    if not reorder and not duplicate:
        return packets
    rng = random.Random("faults/%s" % seed)
    out = list(packets)
    for index in range(len(out) - 1):
        one, two = out[index], out[index + 1]
        same = one.flow == two.flow and one.sender == two.sender
        if same and one.payload and two.payload and rng.random() < reorder:
            out[index] = replace(two, time_ns=one.time_ns)
            out[index + 1] = replace(one, time_ns=two.time_ns)
    copies = [replace(p, time_ns=p.time_ns + DUPLICATE_DELAY_NS) for p in out
              if p.payload and rng.random() < duplicate]
    return sorted(out + copies, key=lambda packet: packet.time_ns)


class Extent:
    """Frames, payload bytes and first and last time of what was written, without keeping it."""

    def __init__(self):
        self.frames, self.payload, self.first_ns, self.last_ns = 0, 0, 0, 0

    def add(self, packet, frames):
        self.frames += frames
        self.payload += packet.payload
        self.first_ns = self.first_ns or packet.time_ns
        self.last_ns = packet.time_ns


def summary(scenario, extent, tally):
    """The label: what the generator put on the wire."""
    values = tally.values
    needs = {"needs": scenario.needs} if scenario.expect == "malicious" else {}
    return {
        "expect": scenario.expect, "threat": scenario.threat, **needs, "title": scenario.title,
        "source": scenario.source,
        "frames": extent.frames, "payload_bytes": extent.payload,
        "duration_ms": (extent.last_ns - extent.first_ns) // 1_000_000,
        "flows": values["flows"], "logins": values["logins"],
        "login_failures": values["login_failures"], "batches": values["batches"],
        "rpcs": values["rpcs"], "result_rows": values["rows"], "errors": values["errors"],
        "smp_sessions": values["smp_sessions"], "raw_bytes": values["raw_bytes"],
        "tds_messages": {str(k): v for k, v in sorted(tally.messages.items())},
        "tds_packets": {str(k): v for k, v in sorted(tally.packets.items())},
    }


class Writer:
    """An open capture file. Used as a context: a failure leaves no half-written file behind."""

    def __init__(self, target, vlan=0):
        self._target, self._vlan = target, vlan
        self._holder = Compressed(target.path)
        self._file = capture.open_writer(self._holder.stream, target.link_type, target.format)
        self.extent = Extent()
        self.bytes = 0

    def __enter__(self):
        return self

    def __exit__(self, problem, *_rest):
        if problem:
            self._holder.discard()
        else:
            self._holder.close()

    def write(self, packets):
        for packet in packets:
            frame = link.frame(self._target.link_type, packet.data, self._vlan)
            carriers = encapsulation.encapsulate(self._target.encapsulate, frame)
            for carrier in carriers:
                self._file.write(packet.time_ns, carrier)
                self.bytes += len(carrier)
            self.extent.add(packet, len(carriers))


def write_capture(scenario, target, seed=1, laps=1, mss=None):
    """Plays a scenario into a file; gives its label."""
    tally = Tally()
    player = Player(scenario, tally, seed, mss)
    packets, shift = [], 0
    for lap in range(laps):
        played = player.play(lap, shift)
        if not played:
            raise OSError("%s: the scenario has no sessions" % scenario.path)
        shift = played[-1].time_ns - scenario.start_ns + LAP_GAP_NS
        packets += played
    packets = with_faults(packets, target.reorder, target.duplicate, seed)
    with Writer(target, scenario.network["vlan"]) as out:
        out.write(packets)
    return summary(scenario, out.extent, tally)
