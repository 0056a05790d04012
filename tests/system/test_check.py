#!/usr/bin/python3
"""querytap check: what it says of signatures, statements and captures, and how it ends."""

import os
import subprocess
import unittest

from harness import BINARY, SIGNATURES, SLOWNESS, InFolder, data

RULE = ('alert tds any any -> any any (msg:"m"; tds.sql; content:"exec evil"; classtype:execution; '
        'reference:url,x.test; metadata:mitre_technique_id T1059, confidence low, false_positive none known; '
        'sid:7;)\n')


def check(*arguments, given=""):
    return subprocess.run([BINARY, "check", *map(str, arguments)], input=given, capture_output=True, text=True,
                          check=False, timeout=60 * SLOWNESS)


class Check(InFolder):
    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)

    def test_shipped_signatures_are_without_fault(self):
        done = check(SIGNATURES, "--strict")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"signatures: 1\d\d signatures and \d{3} examples; 0 failures, 0 warnings\n$")

    def test_wrong_rule(self):
        self.write("a.rules", RULE.replace("content", "contents"))
        done = check(self.folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("a.rules:1:49: ", done.stderr)
        done = check(self.folder, "--lenient")
        self.assertEqual(done.returncode, 0)
        self.assertIn("skipped: ", done.stderr)
        self.assertIn("0 signatures and 0 examples; 0 failures, 0 warnings, 1 skipped", done.stdout)

    def test_warnings_are_failures_only_if_asked_for(self):
        self.write("a.rules", RULE)
        done = check(self.folder)
        self.assertEqual(done.returncode, 0)
        self.assertIn("a.rules:1: warning: sid 7 has 0 examples", done.stderr)
        self.assertEqual(check(self.folder, "--strict").returncode, 1)

    def test_examples_are_statements_or_captures(self):
        self.write("a.rules", RULE.replace("exec evil", "exec master..xp_cmdshell"))
        relative = os.path.relpath(data("format-ethernet.pcap"), self.folder)
        self.write("a.examples.yaml", "7:\n  must: [exec master..xp_cmdshell 'x', {capture: %s}]\n"
                                      "  must_not: [select 1, {capture: none.pcap}]\n" % relative)
        done = check(self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.pcap: cannot be opened", done.stderr)
        self.assertIn("1 signature and 4 examples; 1 failure, 0 warnings", done.stdout)

    def test_statement(self):
        done = check("--sql", "EXEC('xp_' + 'cmdshell ''dir''')", SIGNATURES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for line in ("tds.sql       exec('XP_CMDSHELL ''DIR''')\n", "tds.sql       xp_cmdshell'DIR'    (executed)\n",
                     "tds.literal   xp_cmdshell 'dir'\\ndir\n", "\nquery_hash    ", "\n9100102  "):
            self.assertIn(line, done.stdout)
        done = check("--sql", "-", SIGNATURES, given="select 1\n")
        self.assertIn("No signature matches.", done.stdout)

    def test_profile(self):
        done = check("--profile", data("demo.pcap"), SIGNATURES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"kB were matched")
        self.assertRegex(done.stdout, r"\n +\d+\.\d %  +\d+  +[1-9]\d*  9100003  SQLC2 agent checks in\n")
        self.assertEqual(check("--profile", os.path.join(self.folder, "none.pcap")).returncode, 1)

    def test_configuration(self):
        self.write("a.rules", RULE)
        self.write("q.yaml", "ports: [{vdev: net_null0}]\nsignatures: %s\n" % self.folder)
        done = check("-c", os.path.join(self.folder, "q.yaml"))
        self.assertEqual(done.returncode, 0)
        self.assertIn("%s: 1 signature " % self.folder, done.stdout)
        self.write("q.yaml", "prots: []\n")
        done = check("-c", os.path.join(self.folder, "q.yaml"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("q.yaml:1:", done.stderr)

    def test_usage(self):
        self.assertEqual(check("--sql", "x", "--profile", "y").returncode, 2)
        self.assertEqual(check(os.path.join(self.folder, "none")).returncode, 2)


if __name__ == "__main__":
    unittest.main()
