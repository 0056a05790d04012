#!/usr/bin/python3
"""querytap replay: what stands around the packets, tags, labels, tunnels, changes nothing of what is
seen in them; and tshark, where it is installed, reads the generated captures the same way."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import ROOT, SIGNATURES, need, of_type, replay, worst_level

CAPGEN = os.path.join(ROOT, "tests", "capgen")
sys.path.insert(0, CAPGEN)

from net.encapsulation import KINDS, VNI  # noqa: E402

SCENARIO = os.path.join(ROOT, "tests", "scenarios", "xp-cmdshell-impacket.yaml")
VLANS = {"vlan": [100], "qinq": [100, 200], "vxlan-in-erspan2": [100]}
# type, number and its name, tunnels one in the other
TUNNELS = {
    "gre": ("gre", None, None, 1),
    "gre-key": ("gre", "key", 77, 1),
    "nvgre": ("nvgre", "vni", VNI, 1),
    "erspan1": ("erspan1", None, None, 1),
    "erspan2": ("erspan2", "session_id", 5, 1),
    "erspan3": ("erspan3", "session_id", 5, 1),
    "erspan3-subheader": ("erspan3", "session_id", 5, 1),
    "vxlan": ("vxlan", "vni", VNI, 1),
    "vxlan-linux": ("vxlan", "vni", VNI, 1),
    "geneve": ("geneve", "vni", VNI, 1),
    "ipip": ("ipip", None, None, 1),
    "4in6": ("4in6", None, None, 1),
    "fragments-in-vxlan": ("vxlan", "vni", VNI, 1),
    "vxlan-in-fragments": ("vxlan", "vni", VNI, 1),
    "gre-in-fragments": ("gre", None, None, 1),
    "vxlan-in-erspan2": ("vxlan", "vni", VNI, 2),
}


def generate(path, kind):
    command = [sys.executable, os.path.join(CAPGEN, "capgen.py"), SCENARIO, "-o", path]
    if kind:
        command += ["--encapsulate", kind]
    subprocess.run(command, check=True, capture_output=True)
    return path


def setUpModule():
    global FEW, FOLDER, PLAIN
    holder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(holder.cleanup)
    FOLDER = holder.name
    rules = os.path.join(FOLDER, "rules")
    os.mkdir(rules)
    shutil.copy(os.path.join(SIGNATURES, "execution.rules"), rules)
    FEW = ("--signatures", rules)
    PLAIN = generate(os.path.join(FOLDER, "plain.pcap"), None)


def essence(events):
    """Without the way that packets came, and how many frames that took."""
    kept = []
    for event in events:
        event = {key: value for key, value in event.items() if key not in ("vlan", "tunnel")}
        if event["event_type"] == "stats":
            continue
        if event["event_type"] == "flow":
            event["flow"] = {key: value for key, value in event["flow"].items()
                             if not key.startswith(("bytes_", "pkts_"))}
        kept.append(event)
    return kept


class Same(unittest.TestCase):
    """Each encapsulation: the same events, and the way they came beside them."""

    @classmethod
    def setUpClass(cls):
        cls.expected = replay(PLAIN, "--json", "-", *FEW).events

    def check(self, kind):
        capture = generate(os.path.join(FOLDER, kind + ".pcap"), kind)
        done = replay(capture, "--json", "-", *FEW)
        self.assertEqual(done.status, 0, done.err)
        events = done.events
        self.assertEqual(worst_level(events), "malicious")
        self.assertEqual(essence(events), essence(self.expected))
        flow = of_type(events, "flow")[0]
        self.assertEqual(flow.get("vlan"), VLANS.get(kind))
        self.check_tunnel(flow.get("tunnel"), kind)

    def check_tunnel(self, tunnel, kind):
        if kind not in TUNNELS:
            self.assertIsNone(tunnel)
            return
        name, number, value, depth = TUNNELS[kind]
        self.assertEqual((tunnel["type"], tunnel["depth"]), (name, depth))
        if number:
            self.assertEqual(tunnel[number], value)
        ends = {tunnel["src_ip"], tunnel["dest_ip"]}
        outer6 = {"2001:db8::101", "2001:db8::202"}
        self.assertEqual(ends, outer6 if kind == "4in6" else {"198.18.0.1", "198.19.0.2"})


class Workers(unittest.TestCase):
    """Two workers say what one says: inner addresses find the worker."""

    RUNS = 4  # which worker it is differs from run to run: two packets may meet by chance

    def check(self, kind):
        capture = generate(os.path.join(FOLDER, kind + "-2.pcap"), kind)
        one = replay(capture, "--json", "-", *FEW)
        for _ in range(self.RUNS):
            two = replay(capture, "--json", "-", "--workers", "2", *FEW)
            self.assertEqual(two.status, 0, two.err)
            self.assertEqual(essence(two.events), essence(one.events))

    def test_vxlan(self):
        self.check("vxlan")

    def test_fragments(self):
        self.check("fragments")

    def test_vxlan_in_fragments(self):
        self.check("vxlan-in-fragments")

    def test_gre_in_fragments(self):
        self.check("gre-in-fragments")


class Tshark(unittest.TestCase):
    """Another reader finds the same innermost segments, so that the captures are what they claim."""

    FIELDS = ("ip.src", "tcp.srcport", "tcp.seq_raw", "tcp.len", "tds.type")

    @classmethod
    def setUpClass(cls):
        need("tshark")
        cls.expected = cls.segments(PLAIN)

    @classmethod
    def segments(cls, capture):
        command = ["tshark", "-r", capture, "-d", "udp.port==8472,vxlan", "-Y", "tcp", "-T", "fields",
                   "-E", "occurrence=l"]
        for field in cls.FIELDS:
            command += ["-e", field]
        found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return sorted(found)

    def check(self, kind):
        capture = generate(os.path.join(FOLDER, kind + "-tshark.pcap"), kind)
        self.assertEqual(self.segments(capture), self.expected)


for _kind in KINDS:
    _name = "test_" + _kind.replace("-", "_")
    setattr(Same, _name, lambda self, kind=_kind: self.check(kind))
    setattr(Tshark, _name, lambda self, kind=_kind: self.check(kind))


if __name__ == "__main__":
    unittest.main()
