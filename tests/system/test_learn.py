#!/usr/bin/python3
"""querytap learn: a policy of what was seen is silent on the same traffic, and reports what departs from it."""

import json
import os
import shutil
import signal
import time
import unittest

import yaml
from harness import BINARY, ROOT, InFolder, content, data, generate, of_type, querytap, running, wait_until

# Ordinary traffic of several applications, in clear text.
LEARNT = ["orm-app.pcap", "jtds-app.pcap", "job-queue.pcap", "monitoring-agent.pcap", "driver-tedious-app.pcap",
          "driver-pytds-app.pcap", "driver-jtds-app.pcap", "driver-pytds-mars.pcap", "bulk-copy.pcap",
          "driver-freetds-login-tls-benign.pcap"]
BASE = {"profile": "sqlclient", "host": "WEB01", "user": "shop", "app": "Shop.Web", "database": "Shop",
        "address": "10.10.1.21"}
SERVER = {"address": "10.10.0.10", "name": "SHOPDB", "database": "Shop", "port": 1433}
READ = "SELECT id, total FROM orders"
# What is changed of the client, of the server, what is said, the finding.
PLANTED = [
    ({"user": "billing"}, {}, READ, "login-not-allowed"),
    ({"user": "sa"}, {}, READ, "login-not-allowed"),
    ({"app": "PsProcess"}, {}, READ, "application-not-allowed"),
    ({"app": "sqlcmd"}, {}, READ, "application-not-allowed"),
    ({"host": "KALI"}, {}, READ, "host-not-allowed"),
    ({"address": "10.10.1.99"}, {}, READ, "client-not-allowed"),
    ({"address": "198.51.100.7"}, {}, READ, "client-not-allowed"),
    ({"address": "2001:db8::66"}, {"address": "2001:db8::10"}, READ, "external-server-not-allowed"),
    ({}, {"address": "10.10.0.77"}, READ, "server-not-allowed"),
    ({}, {"address": "203.0.113.50"}, READ, "external-server-not-allowed"),
    ({}, {"port": 1434}, READ, "server-not-allowed"),
    ({}, {"port": 14330}, READ, "server-not-allowed"),
    ({"profile": "jtds"}, {}, READ, "tds-version-not-allowed"),
    ({}, {}, "DELETE FROM orders", "statement-not-allowed"),
    ({}, {}, "SELECT id INTO copy FROM orders", "statement-not-allowed"),
    ({}, {}, "DROP TABLE orders", "statement-not-allowed"),
    ({}, {}, "ALTER PROCEDURE p AS SELECT 1", "statement-not-allowed"),
    ({}, {}, "EXEC master..xp_cmdshell 'whoami'", "statement-not-allowed"),
    ({}, {}, "GRANT SELECT ON orders TO guest", "statement-not-allowed"),
    ({}, {}, "EXEC dbo.refund_all", "statement-not-allowed"),
]


def scenario(client, server, sql):
    """In JSON, which is YAML."""
    return json.dumps({
        "title": "one client", "source": "own", "expect": "none", "servers": {"db": dict(SERVER, **server)},
        "clients": {"web": dict(BASE, **client)},
        "sessions": [{"client": "web", "server": "db", "steps": [
            {"batch": sql, "reply": {"columns": ["id int", "total int"], "rows": [["1", "2"]]}}]}]})


def findings(events):
    return sorted({reason["id"] for event in of_type(events, "verdict") for reason in event["verdict"]["reasons"]
                   if reason["kind"] == "policy"})


