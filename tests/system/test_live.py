#!/usr/bin/python3
"""querytap run on veth pairs: packets in from the kernel, verdicts out, signals obeyed."""

import os
import shutil
import signal
import subprocess
import time
import unittest
from datetime import datetime

import network
from harness import SIGNATURES, SLOWNESS, InFolder, content, data, http, labels, need, of_type
from harness import querytap, read_events, replay, sids, wait_until, worst_level
from live import Live

FAR, FAR_OTHER = "qt-far0", "qt-far1"  # where querytap listens
NEAR, NEAR_OTHER = "qt-near0", "qt-near1"  # where packets are sent


def setUpModule():
    need("tcpreplay", "tcpprep", "ip")
    network.enter_namespace()


def af_packet(number, interface):
    # A ring of the kernel for half a second of what send() sends: the test machine may be busy. As
    # large as who is not root may lock in memory (8 MiB, and there are two rings).
    return "net_af_packet%d,iface=%s,framesz=2048,framecnt=1024,blocksz=4096" % (number, interface)


def send(capture, *arguments, interface=NEAR):
    command = ["tcpreplay", "-q", "--pps=2000", "-i", interface, *arguments, capture]
    subprocess.run(command, check=True, timeout=60 * SLOWNESS, capture_output=True)


def alerts_by_flow(events):
    return {(event["src_ip"], event["src_port"], event["alert"]["signature_id"])
            for event in of_type(events, "alert")}


class OneLink(InFolder):
    def setUp(self):
        super().setUp()
        network.veth_pair(self, NEAR, FAR)

    def start(self, **changes):
        return Live(self, self.folder, [af_packet(0, FAR)], **changes)

    def test_every_packet_counts_and_the_session_is_named(self):
        live = self.start()
        send(data("demo.pcap"))
        frames = labels()["demo.pcap"]["frames"]
        live.wait_for_packets(frames)
        self.assertEqual(live.total("querytap_packets_total"), frames)
        self.assertEqual(live.total("querytap_drops_total"), 0)
        self.assertEqual(live.stop(signal.SIGINT), 0, live.said())
        self.assertEqual(live.packets_in_summary(), frames)
        self.assertIn("10.20.1.57", live.said())
        recorded = replay(data("demo.pcap"), "--json", "-").events
        self.assertEqual(alerts_by_flow(live.events()), alerts_by_flow(recorded))
        self.assertEqual(len(of_type(live.events(), "flow")), labels()["demo.pcap"]["flows"])
        self.assertEqual(worst_level(live.events()), "malicious")

    def test_sigterm_works_off_what_has_arrived(self):
        live = self.start()
        send(data("sharpmssqlc2.pcap"))
        self.assertEqual(live.stop(signal.SIGTERM), 0, live.said())
        self.assertEqual(live.packets_in_summary(), labels()["sharpmssqlc2.pcap"]["frames"])
        self.assertEqual(worst_level(live.events()), "malicious")

    def test_distributor_gives_both_directions_to_one_worker(self):
        live = self.start(workers={"count": 2, "spin": False})
        live.wait_for("a distributor spreads flows by symmetric hash")
        send(data("demo.pcap"))
        frames = labels()["demo.pcap"]["frames"]
        live.wait_for_packets(frames)
        metrics = live.metrics()
        self.assertEqual(sorted(metrics["querytap_packets_total"]), ['{worker="0"}', '{worker="1"}'])
        # 34 flows: that all fall to one worker has a chance of one to 2^33.
        self.assertGreater(min(metrics["querytap_packets_total"].values()), 0)
        self.assertEqual(sum(metrics["querytap_flows_created_total"].values()), labels()["demo.pcap"]["flows"])
        self.assertEqual(live.stop(), 0, live.said())
        recorded = replay(data("demo.pcap"), "--json", "-").events
        self.assertEqual(alerts_by_flow(live.events()), alerts_by_flow(recorded))


class Stats(InFolder):
    """Stats records come by time, whatever comes on the tap."""

    def records_of(self, vdev, **changes):
        live = Live(self, self.folder, [vdev], eve={"stats_interval_s": 1}, **changes)

        def records():  # not live.events(): those are many here
            lines = [line for line in content(live.eve).splitlines() if '"event_type":"stats"' in line]
            return read_events("\n".join(lines)) if len(lines) > 1 else None

        last = wait_until("there are two stats records", records, 20)[-1]
        age = time.time() - datetime.fromisoformat(last["timestamp"]).timestamp()
        self.assertLess(abs(age), 10 * SLOWNESS)
        self.assertEqual(live.stop(), 0, live.said())

    def test_on_a_silent_tap(self):
        self.records_of("net_ring0")

    def test_when_events_have_no_end(self):
        self.records_of("net_pcap0,rx_pcap=%s,infinite_rx=1" % data("orm-app.pcap"), overload={"shed": False})


