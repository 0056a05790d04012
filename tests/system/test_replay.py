#!/usr/bin/python3
"""querytap replay: what it reads, what it writes where, and how it ends."""

import base64
import os
import re
import unittest

from harness import HERE, ROOT, InFolder, data, generate, labels, of_type, replay, worst_level

XP_CMDSHELL = 9100101
PASSWORD = "Not-A-Secret-1"  # of every client in the captures


class Output(InFolder):
    def test_standard_output_is_json_lines_only(self):
        done = replay(data("demo.pcap"), "--json", "-")
        self.assertEqual(done.status, 0)
        for line in done.out.splitlines():
            self.assertTrue(line.startswith('{"timestamp":"') and line.endswith("}"), line)
        self.assertEqual({event["event_type"] for event in done.events}, {"alert", "verdict", "flow", "tds", "stats"})
        self.assertIn("Conversations:", done.err)

    def test_events_in_a_file_and_the_table_on_standard_output(self):
        path = os.path.join(self.folder, "eve.json")
        done = replay(data("demo.pcap"), "--json", path)
        self.assertEqual((done.status, done.err), (0, ""))
        with open(path, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), replay(data("demo.pcap"), "--json", "-").out)
        self.assertIn("MALICIOUS", done.out)

    def test_piped_table_is_plain_and_says_why(self):
        done = replay(data("format-ethernet.pcap"))
        self.assertEqual((done.status, done.err), (0, ""))
        self.assertNotIn("\x1b", done.out)
        for text in ("MALICIOUS    10.30.0.77 -> 10.30.0.5:1433", "sid:9100101", "xp_cmdshell is called (T1059.003)",
                     "packets      17,", "flows        1", "drops        none", "packets/s"):
            self.assertIn(text, done.out)

    def test_eve_lines_are_compact_and_named_as_suricata_names_them(self):
        done = replay(data("format-ethernet.pcap"), "--json", "-")
        for line, event in zip(done.out.splitlines(), done.events):
            self.assertIn('"event_type":"%s"' % event["event_type"], line)
            self.assertRegex(event["timestamp"], r"^2026-03-02T08:00:00\.\d{6}\+0000$")
            if event["event_type"] == "stats":
                continue
            self.assertEqual((event["src_ip"], event["dest_ip"], event["dest_port"], event["proto"]),
                             ("10.30.0.77", "10.30.0.5", 1433, "TCP"))
            if event.get("verdict", {}).get("scope") == "pair":
                continue  # of all flows of the two
            self.assertIsInstance(event["flow_id"], int)
            self.assertRegex(event["community_id"], r"^1:[A-Za-z0-9+/]{27}=$")
        self.assertEqual(len({e["flow_id"] for e in done.events if "flow_id" in e}), 1)

    def test_alert_and_verdict_fields(self):
        events = replay(data("format-ethernet.pcap"), "--json", "-").events
        alert = next(e["alert"] for e in of_type(events, "alert") if e["alert"]["signature_id"] == XP_CMDSHELL)
        self.assertTrue({"action", "gid", "signature_id", "rev", "signature", "category", "severity", "metadata"}
                        <= set(alert))
        self.assertEqual(alert["metadata"]["mitre_technique_id"], ["T1059.003"])
        verdicts = [event["verdict"] for event in of_type(events, "verdict")]
        for verdict in verdicts:
            self.assertIn(verdict["level"], ("unknown", "benign", "suspicious", "malicious"))
            for reason in verdict["reasons"]:
                self.assertTrue({"kind", "id", "text", "technique"} <= set(reason))
        pair, = [verdict for verdict in verdicts if verdict.get("scope") == "pair"]
        self.assertTrue(pair["text"].startswith("10.30.0.77 speaks to 10.30.0.5:1433: "), pair["text"])
        reason = verdicts[-1]["reasons"][0]
        self.assertEqual((reason["kind"], reason["id"], reason["technique"]),
                         ("signature", "sid:9100101", "T1059.003"))

    def test_a_poller_is_told_in_a_sentence(self):
        capture = os.path.join(self.folder, "polls.pcap")
        with open(os.path.join(ROOT, "tests", "scenarios", "sqlc2-agent.yaml"), encoding="utf-8") as stream:
            scenario = stream.read().replace("    times: 4\n", "    times: 12\n", 1)  # a quarter of an hour
        generate(self.write("polls.yaml", scenario), capture)
        pairs = [event["verdict"] for event in of_type(replay(capture, "--json", "-").events, "verdict")
                 if event["verdict"].get("scope") == "pair"]
        self.assertTrue(any(re.search(r" polls \S+:1433 every [0-9.]+ s ± \d+ %, in clear text, as \w+: SQLC2 agent",
                                      pair["text"]) for pair in pairs), [pair["text"] for pair in pairs])

    def test_passwords_are_nowhere(self):
        done = replay(data("demo.pcap"), "--json", "-")
        clear = PASSWORD.encode("utf-16-le")
        scrambled = bytes(((byte << 4 | byte >> 4) & 0xFF) ^ 0xA5 for byte in clear)  # MS-TDS 2.2.6.4
        self.assertIn(scrambled, read_bytes(data("demo.pcap")))
        for secret in (PASSWORD, clear.hex(), scrambled.hex(), *map(base64_of, (clear, scrambled))):
            self.assertNotIn(secret, done.out + done.err)

    def test_passwords_in_sql_are_hidden(self):
        capture = os.path.join(self.folder, "passwords.pcap")
        generate(os.path.join(HERE, "passwords.yaml"), capture)
        hush = re.compile(rb"H\0?u\0?s\0?h\0?([0-9])")
        self.assertEqual(len(set(hush.findall(read_bytes(capture)))), 9)
        full, redacted, nothing = (replay(capture, "--json", "-", "--sql-text", mode)
                                   for mode in ("full", "redacted", "none"))
        for done in (full, redacted, nothing):
            self.assertEqual(done.status, 0, done.err)
            self.assertNotIn("hush", (done.out + done.err).lower())
        self.assertIn("WITH PASSWORD = '***', DEFAULT_DATABASE = [master]; SELECT 'shown'", full.out)
        self.assertIn("WITH PASSWORD = ?, DEFAULT_DATABASE = [master]; SELECT ?", redacted.out)
        for value in ("carol", "dave", "whoami", "shown"):
            self.assertIn(value, full.out)
            self.assertNotIn(value, (redacted.out + nothing.out).lower())
        for texts in ('"sql":', '"parameters":', "CREATE"):
            self.assertNotIn(texts, nothing.out)
        hashes = [[event["tds"]["query"]["query_hash"] for event in of_type(done.events, "tds")
                   if event["tds"]["type"] == "query"] for done in (full, redacted, nothing)]
        self.assertEqual(hashes[0], hashes[1])
        self.assertEqual(hashes[0], hashes[2])

    def test_key_log_opens_tls(self):
        for name, label in labels().items():
            if "key_log" not in label:
                continue
            closed = replay(data(name), "--json", "-")
            opened = replay(data(name), "--keylog", data(label["key_log"]), "--json", "-")
            self.assertEqual((closed.status, worst_level(closed.events)), (0, "unknown"), name)
            expected = "malicious" if label["expect"] == "malicious" else "unknown"
            self.assertEqual((opened.status, worst_level(opened.events)), (0, expected), name)
            handshakes = [of_tls(done.events) for done in (closed, opened)]
            self.assertEqual(handshakes[0], handshakes[1], name)
            self.assertEqual(len(handshakes[0]), 1, name)
            self.assertRegex(handshakes[0][0]["ja4"], r"^t1[23][di]\d{4}\w\w_[0-9a-f]{12}_[0-9a-f]{12}$")
            self.assertNotIn("Not-A-Secret", opened.out + opened.err)

    def test_metrics_file(self):
        path = os.path.join(self.folder, "metrics.txt")
        self.assertEqual(replay(data("format-ethernet.pcap"), "--metrics-file", path).status, 0)
        with open(path, encoding="utf-8") as stream:
            self.assertIn('querytap_packets_total{worker="0"} 17\n', stream.read())


