#!/usr/bin/python3
"""querytap doctor: what is wrong, where, and what to do."""

import json
import os
import unittest

import yaml

from harness import SIGNATURES, InFolder, data, querytap


class Doctor(InFolder):
    def configuration(self, **changes):
        config = {
            "ports": [{"vdev": "net_pcap0,rx_pcap=" + data("demo.pcap")}],
            "workers": {"count": 1, "spin": False},
            "memory": {"hugepages": False, "mbufs": 8192},
            "limits": {"flows": 65536, "sessions": 1024, "stream_memory_mb": 16},
            "eve": {"file": os.path.join(self.folder, "eve.json")},
            "signatures": SIGNATURES,
            **changes,
        }
        return self.write("querytap.yaml", yaml.safe_dump(config))

    def examine(self, *options, **changes):
        done = querytap("doctor", "-c", self.configuration(**changes), "--json", "--seconds", "0.2", *options)
        report = json.loads(done.out)
        self.assertEqual(report["exit_status"], done.status)
        return done.status, report["findings"]

    def only(self, findings, subject):
        found = [finding for finding in findings if finding["subject"] == subject]
        self.assertEqual(len(found), 1, findings)
        return found[0]

    def test_a_machine_that_will_do(self):
        status, findings = self.examine()
        self.assertEqual(status, 0, findings)
        self.assertNotIn("failed", [finding["status"] for finding in findings])
        for subject in ("configuration", "signatures", "cores", "hugepages", "memory", "workers"):
            self.only(findings, subject)
        self.assertRegex(self.only(findings, "traffic net_pcap0")["text"], r"^\d+ packets in 0.2 s, 0 lost$")

    def test_as_text(self):
        done = querytap("doctor", "-c", self.configuration(), "--seconds", "0")
        self.assertEqual(done.status, 0, done.out)
        self.assertRegex(done.out, r"(?m)^ok +signatures +\d+ in ")
        self.assertNotIn("\x1b", done.out)

    def test_without_rss_the_distributor_takes_over_and_says_so(self):
        status, findings = self.examine(workers={"count": 2, "spin": False})
        self.assertEqual(status, 0, findings)
        self.assertEqual(self.only(findings, "workers")["text"],
                         "the device has no RSS or too few queues: a distributor spreads flows by symmetric hash")

    def test_rings_of_the_distributor_hold_mbufs_too(self):
        for mbufs, few in ((4096, True), (12287, True), (12288, False)):
            with self.subTest(mbufs=mbufs):
                _, findings = self.examine(workers={"count": 2, "spin": False},
                                           memory={"hugepages": False, "mbufs": mbufs})
                hints = [finding.get("hint") for finding in findings if finding["subject"] == "port net_pcap0"]
                self.assertEqual("set memory.mbufs to 12288 or more" in hints, few, hints)

    def test_a_port_with_one_queue_as_configured(self):
        port = {"vdev": "net_pcap0,rx_pcap=" + data("demo.pcap"), "queues": 1}
        _, findings = self.examine(ports=[port], workers={"count": 2, "spin": False})
        self.assertEqual(self.only(findings, "workers")["text"],
                         "one queue: a distributor spreads flows by symmetric hash")

    def test_a_tap_without_traffic(self):
        _, findings = self.examine(ports=[{"vdev": "net_ring0"}])
        traffic = self.only(findings, "traffic net_ring0")
        self.assertEqual(traffic["status"], "warning")
        self.assertIn("mirror", traffic["hint"])

    def test_a_device_that_is_not_there(self):
        status, findings = self.examine(ports=[{"pci": "ffff:1f:0a.1"}])
        self.assertEqual(status, 1)
        port = self.only(findings, "port ffff:1f:0a.1")
        self.assertEqual((port["status"], port["text"]), ("failed", "there is no such PCI device"))

    def test_a_core_that_is_not_there(self):
        status, findings = self.examine(workers={"cores": [1000]})
        self.assertEqual(status, 1)
        self.assertEqual(self.only(findings, "cores")["text"], "core 1000 cannot be used by this process")

    def test_more_memory_than_there_is(self):
        _, findings = self.examine(limits={"flows": 1 << 26, "sessions": 1 << 22, "stream_memory_mb": 65536})
        memory = self.only(findings, "memory")
        self.assertEqual(memory["status"], "failed")
        self.assertIn("limits.flows", memory["hint"])

    def test_a_wrong_configuration_ends_with_status_2(self):
        status, findings = self.examine(workers={"count": "many"})
        self.assertEqual(status, 2)
        self.assertRegex(findings[0]["text"], r"querytap.yaml:\d+:\d+: 'count' must be a number")

    def test_signatures_that_are_not_there(self):
        status, findings = self.examine(signatures="/nonexistent")
        self.assertEqual(status, 2)
        self.assertEqual(self.only(findings, "signatures")["status"], "failed")


if __name__ == "__main__":
    unittest.main()
