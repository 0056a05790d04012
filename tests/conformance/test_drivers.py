#!/usr/bin/python3
"""Real drivers log in to the responder and query it, now, and are recorded; querytap reads back every
login field and every query text that they were given. A driver that is not installed is skipped.

Needs root, iproute2, ethtool and tcpdump (two network namespaces). tedious is looked for in NODE_PATH.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("system", "responder"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))

from harness import need, replay  # noqa: E402
import record  # noqa: E402

LOGIN = {"user": "app", "database": "orders"}


def setUpModule():
    global FEW
    need("ip", "tcpdump", "ethtool", "unshare")
    if os.geteuid() != 0:
        raise unittest.SkipTest("network namespaces need root")
    try:
        with record.Namespaces():
            pass
    except OSError as problem:
        raise unittest.SkipTest("no named network namespaces here: %s" % problem)
    holder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(holder.cleanup)
    FEW = ("--signatures", holder.name)
    with open(os.path.join(holder.name, "one.rules"), "w", encoding="ascii") as stream:
        stream.write('alert tds any any -> any any (msg:"none"; tds.sql; content:"never"; sid:1; rev:1;)\n')


def need_module(program, *arguments):
    done = subprocess.run([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False)
    if done.returncode:
        raise unittest.SkipTest("not installed: " + arguments[-1])


class Drivers(unittest.TestCase):
    def play(self, session):
        """Records the session; returns querytap's TDS records."""
        path = os.path.join(record.HERE, "sessions", session + ".yaml")
        described = record.load_session(path)
        with tempfile.TemporaryDirectory() as work:
            os.chmod(work, 0o777)  # tcpdump drops its privileges before it writes
            capture = os.path.join(work, "live.pcap")
            key_log = os.path.join(work, "live.keys")
            record.record(described, capture, key_log, os.environ.get("NODE_PATH"), False)
            done = replay(capture, "--json", "-", *FEW)
        self.assertEqual(done.status, 0, done.err)
        return described, [event["tds"] for event in done.events if event["event_type"] == "tds"]

    def check(self, session, application, version, host=record.HOST_NAME):
        described, records = self.play(session)
        logins = [record["login"] for record in records if record["type"] == "login"]
        self.assertTrue(logins)
        for login in logins:
            self.assertEqual({key: login[key] for key in LOGIN}, LOGIN)
            self.assertEqual(login["host"], host)
            self.assertEqual(login["application"], application or described["app"])
            self.assertEqual(login["version"], version)
            self.assertTrue(login["library"])
        self.assertEqual([record for record in records if record["type"] == "anomaly"], [])
        self.check_queries(described, records)

    def check_queries(self, described, records):
        """Each statement of the session, in order, among what else the driver says."""
        said = iter([record["query"].get("sql", "") for record in records if record["type"] == "query"])
        for step in described["steps"]:
            if "sql" not in step or step.get("rpc"):
                continue
            wanted = words(step["sql"])
            self.assertTrue(any(wanted in words(text) for text in said), step["sql"])

    def test_freetds_74(self):
        need("tsql")
        self.check("freetds-74", "TSQL", "7.4")

    def test_freetds_71(self):
        need("tsql")
        self.check("freetds-71", "TSQL", "7.1")

    def test_pytds(self):
        need_module("/usr/bin/python3", "-c", "import pytds")
        self.check("pytds-app", None, "7.4")

    def test_pytds_mars(self):
        need_module("/usr/bin/python3", "-c", "import pytds")
        self.check("pytds-mars", None, "7.4")

    def test_jtds(self):
        need("java", "javac")
        if not os.path.exists(record.JTDS_JAR):
            self.skipTest("not installed: " + record.JTDS_JAR)
        # Java asks the resolver, which does not know the made-up name.
        self.check("jtds-app", None, "7.1", "UNKNOWN")

    def test_tedious(self):
        need("node")
        need_module("node", "-e", "require('tedious')")
        self.check("tedious-app", None, "7.4")

    def test_tedious_encrypted(self):
        """All is TLS: the handshake is all that is seen, and it is."""
        need("node")
        need_module("node", "-e", "require('tedious')")
        _described, records = self.play("tedious-tls")
        kinds = [record["type"] for record in records]
        self.assertIn("tls", kinds)
        self.assertNotIn("query", kinds)


def words(text):
    """Drivers put parameters in their own words, and white space as they like."""
    for mark in ("?", "%s"):
        text = text.split(mark)[0]
    return " ".join(text.split())


if __name__ == "__main__":
    unittest.main()
