#!/usr/bin/python3
"""Runs the unittest cases of one script and reports in TAP, so that each case and each skip counts.

usage: tap.py SCRIPT [NAME...]      NAME: a class, or Class.test_case

Standard output is TAP only; what the tests print goes to standard error.
Exit status 0: no case failed.
"""

import contextlib
import importlib.util
import os
import sys
import time
import unittest


class TapResult(unittest.TestResult):
    """One line for each test case, at its end; details of a failure follow as comments."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.lines = 0
        self.begun = 0.0
        self.case = None
        self._forget()

    def _forget(self):
        self.problems, self.skips = [], []

    def startTest(self, test):
        super().startTest(test)
        self.case, self.begun = test, time.monotonic()
        self._forget()

    def stopTest(self, test):
        super().stopTest(test)
        self._tell(name_of(test), time.monotonic() - self.begun)
        self.case = None

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, self.problems, self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, self.problems, self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            what = "%s\n%s" % (subtest._subDescription(), self._exc_info_to_string(err, test))
            self._note(test, self.problems, what)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(test, self.skips, reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(test, self.problems, "was expected to fail")

    def _note(self, test, where, text):
        where.append(text)
        if self.case is None:  # setUpClass or setUpModule: no case of its own has begun
            self._tell(name_of(test), 0.0)

    def _tell(self, name, seconds):
        self.lines += 1
        line = "%s %d - %s" % ("not ok" if self.problems else "ok", self.lines, name)
        if self.skips and not self.problems:
            line += " # SKIP " + "; ".join(dict.fromkeys(self.skips)).replace("\n", " ")
        self._print(line)
        for problem in self.problems:
            for text in problem.splitlines():
                self._print("#   " + text)
        self._print("# %.2f s" % seconds)
        self._forget()

    def plan(self):
        self._print("1..%d" % self.lines)

    def _print(self, text):
        print(text, file=self.out, flush=True)


def name_of(test):
    """Class.test_case, without signs that mean something in TAP."""
    return ".".join(test.id().split(".")[-2:]).replace("#", "")


def load(path):
    """The script as a module; its folder is first on the path, as if it had been started."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(argv):
    if len(argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    result = TapResult(sys.stdout)
    # A test that prints must not be taken for TAP.
    with contextlib.redirect_stdout(sys.stderr):
        module = load(argv[1])
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromNames(argv[2:], module) if argv[2:] else loader.loadTestsFromModule(module)
        suite.run(result)
    result.plan()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
