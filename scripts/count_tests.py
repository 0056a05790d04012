#!/usr/bin/env python3
"""Prints what was skipped and why, then "N passed, N failed, N skipped", for one `meson test` run.

usage: count_tests.py BUILD/meson-logs

Single cases (of GoogleTest and TAP) are counted, from testlog.junit.xml. A program that crashed, or
that was stopped after its time, may have left no failed case there: it counts as one, from
testlog.json.
"""

import json
import os
import sys
import xml.etree.ElementTree as ElementTree

BAD = ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT")


def program_of(suite_name, case_name):
    """JUnit suites are called PROJECT.PROGRAM[.SUITE]; a program without cases is a case of PROJECT."""
    parts = suite_name.split(".")
    return parts[1] if len(parts) > 1 else case_name


def read_cases(path):
    """(program, case, result, reason) of every case."""
    for suite in ElementTree.parse(path).iter("testsuite"):
        for case in suite.iter("testcase"):
            name, skipped = case.get("name", ""), case.find("skipped")
            result, reason = "passed", ""
            if case.find("failure") is not None or case.find("error") is not None:
                result = "failed"
            elif skipped is not None or case.get("status") == "notrun":
                told = case.findtext("system-out")
                result, reason = "skipped", (skipped.get("message") if skipped is not None else "") or told or ""
            yield program_of(suite.get("name", ""), name), name, result, reason


def read_bad_programs(path):
    """Names of the programs that Meson calls failed."""
    with open(path, encoding="utf-8") as stream:
        return [run["name"] for run in map(json.loads, stream) if run["result"] in BAD]


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: count_tests.py BUILD/meson-logs", file=sys.stderr)
        return 2
    cases = list(read_cases(os.path.join(sys.argv[1], "testlog.junit.xml")))
    count = {"passed": 0, "failed": 0, "skipped": 0}
    with_failed_case = set()
    for program, name, result, reason in cases:
        count[result] += 1
        if result == "failed":
            with_failed_case.add(program)
        elif result == "skipped":
            # GoogleTest gives the place in the source first.
            print("skipped: %s: %s%s" % (program, name, ": " + reason.strip().splitlines()[-1] if reason else ""))
    alone = {program for program, name, result, _reason in cases if program == name and result == "passed"}
    for program in read_bad_programs(os.path.join(sys.argv[1], "testlog.json")):
        if program in with_failed_case:
            continue
        count["failed"] += 1
        count["passed"] -= program in alone  # a time-out leaves no mark in the JUnit file
        print("failed: %s: ended badly: a crash, a sanitizer, or its time was up" % program)
    print("%d passed, %d failed, %d skipped" % (count["passed"], count["failed"], count["skipped"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
