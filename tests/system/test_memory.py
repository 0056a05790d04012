#!/usr/bin/python3
"""Memory while querytap works: lcores take none, and every mbuf comes back."""

import os
import shutil
import struct
import subprocess
import unittest

from harness import BINARY, NOT_GIVEN_BACK, SIGNATURES, InFolder, data, need_preload, of_type, preload
from live import Live

ENDLESS = "net_pcap0,rx_pcap=%s,infinite_rx=1" % data("orm-app.pcap")


def setUpModule():
    need_preload()


class Allocations(InFolder):
    """Counted is malloc itself, so DPDK's and Hyperscan's calls count, too."""

    PACKETS = 100_000

    def start(self, **changes):
        counts = self.write("counts", "\0" * 16)
        preload(self, "count_allocations", COUNT_ALLOCATIONS=counts)
        live = Live(self, self.folder, [ENDLESS], eve={"tds": True}, **changes)
        os.environ.pop("LD_PRELOAD")

        def taken():
            with open(counts, "rb") as stream:
                return struct.unpack("=QQ", stream.read(16))
        return live, taken

    def check(self, **changes):
        live, taken = self.start(**changes)
        live.wait_for_packets(self.PACKETS)
        lcores, others = taken()
        self.assertGreater(lcores, 0, "workers take theirs themselves, before the first packet")
        live.wait_for_packets(live.total("querytap_packets_total") + self.PACKETS)
        live.reload()
        live.wait_for("reloaded: ", 20)
        live.wait_for_packets(live.total("querytap_packets_total") + self.PACKETS)
        after = taken()
        self.assertEqual(after[0], lcores)
        self.assertGreater(after[1], others, "the control thread may, and did")
        self.assertEqual(live.stop(), 0, live.said())
        self.assertGreater(len(of_type(live.events(), "tds")), 0)

    def test_a_worker_takes_none_for_packets(self):
        self.check()

    def test_nor_do_two_and_the_distributor(self):
        self.check(workers={"count": 2, "spin": False}, overload={"shed": False})


class Mbufs(InFolder):
    def test_all_come_back_whatever_the_device(self):
        rules = os.path.join(self.folder, "signatures")
        os.mkdir(rules)
        shutil.copy(os.path.join(SIGNATURES, "protocol-anomaly.rules"), rules)  # one file: it starts sooner
        for vdev in ("net_null0,size=64", ENDLESS, "net_tap0,iface=qt-tap0"):
            for workers in (1, 2):
                with self.subTest(vdev=vdev, workers=workers):
                    if vdev.startswith("net_tap") and not os.access("/dev/net/tun", os.W_OK):
                        self.skipTest("no /dev/net/tun")
                    live = Live(self, self.folder, [vdev], workers={"count": workers, "spin": False},
                                eve={"file": ""}, signatures=rules)
                    if not vdev.startswith("net_tap"):
                        live.wait_for_packets(10_000)
                    self.assertEqual(live.stop(), 0, live.said())
                    self.assertNotIn(NOT_GIVEN_BACK, live.said())

    def test_those_that_do_not_are_a_failure(self):
        preload(self, "keep_mbufs")
        done = subprocess.run([BINARY, "replay", data("demo.pcap"), "--signatures", SIGNATURES], capture_output=True,
                              text=True, check=False, timeout=60)
        self.assertRegex(done.stderr, r"querytap: \d+ mbufs were %s to their pools: a fault of querytap"
                         % NOT_GIVEN_BACK)
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
