"""querytap run as a test sees it: configuration, metrics, events, signals."""

import os
import re
import signal

import yaml

from harness import BINARY, SIGNATURES, SLOWNESS, content, free_port, http, read_events, running, wait_until


class Live:
    """A running appliance in a folder of the test's; stopped with it.

    `changes` are merged into the configuration, section by section.
    """

    def __init__(self, test, folder, vdevs, **changes):
        self.folder = folder
        self.port = free_port()
        self.log = os.path.join(folder, "querytap.log")
        self.eve = os.path.join(folder, "eve.json")
        config = {
            "ports": [{"vdev": vdev} for vdev in vdevs],
            # Tests share two cores; and they have neither hugepages nor memory for 10G.
            "workers": {"count": 1, "spin": False},
            "memory": {"hugepages": False, "mbufs": 32768},
            "limits": {"flows": 65536, "sessions": 1024, "stream_memory_mb": 16},
            "eve": {"file": self.eve},
            "metrics": {"listen": "127.0.0.1:%d" % self.port},
            "signatures": SIGNATURES,
        }
        for key, value in changes.items():
            config[key] = {**config.get(key, {}), **value} if isinstance(value, dict) else value
        path = os.path.join(folder, "querytap.yaml")
        with open(path, "w", encoding="utf-8") as out:
            yaml.safe_dump(config, out)
        environment = {**os.environ, "RUNTIME_DIRECTORY": folder}
        holder = running([BINARY, "run", "-c", path], self.log, env=environment)
        self.process = holder.__enter__()
        test.addCleanup(holder.__exit__, None, None, None)
        wait_until("querytap is ready", self._ready, 30)

    def _ready(self):
        if self.process.poll() is not None:
            raise AssertionError("querytap run ended at once:\n" + self.said())
        # Not asked earlier: until DPDK has bound its packet socket to the interface, it hears what
        # comes on the loopback too, and would count our question.
        return "metrics on http" in self.said() and http(self.port, "/-/ready")[0] == 200

    def said(self):
        return content(self.log)

    def wait_for(self, text, seconds=10):
        try:
            wait_until("querytap says %r" % text, lambda: text in self.said(), seconds)
        except AssertionError as error:
            raise AssertionError("%s; it said:\n%s" % (error, self.said())) from None

    def events(self):
        """Lines written so far; the last may be under way."""
        text = content(self.eve) if os.path.exists(self.eve) else ""
        return read_events(text[:text.rfind("\n") + 1])

    def metrics(self):
        """{name: {labels: value}}"""
        def answered():
            status, text = http(self.port, "/metrics")
            return text if status == 200 else None

        # One answer may be late on a busy machine.
        text = wait_until("/metrics answers", answered, 30)
        found = {}
        for name, labels, value in re.findall(r"^(\w+)(\{.*\})? (\S+)$", text, re.MULTILINE):
            found.setdefault(name, {})[labels] = float(value)
        return found

    def total(self, name):
        return sum(self.metrics().get(name, {}).values())

    def wait_for_packets(self, count, seconds=20):
        wait_until("%d packets are inspected" % count, lambda: self.total("querytap_packets_total") >= count, seconds)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, number=signal.SIGINT):
        """Asks it to end; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(20 * SLOWNESS)

    def packets_in_summary(self):
        return int(re.search(r"^  packets +([0-9,]+)", self.said(), re.MULTILINE).group(1).replace(",", ""))
