#!/usr/bin/python3
"""querytap run on more than one worker can take: what it leaves out, and that it says so."""

import unittest

from harness import InFolder, data, of_type, wait_until
from live import Live

# The same capture without end, as fast as it is read: a worker never gets through with it.
ENDLESS = "net_pcap0,rx_pcap=%s,infinite_rx=1" % data("orm-app.pcap")
LEVEL, SHED = "querytap_overload_level", "querytap_shed_bytes_total"
# Who lets in everybody: every conversation is sanctioned.
ALLOW_ALL = """
clients: {all: {addresses: 0.0.0.0/0}}
servers: {all: {addresses: 0.0.0.0/0, ports: [1-65535]}}
rules: [{name: all, clients: all, servers: all}]
"""


def shed(live, payload):
    return live.metrics()[SHED]['{worker="0",payload="%s"}' % payload]


class Overload(InFolder):
    def start(self, **changes):
        return Live(self, self.folder, [ENDLESS], eve={"tds": False}, **changes)

    def wait_until_shed(self, live, payload):
        wait_until(payload + " are left out", lambda: shed(live, payload) > 1e6, 30)

    def last_flow(self, live):
        """The last conversation that went its whole way while there was overload; those that the
        end of the appliance cut off may have had nothing yet to leave out."""
        return [flow for flow in of_type(live.events(), "flow") if flow["flow"]["reason"] != "shutdown"][-1]

    def test_results_go_first_and_the_records_say_so(self):
        live = self.start()
        self.wait_until_shed(live, "results")
        self.assertGreaterEqual(live.total(LEVEL), 2)
        self.assertEqual(shed(live, "requests"), 0)  # no policy allows them
        logins = live.total("querytap_tds_logins_total")
        wait_until("logins are read all the same", lambda: live.total("querytap_tds_logins_total") > logins + 100)
        self.assertEqual(live.stop(), 0, live.said())

        stats = of_type(live.events(), "stats")[-1]["stats"]["overload"]
        self.assertGreaterEqual(stats["level"], 2)
        self.assertGreater(stats["shed_bytes"]["results"], 1e6)
        self.assertGreater(stats["sessions_degraded"], 0)
        self.assertEqual(self.last_flow(live)["verdict"], {"level": "unknown", "degraded": ["results"]})

    def test_what_the_policy_allows_goes_last(self):
        live = self.start(policy=self.write("policy.yaml", ALLOW_ALL))
        self.wait_until_shed(live, "requests")
        self.assertEqual(live.total(LEVEL), 3)
        self.assertEqual(live.stop(), 0, live.said())
        degraded = {"level": "benign", "degraded": ["results", "requests"]}
        self.assertEqual(self.last_flow(live)["verdict"], degraded)
        verdicts = [event["verdict"] for event in of_type(live.events(), "verdict")]
        self.assertIn(("benign", ["results", "requests"]), [(v["level"], v.get("degraded")) for v in verdicts])

    def test_nothing_is_left_out_where_that_is_not_wanted(self):
        live = self.start(overload={"shed": False})
        live.wait_for_packets(100_000)
        metrics = live.metrics()
        self.assertEqual(sum(metrics[LEVEL].values()), 0)
        self.assertEqual(sum(metrics[SHED].values()), 0)
        self.assertEqual(live.stop(), 0, live.said())


if __name__ == "__main__":
    unittest.main()