def read_bytes(path):
    with open(path, "rb") as stream:
        return stream.read()


def base64_of(secret):
    return base64.b64encode(secret).decode().rstrip("=")


def of_tls(events):
    records = [event["tds"] for event in of_type(events, "tds")]
    return [record["tls"] for record in records if record["type"] == "tls"]


class Broken(InFolder):
    """Exit status 1: what came before the fault is reported, the error names the packet."""

    def check(self, name, *words, packets):
        done = replay(data(name), "--json", "-")
        self.assertEqual(done.status, 1)
        for word in (name, *words):
            self.assertIn(word, done.err.splitlines()[-1])
        self.assertEqual(of_type(done.events, "stats")[-1]["stats"]["packets"], packets)

    def test_truncated(self):
        label = labels()["format-truncated.pcap"]
        self.check("format-truncated.pcap", "packet %d" % label["bad_packet"], "truncated", packets=label["frames"])

    def test_corrupt(self):
        label = labels()["format-corrupt.pcap"]
        self.check("format-corrupt.pcap", "packet %d" % label["bad_packet"], "2147483632", packets=label["frames"])

    def test_gzip_stream_cut(self):
        self.check("format-truncated.pcap.gz", "packet 7", "gzip", packets=6)

    def test_files_before_the_broken_one_are_reported(self):
        done = replay(data("format-ethernet.pcap"), data("format-truncated.pcap"), "--json", "-")
        self.assertEqual(done.status, 1)
        self.assertIn("format-truncated.pcap: is broken at packet 6", done.err)
        self.assertEqual(of_type(done.events, "stats")[-1]["stats"]["packets"], 17 + 5)
        self.assertEqual(worst_level(done.events), "malicious")

    def test_not_a_capture(self):
        done = replay(data("format-not-a-capture.pcap"), "--json", "-")
        self.assertEqual((done.status, done.out), (1, ""))
        self.assertIn("format-not-a-capture.pcap: is not a capture", done.err)

    def test_missing_file_and_folder(self):
        for path, words in ((os.path.join(self.folder, "none.pcap"), "no such file"), (self.folder, "is a directory")):
            done = replay(path, "--json", "-")
            self.assertEqual((done.status, done.out), (1, ""), path)
            self.assertIn("%s: " % path, done.err)
            self.assertIn(words, done.err.lower())

    def test_events_that_cannot_be_written(self):
        done = replay(data("demo.pcap"), "--json", "/dev/full")
        self.assertEqual(done.status, 1)
        self.assertIn("/dev/full: events are lost: No space left on device", done.err)


