#!/usr/bin/python3
"""What was never seen before is weak evidence, and is remembered across restarts."""

import os
import time
import unittest

from harness import InFolder, content, data, labels, of_type, querytap, read_events, wait_until
from live import Live


def reasons(events):
    return {reason["id"] for event in of_type(events, "verdict") for reason in event["verdict"]["reasons"]}


NEWS = {"new-pair", "new-login", "new-application", "new-query-shape", "new-result-shape"}


class Novelty(InFolder):
    def setUp(self):
        super().setUp()
        self.state = os.path.join(self.folder, "seen")

    def news(self, capture, learning="0"):
        eve = os.path.join(self.folder, "eve.json")
        if os.path.exists(eve):
            os.remove(eve)
        done = querytap("replay", data(capture), "--json", eve, "--state", self.state, "--learning", learning)
        self.assertEqual(done.status, 0, done.err)
        self.said = done.err
        return reasons(read_events(content(eve))) & NEWS

    def test_the_second_time_nothing_is_new(self):
        self.assertEqual(self.news("orm-app.pcap"), NEWS)
        self.assertEqual(self.news("orm-app.pcap"), set())
        self.assertIn("new-login", self.news("agent-job.pcap"))

    def test_nothing_is_told_while_it_learns(self):
        self.assertEqual(self.news("orm-app.pcap", "24"), set())
        self.assertEqual(self.news("orm-app.pcap"), set())

    def test_without_a_state_nothing_is_new(self):
        done = querytap("replay", data("orm-app.pcap"), "--json", "-")
        self.assertEqual(reasons(read_events(done.out)) & NEWS, set())

    def test_a_damaged_state_is_set_aside(self):
        self.news("orm-app.pcap")
        with open(self.state, "r+b") as out:
            out.seek(60)
            out.write(b"damage")
        self.assertEqual(self.news("orm-app.pcap"), NEWS)
        self.assertIn(self.state + ": is not a whole state of this version, and was set aside", self.said)
        self.assertTrue(os.path.exists(self.state + ".damaged"))

    def test_a_folder_that_is_not_there(self):
        done = querytap("replay", data("orm-app.pcap"), "--state", os.path.join(self.folder, "no", "seen"))
        self.assertEqual(done.status, 1)
        self.assertIn("No such file or directory", done.err)

    def test_a_killed_appliance_loses_a_second_at_most(self):
        """The state is saved while it runs, not only when it ends."""
        live = Live(self, self.folder, ["net_pcap0,rx_pcap=" + data("orm-app.pcap")],
                    novelty={"state": self.state, "learning_h": 0, "save_interval_s": 1})
        live.wait_for_packets(labels()["orm-app.pcap"]["frames"])
        wait_until("the state is saved", lambda: os.path.getsize(self.state) > 48, 20)
        time.sleep(2)  # it may have been saved in the middle
        self.assertGreater(live.total("querytap_seen_used"), 5)
        live.process.kill()
        live.process.wait()
        self.assertEqual(self.news("orm-app.pcap"), set())




if __name__ == "__main__":
    unittest.main()
