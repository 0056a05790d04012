#!/usr/bin/python3
"""A device with RSS: workers with queues of their own. No virtual device has it; net_null pretends to."""

import unittest

import yaml

from harness import SIGNATURES, InFolder, need_preload, preload, querytap, wait_until
from live import Live

DEVICE = "net_null0,size=64"
QUEUES = "querytap_port_queue_rx_packets_total"


def setUpModule():
    need_preload()


class Rss(InFolder):
    def workers_of_doctor(self, key):
        preload(self, "pretend_rss", PRETEND_RSS=key)
        config = self.write("querytap.yaml", yaml.safe_dump({
            "ports": [{"vdev": DEVICE}], "workers": {"count": 2, "spin": False}, "signatures": SIGNATURES,
            "memory": {"hugepages": False, "mbufs": 32768}, "eve": {"file": ""}}))
        done = querytap("doctor", "-c", config, "--seconds", "0.2")
        self.assertEqual(done.status, 0, done.out)
        return done.out

    def test_a_symmetric_key_gives_each_worker_a_queue(self):
        said = self.workers_of_doctor("symmetric")
        self.assertRegex(said, r"workers +symmetric RSS spreads flows over the workers' own queues; self-test: "
                               r"\d+ sample flows: both directions meet, on 2 queues")
        self.assertRegex(said, r"packets in 0.2 s, 0 lost; queue 0: [1-9]\d*, queue 1: [1-9]\d* "
                               r"\(the device does not tell what each queue lost\)")

    def test_another_key_leaves_it_to_the_distributor(self):
        said = self.workers_of_doctor("asymmetric")
        self.assertIn("the device's key sends the directions of a flow to different queues: "
                      "a distributor spreads flows by symmetric hash", said)
        self.assertIn("driver net_null, 1 queue of", said)

    def test_a_device_that_hashes_ports_leaves_it_to_the_distributor(self):
        self.assertIn("the device hashes more than addresses, which parts fragments and tunnels: "
                      "a distributor spreads flows by symmetric hash", self.workers_of_doctor("ports"))

    def test_each_queue_is_counted_by_its_worker(self):
        preload(self, "pretend_rss", PRETEND_RSS="symmetric")
        live = Live(self, self.folder, [DEVICE], workers={"count": 2, "spin": False}, eve={"file": ""})
        names = ['{port="net_null0",queue="%d"}' % number for number in (0, 1)]
        wait_until("both have packets",
                   lambda: min(live.metrics()[QUEUES].get(name, 0) for name in names) > 1000)
        metrics = live.metrics()
        self.assertEqual(sorted(metrics[QUEUES]), names)
        self.assertGreater(min(metrics["querytap_packets_total"].values()), 1000)
        self.assertEqual(metrics.get("querytap_port_queue_rx_dropped_total", {}), {})  # net_null does not tell
        self.assertEqual(live.stop(), 0, live.said())


if __name__ == "__main__":
    unittest.main()