class Usage(InFolder):
    """Exit status 2: nothing was done."""

    def check(self, *arguments, words):
        done = replay(data("format-ethernet.pcap"), "--json", "-", *arguments)
        self.assertEqual((done.status, done.out), (2, ""), arguments)
        for word in words:
            self.assertIn(word, done.err, arguments)

    def test_wrong_options(self):
        for arguments, word in ((("--no-such",), "--no-such"), (("--workers", "0"), "--workers"),
                                (("--workers", "many"), "--workers"), (("--flows", "some"), "--flows"),
                                (("--speed", "fast"), "--speed 'fast' is not a speed"),
                                (("--speed", "-1"), "is not a speed"), (("--metrics", "x:y"), "x:y")):
            self.check(*arguments, words=[word])

    def test_no_file_named(self):
        self.assertEqual(replay("--json", "-").status, 2)

    def test_signature_errors_have_a_place(self):
        path = self.write("bad.rules", 'alert tds any any -> any any (msg:"ok"; content:"x"; sid:1;)\n'
                                       'alert tds any any -> any any (msg:"b"; contant:"x"; sid:2;)\n')
        self.check("--signatures", self.folder, words=[path + ":2:40", "contant"])

    def test_missing_signatures(self):
        path = os.path.join(self.folder, "none")
        self.check("--signatures", path, words=[path])

    def test_key_log_errors_have_a_place(self):
        path = self.write("keys.log", "# SSL/TLS secrets log file\nCLIENT_RANDOM 00 11\n")
        self.check("--keylog", path, words=[path + ":2:15", "a client random has 32 bytes"])
        self.check("--keylog", path + ".none", words=[path + ".none"])

    def test_policy_errors_have_a_place(self):
        path = self.write("policy.yaml", "clients:\n  app:\n    addresses: [10.0.0.1]\nrulez: []\n")
        self.check("--policy", path, words=[path + ":4:1", "rulez"])
        self.check("--policy", path + ".none", words=[path + ".none"])


class Speed(unittest.TestCase):
    def test_factor(self):
        done = replay(data("format-ethernet.pcap"), "--json", "-", "--speed", "x10")
        self.assertEqual(done.status, 0, done.err)
        self.assertEqual(done.out, replay(data("format-ethernet.pcap"), "--json", "-").out)
        seconds = float(re.search(r" in ([0-9.]+) s", done.err).group(1))
        self.assertGreaterEqual(seconds, labels()["format-ethernet.pcap"]["duration_ms"] / 10_000 - 0.01)

    def test_real_time(self):
        done = replay(data("format-ethernet.pcap"), "--json", "-", "--speed", "real", "--workers", "2")
        self.assertEqual(done.status, 0, done.err)
        seconds = float(re.search(r" in ([0-9.]+) s", done.err).group(1))
        self.assertGreaterEqual(seconds, labels()["format-ethernet.pcap"]["duration_ms"] / 1000 - 0.01)


if __name__ == "__main__":
    unittest.main()