class TapPair(InFolder):
    """Each direction on a port of its own."""

    def setUp(self):
        super().setUp()
        network.veth_pair(self, NEAR, FAR)
        network.veth_pair(self, NEAR_OTHER, FAR_OTHER)

    def send_split(self, capture):
        cache = os.path.join(self.folder, "directions.cache")
        flows = of_type(replay(capture, "--json", "-").events, "flow")
        servers = sorted({event["dest_ip"] + "/32" for event in flows})
        command = ["tcpprep", "--cidr=" + ",".join(servers), "-i", capture, "-o", cache]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        send(capture, "-c", cache, "-I", NEAR_OTHER)

    def check(self, workers):
        live = Live(self, self.folder, [af_packet(0, FAR), af_packet(1, FAR_OTHER)],
                    workers={"count": workers, "spin": False})
        self.send_split(data("demo.pcap"))
        frames = labels()["demo.pcap"]["frames"]
        live.wait_for_packets(frames)
        ports = live.metrics()["querytap_port_rx_packets_total"]
        self.assertEqual(sum(ports.values()), frames)
        self.assertGreater(min(ports.values()), frames / 4)
        self.assertEqual(live.total("querytap_flows_created_total"), labels()["demo.pcap"]["flows"])
        self.assertEqual(live.stop(), 0, live.said())
        recorded = replay(data("demo.pcap"), "--json", "-").events
        self.assertEqual(alerts_by_flow(live.events()), alerts_by_flow(recorded))

    def test_one_worker(self):
        self.check(1)

    def test_two_workers(self):
        self.check(2)


class Reload(InFolder):
    """Signatures are read anew while packets flow."""

    NEW = ('alert tds any any -> any any (msg:"databases are listed"; tds.sql; '
           'content:"sys.databases"; sid:42; rev:1;)\n')

    def setUp(self):
        super().setUp()
        network.veth_pair(self, NEAR, FAR)
        self.rules = os.path.join(self.folder, "signatures")
        shutil.copytree(SIGNATURES, self.rules)
        self.live = Live(self, self.folder, [af_packet(0, FAR)], signatures=self.rules)
        self.sent = 0

    def write(self, name, text):
        with open(os.path.join(self.rules, name), "w", encoding="utf-8") as out:
            out.write(text)

    def alerts_of_a_session(self):
        """Sends one more session; which signatures fired in it."""
        before = len(self.live.events())
        send(data("format-ethernet.pcap"))
        self.sent += labels()["format-ethernet.pcap"]["frames"]
        self.live.wait_for_packets(self.sent)
        wait_until("its alerts are written", lambda: 9100101 in sids(self.live.events()[before:]))
        return sids(self.live.events()[before:])

    def test_new_signature_fires_after_sighup(self):
        self.assertNotIn(42, self.alerts_of_a_session())
        self.write("new.rules", self.NEW)
        self.live.reload()
        self.live.wait_for("reloaded: ")
        self.assertIn(42, self.alerts_of_a_session())
        self.assertEqual(self.live.stop(), 0, self.live.said())

    def test_broken_signature_leaves_the_old_ones_and_says_why(self):
        self.write("new.rules", self.NEW.replace("content:", "contant:"))
        self.live.reload()
        self.live.wait_for("reload failed, the former signatures and policy stay: ")
        self.assertIn("new.rules:1:", self.live.said())
        self.assertIn("contant", self.live.said())
        self.assertNotIn(42, self.alerts_of_a_session())
        self.assertEqual(http(self.live.port, "/-/ready")[0], 200)
        self.assertEqual(self.live.stop(), 0, self.live.said())

    def test_reload_over_http(self):
        self.write("new.rules", self.NEW)
        self.assertEqual(http(self.live.port, "/-/reload")[0], 405)
        self.assertEqual(http(self.live.port, "/-/reload", b"")[0], 200)
        self.live.wait_for("reloaded: ")
        self.assertIn(42, self.alerts_of_a_session())

    def test_events_and_signals_do_not_wait_for_signatures(self):
        self.alerts_of_a_session()
        os.mkfifo(os.path.join(self.rules, "new.rules"))  # who reads it waits until the test writes
        self.live.reload()
        self.assertNotIn(42, self.alerts_of_a_session())
        # One reload follows for all who asked meanwhile; the file is another by then.
        os.rename(self.live.eve, self.live.eve + ".1")
        for _ in range(3):
            self.live.reload()
        wait_until("the event file is reopened", lambda: os.path.exists(self.live.eve))
        pipe = os.path.join(self.folder, "pipe")
        os.rename(os.path.join(self.rules, "new.rules"), pipe)
        self.write("new.rules", self.NEW)
        with open(pipe, "w", encoding="utf-8") as out:
            out.write(self.NEW.replace("sid:42", "sid:43"))
        wait_until("it is reloaded twice", lambda: self.live.said().count("reloaded: ") == 2)
        alerts = self.alerts_of_a_session()
        self.assertIn(42, alerts)
        self.assertNotIn(43, alerts)
        self.assertEqual(self.live.stop(), 0, self.live.said())
        self.assertEqual(self.live.said().count("reloaded: "), 2)

    def test_it_ends_while_signatures_are_read(self):
        fifo = os.path.join(self.rules, "new.rules")
        os.mkfifo(fifo)
        self.live.reload()
        self.alerts_of_a_session()
        self.live.process.send_signal(signal.SIGTERM)
        wait_until("what came is worked off", lambda: http(self.live.port, "/-/ready")[0] == 503)
        with open(fifo, "w", encoding="utf-8") as out:
            out.write(self.NEW)
        self.assertEqual(self.live.process.wait(20 * SLOWNESS), 0, self.live.said())

    def test_an_event_file_that_cannot_be_reopened_is_written_on(self):
        away = os.path.join(self.folder, "away")
        os.mkdir(away)
        self.alerts_of_a_session()
        before = len(self.live.events())
        os.rename(self.live.eve, os.path.join(away, "eve.json"))
        os.mkdir(self.live.eve)
        self.write("new.rules", self.NEW)
        self.live.reload()
        self.live.wait_for("reopening the EVE file: " + self.live.eve)
        self.live.wait_for("reloaded: ")
        self.live.eve = os.path.join(away, "eve.json")
        self.assertIn(42, self.alerts_of_a_session())
        self.assertGreater(len(self.live.events()), before)
        # The next set has a number of its own, and alerts their own signatures.
        self.write("new.rules", self.NEW.replace("sid:42", "sid:43"))
        self.live.reload()
        wait_until("it is reloaded again", lambda: self.live.said().count("reloaded: ") == 2)
        self.assertIn(43, self.alerts_of_a_session())
        self.assertEqual(self.live.stop(), 0, self.live.said())

    def test_sighup_reopens_the_event_file(self):
        self.alerts_of_a_session()
        os.rename(self.live.eve, self.live.eve + ".1")
        self.live.reload()
        self.live.wait_for("reloaded: ")
        self.alerts_of_a_session()
        self.assertIn('"event_type":"alert"', content(self.live.eve + ".1"))
        self.assertIn('"event_type":"alert"', content(self.live.eve))


