#!/usr/bin/python3
"""Signatures are exchanged fifty times while attackers come and go. Run alone: it asserts that no packet is lost."""

import os
import shutil
import subprocess
import unittest

import network
from harness import ROOT, SIGNATURES, SLOWNESS, InFolder, generate, need, of_type, replay, wait_until
from live import Live

FAR, NEAR = "qt-far0", "qt-near0"


def setUpModule():
    need("tcpreplay", "ip")
    network.enter_namespace()


def alerts(events):
    return {(event["src_ip"], event["src_port"], event["alert"]["signature_id"])
            for event in of_type(events, "alert")}


class ReloadUnderLoad(InFolder):
    """Attackers come all the time, and so do new signatures."""

    RELOADS, SESSIONS, PACE = 50, 4000, 4000  # PACE: packets a second

    def setUp(self):
        super().setUp()
        network.veth_pair(self, NEAR, FAR)
        self.rules = os.path.join(self.folder, "signatures")
        shutil.copytree(SIGNATURES, self.rules)
        device = "net_af_packet0,iface=%s,framesz=2048,framecnt=1024,blocksz=4096" % FAR
        self.live = Live(self, self.folder, [device], workers={"count": 2, "spin": False},
                         limits={"sessions": 8192},  # closed ones linger for half a minute
                         signatures=self.rules, signature_cache=os.path.join(self.folder, "cache"))

    def reload(self, number):
        """Each set differs from the one before; every tenth is broken and must change nothing."""
        broken = number % 10 == 9
        with open(os.path.join(self.rules, "new.rules"), "w", encoding="utf-8") as out:
            out.write('alert tds any any -> any any (msg:"of set %d"; tds.error; %s:"never sent %d"; sid:42;)\n'
                      % (number, "contant" if broken else "content", number))
        said = "reload failed" if broken else "reloaded: "
        before = self.live.said().count(said)
        self.live.reload()
        wait_until("reload %d is done" % number, lambda: self.live.said().count(said) > before, 20)

    def test_nothing_is_lost_and_nobody_escapes(self):
        capture = os.path.join(self.folder, "attacks.pcap")
        generate(os.path.join(ROOT, "tests", "scenarios", "xp-cmdshell-impacket.yaml"), capture,
                 "--laps", str(self.SESSIONS))
        recorded = replay(capture, "--json", "-").events
        frames = sum(event["flow"]["pkts_toserver"] + event["flow"]["pkts_toclient"]
                     for event in of_type(recorded, "flow"))
        pace = int(self.PACE / SLOWNESS)
        with subprocess.Popen(["tcpreplay", "-q", "--pps=%d" % pace, "-i", NEAR, capture],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            done = 0
            while sender.poll() is None and done < self.RELOADS:
                self.reload(done)
                done += 1
            self.assertIsNone(sender.poll(), "the traffic was over after %d reloads" % done)
            self.assertEqual(sender.wait(120 * SLOWNESS), 0)
        self.live.wait_for_packets(frames)
        self.assertEqual(self.live.total("querytap_packets_total"), frames)
        for lost in ("querytap_drops_total", "querytap_port_rx_missed_total", "querytap_ring_dropped_total",
                     "querytap_events_dropped_total", "querytap_tcp_gaps_total", "querytap_shed_bytes_total"):
            self.assertEqual({k: v for k, v in self.live.metrics().get(lost, {}).items() if v}, {}, lost)
        self.assertEqual(self.live.stop(), 0, self.live.said())
        recorded_alerts = alerts(recorded)
        self.assertEqual(len(recorded_alerts), 7 * self.SESSIONS)
        self.assertEqual(alerts(self.live.events()), recorded_alerts)


if __name__ == "__main__":
    unittest.main()
