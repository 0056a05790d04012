"""What the system tests share: the binary, its output as events, waiting, ports, network namespaces.

From the environment: QUERYTAP_BINARY (default build/querytap of this checkout), QUERYTAP_CAPTURES
(captures made by others), QUERYTAP_SLOWNESS (factor on every time limit, for sanitizers).
"""

import contextlib
import functools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(ROOT, "tests", "data")
SIGNATURES = os.path.join(ROOT, "signatures")
BINARY = os.environ.get("QUERYTAP_BINARY", os.path.join(ROOT, "build", "querytap"))
CAPTURES = os.environ.get("QUERYTAP_CAPTURES", os.path.join(ROOT, "..", "shared", "captures"))
SLOWNESS = float(os.environ.get("QUERYTAP_SLOWNESS", "1"))
# What querytap says when it ends with packets in hand; no test may see it.
NOT_GIVEN_BACK = "not given back"


def data(name):
    return os.path.join(DATA, name)


@functools.cache
def labels():
    with open(data("labels.json"), encoding="utf-8") as stream:
        return json.load(stream)


def foreign(name):
    """A capture made by others; skips the test where it is not."""
    path = os.path.join(CAPTURES, name)
    if not os.path.exists(path):
        raise unittest.SkipTest("no %s (set QUERYTAP_CAPTURES)" % path)
    return path


def need(*programs):
    """Skips the test where a program is not installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        raise unittest.SkipTest("not installed: " + ", ".join(missing))


def generate(scenario, capture, *options):
    """A capture of a scenario of tests/capgen."""
    subprocess.run([sys.executable, os.path.join(ROOT, "tests", "capgen", "capgen.py"), *options, "-o", capture,
                    scenario], check=True, capture_output=True, timeout=60)


class InFolder(unittest.TestCase):
    """A folder of its own for each test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path


def read_events(text):
    return [json.loads(line) for line in text.splitlines()]


def of_type(events, kind):
    return [event for event in events if event["event_type"] == kind]


def sids(events):
    return {event["alert"]["signature_id"] for event in of_type(events, "alert")}


def worst_level(events):
    order = ("unknown", "benign", "suspicious", "malicious")
    levels = [event["verdict"]["level"] for event in of_type(events, "verdict")]
    return max(levels, key=order.index, default="unknown")


class Done:
    """A querytap that has ended."""

    def __init__(self, completed):
        self.status = completed.returncode
        self.out, self.err = completed.stdout, completed.stderr
        assert NOT_GIVEN_BACK not in self.err, self.err

    @property
    def events(self):
        return read_events(self.out)


def need_preload():
    """Skips the test where preload() cannot work."""
    need("cc", "pkg-config")
    with open(BINARY, "rb") as binary:
        program = binary.read()
    if b"__asan_init" in program or b"__tsan_init" in program:
        raise unittest.SkipTest("sanitizers stand before every library, and have a malloc of their own")


def preload(test, name, **environment):
    """From now on, what this test starts has a library of tests/support before its own."""
    library = os.path.join(test.folder, name + ".so")
    source = os.path.join(ROOT, "tests", "support", name + ".c")
    flags = subprocess.run(["pkg-config", "--cflags", "libdpdk"], check=True, capture_output=True, text=True).stdout
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", *flags.split(), "-o", library, source],
                   check=True, timeout=60)
    patched = mock.patch.dict(os.environ, {"LD_PRELOAD": library, **environment})
    patched.start()
    test.addCleanup(patched.stop)


def querytap(*arguments, seconds=30):
    """Runs it to its end."""
    command = [BINARY, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds * SLOWNESS,
                          stdin=subprocess.DEVNULL)
    return Done(done)


def replay(*arguments, **options):
    return querytap("replay", *arguments, **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, condition, seconds=10):
    """Asks until the answer is true, and returns it; fails after so many seconds."""
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited %.0f s in vain until %s" % (seconds * SLOWNESS, what))
        time.sleep(0.02)


def http(port, path, data=None):
    """(status, body); (0, reason) while nobody answers."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), data, timeout=5 * SLOWNESS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


@contextlib.contextmanager
def running(command, log, **options):
    """A process that is gone at the end, whatever happens. Its output goes to the file `log`."""
    with open(log, "wb") as out:
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT,
                                   **{"stdin": subprocess.DEVNULL, **options})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
    assert NOT_GIVEN_BACK not in content(log), content(log)


def content(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()