class Learn(InFolder):
    def setUp(self):
        super().setUp()
        self.rules = os.path.join(self.folder, "rules")
        os.mkdir(self.rules)
        shutil.copy(os.path.join(ROOT, "signatures", "execution.rules"), self.rules)

    def learn(self, *files):
        policy = os.path.join(self.folder, "policy.yaml")
        done = querytap("learn", *files, "-o", policy, "--signatures", self.rules)
        self.assertEqual((done.status, done.err), (0, ""))
        return policy

    def replay(self, policy, *captures):
        done = querytap("replay", *captures, "--json", "-", "--signatures", self.rules, "--policy", policy)
        self.assertEqual(done.status, 0, done.err)
        return done.events

    def capture(self, name, client, server, sql):
        path = os.path.join(self.folder, name)
        generate(self.write(name + ".yaml", scenario(client, server, sql)), path)
        return path

    def test_is_silent_on_what_it_learnt(self):
        for name in LEARNT:
            with self.subTest(name):
                policy = self.learn(data(name))
                self.assertEqual(findings(self.replay(policy, data(name))), [])
                done = querytap("learn", "--diff", policy, data(name), "--signatures", self.rules)
                self.assertEqual((done.status, done.out), (0, ""))

    def test_eve_teaches_what_the_capture_teaches(self):
        capture = data("orm-app.pcap")
        eve = os.path.join(self.folder, "eve.json")
        self.assertEqual(querytap("replay", capture, "--json", eve, "--signatures", self.rules).status, 0)
        with open(self.learn(capture), encoding="utf-8") as stream:
            of_capture = stream.read()
        with open(self.learn(eve), encoding="utf-8") as stream:
            self.assertEqual(stream.read(), of_capture)

    def test_reports_each_of_twenty_deviations(self):
        policy = self.learn(self.capture("base.pcap", {}, {}, READ))
        self.assertEqual(len(PLANTED), 20)
        for number, (client, server, sql, finding) in enumerate(PLANTED):
            with self.subTest(client=client, server=server, sql=sql):
                capture = self.capture("%d.pcap" % number, client, server, sql)
                self.assertIn(finding, findings(self.replay(policy, capture)))
                done = querytap("learn", "--diff", policy, capture, "--signatures", self.rules)
                self.assertEqual(done.status, 1)
                self.assertIn(": %s" % finding, done.out)

    def test_what_is_risky_is_listed_and_not_allowed(self):
        policy = self.learn(self.capture("sa.pcap", {"user": "sa"}, {}, READ),
                            self.capture("out.pcap", {}, {"address": "203.0.113.50"}, READ))
        with open(policy, encoding="utf-8") as stream:
            text = stream.read()
        self.assertIn("10.10.1.21 -> 10.10.0.10 port 1433: logs in as sa in clear text", text)
        self.assertIn("10.10.1.21 -> 203.0.113.50 port 1433: a server outside", text)
        self.assertEqual(yaml.safe_load(text)["rules"], [])

    def test_live_teaches_what_the_capture_teaches(self):
        config = self.write("querytap.yaml", yaml.safe_dump({
            "ports": [{"vdev": "net_pcap0,rx_pcap=" + data("orm-app.pcap")}],
            "workers": {"count": 1, "spin": False}, "memory": {"hugepages": False, "mbufs": 32768},
            "limits": {"flows": 65536, "sessions": 1024, "stream_memory_mb": 16},
            "eve": {"sql_text": "none"}, "metrics": {"enabled": False}, "signatures": self.rules}))
        policy, log = os.path.join(self.folder, "live.yaml"), os.path.join(self.folder, "log")
        command = [BINARY, "learn", "--live", config, "-o", policy]
        with running(command, log, env={**os.environ, "RUNTIME_DIRECTORY": self.folder}) as process:
            wait_until("it learns", lambda: "learning until SIGINT" in content(log), 30)
            time.sleep(3)  # a capture of a few hundred packets
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(30), 0, content(log))
        with open(policy, encoding="utf-8") as live, open(self.learn(data("orm-app.pcap")), encoding="utf-8") as other:
            self.assertEqual(yaml.safe_load(live), yaml.safe_load(other))

    def test_what_to_learn_from_must_be_said(self):
        for arguments, says in (([], "one of them is needed"), (["x.pcap", "--live", "y"], "one of them is needed"),
                                (["--live", "none.yaml"], "none.yaml: cannot be read"), (["x", "--for", "5"], "--live")):
            done = querytap("learn", *arguments)
            self.assertEqual(done.status, 2, arguments)
            self.assertIn(says, done.err)

    def test_errors_have_a_place(self):
        done = querytap("learn", self.write("eve.json", '{"event_type":"stats"}\nnonsense\n'))
        self.assertEqual(done.status, 1)
        self.assertIn("eve.json:2:", done.err)


if __name__ == "__main__":
    unittest.main()