class ReloadPolicy(InFolder):
    """The policy is exchanged as the signatures are."""

    RULE = "rules:\n  - name: all\n    action: %s\n"

    def setUp(self):
        super().setUp()
        network.veth_pair(self, NEAR, FAR)
        self.policy = self.write("policy.yaml", self.RULE % "allow")
        self.live = Live(self, self.folder, [af_packet(0, FAR)], policy=self.policy)
        self.sent = 0

    def findings_of_a_session(self):
        before = len(self.live.events())
        send(data("format-ethernet.pcap"))
        self.sent += labels()["format-ethernet.pcap"]["frames"]
        self.live.wait_for_packets(self.sent)
        wait_until("its alerts are written", lambda: 9100101 in sids(self.live.events()[before:]))
        time.sleep(0.2)  # the verdict comes with them
        return {reason["id"] for event in of_type(self.live.events()[before:], "verdict")
                for reason in event["verdict"]["reasons"]}

    def test_new_policy_judges_after_sighup(self):
        self.assertNotIn("denied", self.findings_of_a_session())
        self.write("policy.yaml", self.RULE % "deny")
        self.live.reload()
        self.live.wait_for("reloaded: ")
        self.assertIn("denied", self.findings_of_a_session())

    def test_broken_policy_leaves_the_old_one_and_says_why(self):
        self.write("policy.yaml", self.RULE % "forbid")
        self.assertEqual(http(self.live.port, "/-/reload", b"")[0], 200)
        self.live.wait_for("reload failed, the former signatures and policy stay: ")
        self.assertIn(self.policy + ":3:13: ", self.live.said())
        self.assertIn("forbid", self.live.said())
        self.assertNotIn("denied", self.findings_of_a_session())
        self.assertEqual(self.live.stop(), 0, self.live.said())


class Refused(InFolder):
    """What cannot run says so: 2 for the configuration, 1 for the machine."""

    def run_with(self, text):
        path = os.path.join(self.folder, "querytap.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        done = querytap("run", "-c", path)
        self.assertEqual(done.out, "")
        return path, done

    def test_configuration_errors_have_a_place(self):
        path, done = self.run_with("ports:\n  - vdev: net_null0\nworkers:\n  cuont: 2\n")
        self.assertEqual(done.status, 2)
        self.assertIn(path + ":4:3: ", done.err)
        self.assertIn("count", done.err)

    def test_missing_configuration(self):
        done = querytap("run", "-c", os.path.join(self.folder, "none.yaml"))
        self.assertEqual(done.status, 2)
        self.assertIn("none.yaml", done.err)

    def test_missing_interface(self):
        vdev = "net_af_packet0,iface=qt-none"
        _path, done = self.run_with(
            "ports: [{vdev: '%s'}]\nmemory: {hugepages: false}\neve: {file: ''}\n"
            "metrics: {enabled: false}\nsignatures: %s\n" % (vdev, SIGNATURES))
        self.assertEqual(done.status, 1)
        self.assertIn("querytap: cannot create the virtual device '%s'" % vdev, done.err)


if __name__ == "__main__":
    unittest.main()
