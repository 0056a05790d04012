"""One rule file through querytap and Suricata 7 on the same captures: the same rules fire on the same connections.

Plain rules only (content, nocase, offset, depth, distance, within, pcre): what both know. Suricata sees segments
and a stream, querytap messages, so what is looked for stands in one message. Logins are left out: querytap shows
their bytes to no rule. Skipped where Suricata 7 is not installed.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402

CAPTURES = ["driver-freetds-xp-cmdshell", "driver-jtds-xp-cmdshell", "driver-jtds-app", "driver-pytds-sqlc2",
            "driver-tedious-app", "agent-job", "c3-mssql", "dba-sp-configure"]
WORDS = ["xp_cmdshell", "sp_configure", "select", "insert", "exec", "from", "master", "where",
         "sp_add_job", "varchar"]
PART = 24  # querytap writes alerts of 32 different signatures for a connection
CONFIG = """%YAML 1.1
---
vars:
  address-groups: {HOME_NET: any, EXTERNAL_NET: any}
  port-groups: {SQL: "1433"}
default-log-dir: .
packet-alert-max: 255
stats: {enabled: no}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [alert]}
logging: {default-log-level: error, outputs: [{console: {enabled: yes}}]}
stream: {checksum-validation: no, inline: no, midstream: true, reassembly: {depth: 0}}
detect: {profile: high}
mpm-algo: hs
spm-algo: hs
app-layer: {protocols: {tls: {enabled: no}}}
"""


def wide(text):
    return "".join(char + "|00|" for char in text)


def pattern(text):
    return "".join(char + r"\x00" for char in text)


def rules():
    """Each word in every form; `%s` of a form is the word."""
    made = []
    for word in WORDS:
        head, tail = word[:2], word[2:5]
        for options in (
                'content:"%s"; nocase;' % wide(word),
                'content:"%s";' % wide(word),
                'content:"%s";' % wide(word.upper()),
                'content:"|01|"; depth:1; content:"%s"; nocase; distance:7;' % wide(word),
                'content:"|01 01|"; offset:0; depth:2; content:"%s"; nocase; distance:28; within:80;' % wide(word),
                'content:"%s"; nocase; offset:8;' % wide(word),
                'content:"%s"; nocase; offset:8; depth:82;' % wide(word),
                'content:"%s"; nocase; content:"%s"; nocase; distance:0; within:6;' % (wide(head), wide(tail)),
                'content:"%s"; nocase; content:"%s"; nocase; distance:2; within:20;' % (wide(head), wide(tail)),
                'pcre:"/%s/i";' % pattern(word),
                'pcre:"/%s.{0,40}%s/si";' % (pattern(head), pattern("'")),
                'content:"%s"; nocase; pcre:"/^%s/Ri";' % (wide(head), pattern(tail))):
            made.append('alert tcp any any -> any any (msg:"%s"; flow:established,to_server; %s sid:%d; rev:1;)'
                        % (word, options, len(made) + 1))
    return made


def alerts(path):
    """(sid, client's port) of every alert of an EVE file."""
    found = set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            for line in stream:
                event = json.loads(line)
                if event["event_type"] == "alert":
                    found.add((event["alert"]["signature_id"], event["src_port"]))
    return found


class SameAsSuricata(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.need("suricata")
        version = subprocess.run(["suricata", "-V"], capture_output=True, text=True, check=False).stdout
        if "version 7" not in version:
            raise unittest.SkipTest("Suricata 7 is wanted, this is: " + version.strip())
        cls.folder = tempfile.TemporaryDirectory(prefix="querytap-suricata-")
        cls.rules = os.path.join(cls.folder.name, "plain.rules")
        with open(cls.rules, "w", encoding="utf-8") as out:
            out.write("\n".join(rules()) + "\n")
        cls.parts = []
        for start in range(0, len(rules()), PART):
            cls.parts.append(os.path.join(cls.folder.name, "signatures-%d" % start))
            os.mkdir(cls.parts[-1])
            with open(os.path.join(cls.parts[-1], "plain.rules"), "w", encoding="utf-8") as out:
                out.write("\n".join(rules()[start:start + PART]) + "\n")
        with open(os.path.join(cls.folder.name, "suricata.yaml"), "w", encoding="utf-8") as out:
            out.write(CONFIG)

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "folder"):
            cls.folder.cleanup()

    def _querytap(self, capture):
        found = set()
        for part in self.parts:
            eve = os.path.join(part, capture + ".json")
            subprocess.run([harness.BINARY, "replay", harness.data(capture + ".pcap"), "--json", eve, "--signatures",
                            part], check=True, capture_output=True, timeout=60 * harness.SLOWNESS)
            found |= alerts(eve)
        return found

    def _suricata(self, capture):
        log = os.path.join(self.folder.name, capture)
        os.mkdir(log)
        done = subprocess.run(["suricata", "-c", os.path.join(self.folder.name, "suricata.yaml"), "-r",
                               harness.data(capture + ".pcap"), "-l", log, "-S", self.rules, "--runmode", "single",
                               "-k", "none"], capture_output=True, text=True, check=False,
                              timeout=60 * harness.SLOWNESS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("error parsing signature", done.stderr)
        return alerts(os.path.join(log, "eve.json"))

    def test_the_same_rules_fire(self):
        total = 0
        for capture in CAPTURES:
            with self.subTest(capture):
                here, there = self._querytap(capture), self._suricata(capture)
                total += len(here & there)
                text = rules()
                self.assertEqual([text[sid - 1] for sid, _ in sorted(here - there)], [], "only querytap")
                self.assertEqual([text[sid - 1] for sid, _ in sorted(there - here)], [], "only Suricata")
        self.assertGreater(total, 200)

    def test_each_of_its_keywords_is_known(self):
        listed = subprocess.run(["suricata", "--list-keywords"], capture_output=True, text=True, check=True).stdout
        keywords = [line[2:].split()[0] for line in listed.splitlines() if line.startswith("- ")]
        self.assertGreater(len(keywords), 200)
        folder = os.path.join(self.folder.name, "keywords")
        os.mkdir(folder)
        with open(os.path.join(folder, "all.rules"), "w", encoding="utf-8") as out:
            for number, keyword in enumerate(keywords):
                out.write('alert tds any any -> any any (msg:"m"; content:"abcd"; %s:?; sid:%d;)\n'
                          % (keyword, number + 1))
        told = subprocess.run([harness.BINARY, "check", "--lenient", folder], capture_output=True, text=True,
                              check=False)
        unknown = [line for line in (told.stdout + told.stderr).splitlines() if "unknown keyword" in line]
        self.assertEqual(unknown, [])
        self.assertIn("is not supported", told.stdout + told.stderr)


if __name__ == "__main__":
    unittest.main()
