#!/usr/bin/python3
"""Tests of the test runner tap.py, and of scripts/count_tests.py: nothing that fails may go uncounted."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = os.path.join(HERE, "..", "..", "scripts", "count_tests.py")

CASES = """
import os, unittest

class Plain(unittest.TestCase):
    def test_good(self):
        print("not ok 7 - printed by a test")
    def test_wrong(self):
        self.assertEqual(1, 2, "one is # two")
    def test_broken(self):
        raise OSError("no")
    @unittest.skip("tool # missing")
    def test_skipped(self):
        pass
    def test_table(self):
        for n in (1, 2, 3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 2)

class NoSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("no network")
    def test_one(self):
        pass
"""


def run(*command):
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False, timeout=30)


class InFolder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path


class Tap(InFolder):
    def tap(self, text, *names):
        done = run(os.path.join(HERE, "tap.py"), self.write("cases.py", text), *names)
        return done.returncode, [line for line in done.stdout.splitlines() if not line.startswith("#")], done

    def test_every_case_has_its_line(self):
        status, lines, done = self.tap(CASES)
        self.assertEqual(status, 1)
        self.assertEqual(lines, [
            "ok 1 - setUpClass (cases.NoSetUp) # SKIP no network",
            "not ok 2 - Plain.test_broken", "ok 3 - Plain.test_good",
            "ok 4 - Plain.test_skipped # SKIP tool # missing", "not ok 5 - Plain.test_table",
            "not ok 6 - Plain.test_wrong", "1..6"])
        self.assertIn("#   (n=2)", done.stdout)
        self.assertIn("#   OSError: no", done.stdout)
        self.assertIn("printed by a test", done.stderr)

    def test_good_cases_are_status_0(self):
        self.assertEqual(self.tap(CASES, "Plain.test_good")[:2], (0, ["ok 1 - Plain.test_good", "1..1"]))

    def test_script_that_cannot_be_loaded_fails(self):
        self.assertNotEqual(self.tap("import no_such_module")[0], 0)


class Count(InFolder):
    def count(self, junit, runs):
        self.write("testlog.junit.xml", "<testsuites>%s</testsuites>" % junit)
        self.write("testlog.json", "".join(json.dumps({"name": n, "result": r}) + "\n" for n, r in runs))
        done = run(COUNT, self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_cases_are_counted_and_skips_are_told(self):
        lines = self.count(
            '<testsuite name="q.q:unit / flow.Key"><testcase name="A" status="run"/>'
            '<testcase name="B" status="run"><failure message="x"/></testcase>'
            '<testcase name="C" status="run"><skipped message="key_test.cpp:7&#10;no tool"/></testcase></testsuite>'
            '<testsuite name="q.q:system / live"><testcase name="1 Veth.test_x"><skipped/>'
            '<system-out>needs root</system-out></testcase></testsuite>',
            [("q:unit / flow", "FAIL"), ("q:system / live", "SKIP")])
        self.assertEqual(lines, ["skipped: q:unit / flow: C: no tool",
                                 "skipped: q:system / live: 1 Veth.test_x: needs root",
                                 "1 passed, 1 failed, 2 skipped"])

    def test_crash_after_good_cases_is_a_failure(self):
        lines = self.count('<testsuite name="q.q:system / live"><testcase name="1 a"/></testsuite>',
                           [("q:system / live", "ERROR")])
        self.assertEqual(lines[-1], "1 passed, 1 failed, 0 skipped")

    def test_time_out_without_a_mark_is_a_failure(self):
        lines = self.count('<testsuite name="q"><testcase name="q:check / layers"/></testsuite>',
                           [("q:check / layers", "TIMEOUT")])
        self.assertEqual(lines, ["failed: q:check / layers: ended badly: a crash, a sanitizer, or its time was up",
                                 "0 passed, 1 failed, 0 skipped"])


if __name__ == "__main__":
    unittest.main()
