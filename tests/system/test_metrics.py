#!/usr/bin/python3
"""/metrics of a running appliance: what it says, promtool's opinion, and a real Prometheus server."""

import json
import os
import re
import subprocess
import unittest
import urllib.parse

import yaml

from harness import ROOT, InFolder, data, free_port, http, labels, need, running, wait_until
from live import Live

DEPLOY = os.path.join(ROOT, "deploy")
CAPTURE = "demo.pcap"
TDS_TYPES = {"1": "sql_batch", "3": "rpc", "4": "tabular_result", "6": "attention",
             "14": "transaction_manager", "16": "login7", "18": "prelogin"}


def deployed_files():
    """Text files in deploy/, by their path."""
    for folder, _folders, names in os.walk(DEPLOY):
        for name in sorted(names):
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                yield os.path.join(folder, name), stream.read()


class Metrics(InFolder):
    """querytap run on a net_pcap port that plays demo.pcap once: needs no rights."""

    def setUp(self):
        super().setUp()
        self.live = Live(self, self.folder, ["net_pcap0,rx_pcap=" + data(CAPTURE)])
        self.live.wait_for_packets(labels()[CAPTURE]["frames"])
        # Signatures are counted where events arrive, a moment later.
        wait_until("a signature has fired", lambda: self.live.total("querytap_signature_hits_total") > 0)

    def test_values_are_those_of_the_capture(self):
        label, metrics = labels()[CAPTURE], self.live.metrics()
        messages = metrics["querytap_tds_messages_total"]
        for number, count in label["tds_messages"].items():
            self.assertEqual(messages['{worker="0",type="%s"}' % TDS_TYPES[number]], count, number)
        for name, value in (("packets_total", label["frames"]), ("port_rx_packets_total", label["frames"]),
                            ("flows_created_total", label["flows"]), ("tds_logins_total", label["logins"]),
                            ("drops_total", 0), ("events_dropped_total", 0)):
            self.assertEqual(sum(metrics["querytap_" + name].values()), value, name)
        self.assertGreater(metrics["querytap_verdicts_total"]['{worker="0",level="malicious"}'], 0)
        self.assertEqual(sum(metrics["querytap_bytes_total"].values()),
                         sum(metrics["querytap_port_rx_bytes_total"].values()))

    def test_everything_an_operator_needs_is_there(self):
        metrics = self.live.metrics()
        for name in ("build_info", "packets_total", "bytes_total", "drops_total", "flows_active",
                     "flows_created_total", "flows_expired_total", "tds_messages_total",
                     "signature_hits_total", "verdicts_total", "mempool_size_mbufs", "mempool_used_mbufs",
                     "ring_size_slots", "ring_used_slots", "ring_dropped_total",
                     "worker_busy_cycles_total", "worker_idle_cycles_total", "port_rx_missed_total"):
            self.assertIn("querytap_" + name, metrics)
        self.assertTrue(all("reason=" in key for key in metrics["querytap_drops_total"]))
        self.assertTrue(all("sid=" in key for key in metrics["querytap_signature_hits_total"]))

    def test_counters_only_grow(self):
        before = self.live.metrics()
        after = wait_until("the worker's cycles go on", self.later_than(before))
        for name, values in before.items():
            if name.endswith("_total"):
                for key, value in values.items():
                    self.assertGreaterEqual(after[name][key], value, name + key)

    def later_than(self, before):
        name = "querytap_worker_idle_cycles_total"

        def ask():
            now = self.live.metrics()
            return now if sum(now[name].values()) > sum(before[name].values()) else None
        return ask

    def test_promtool_has_nothing_to_say(self):
        need("promtool")
        _status, text = http(self.live.port, "/metrics")
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True,
                              check=False, timeout=30)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_names_in_deploy_exist(self):
        there, named = set(self.live.metrics()), 0
        for path, text in deployed_files():
            for name in re.findall(r"\bquerytap_[a-z0-9_]+\b", text):
                named += 1
                self.assertIn(name, there, "%s names a metric that does not exist" % os.path.relpath(path, ROOT))
        self.assertGreater(named, 0)

    def test_health_and_unknown_paths(self):
        for path, status, words in (("/-/healthy", 200, "healthy"), ("/-/ready", 200, "ready"),
                                    ("/none", 404, "/metrics")):
            found, text = http(self.live.port, path)
            self.assertEqual(found, status, path)
            self.assertIn(words, text, path)

    def test_prometheus_scrapes_it_and_knows_the_alert_rules(self):
        need("prometheus")
        port, config = free_port(), self.prometheus_config()
        command = ["prometheus", "--config.file=" + config, "--web.listen-address=127.0.0.1:%d" % port,
                   "--storage.tsdb.path=" + os.path.join(self.folder, "tsdb"), "--log.level=warn"]

        def ask(query):
            status, text = http(port, "/api/v1/query?query=" + urllib.parse.quote(query))
            found = json.loads(text)["data"]["result"] if status == 200 else []
            return float(found[0]["value"][1]) if found else None

        def states_of_rules():
            groups = json.loads(http(port, "/api/v1/rules")[1])["data"]["groups"]
            return {rule["health"] for group in groups for rule in group["rules"]}

        with running(command, os.path.join(self.folder, "prometheus.log")):
            wait_until("Prometheus has scraped", lambda: ask("sum(querytap_packets_total)"), 20)
            self.assertEqual(ask("sum(querytap_packets_total)"), labels()[CAPTURE]["frames"])
            self.assertEqual(ask('up{job="querytap"}'), 1)
            self.assertGreater(ask('sum(querytap_verdicts_total{level="malicious"})'), 0)
            wait_until("Prometheus can compute every alert rule", lambda: states_of_rules() == {"ok"}, 20)

    def prometheus_config(self):
        """The scrape job and the rules of deploy/, in haste, and for the port of this test."""
        with open(os.path.join(DEPLOY, "prometheus", "scrape.yml"), encoding="utf-8") as stream:
            config = yaml.safe_load(stream)
        job, = config["scrape_configs"]
        job["scrape_interval"] = job["scrape_timeout"] = "500ms"
        job["static_configs"] = [{"targets": ["127.0.0.1:%d" % self.live.port]}]
        config["global"] = {"evaluation_interval": "500ms"}
        config["rule_files"] = [os.path.join(DEPLOY, "prometheus", "alerts.yml")]
        path = os.path.join(self.folder, "prometheus.yml")
        with open(path, "w", encoding="utf-8") as out:
            yaml.safe_dump(config, out)
        return path


class Deploy(unittest.TestCase):
    def test_alert_rules_and_scrape_job_are_valid(self):
        need("promtool")
        for kind, name in (("rules", "alerts.yml"), ("config", "scrape.yml")):
            done = subprocess.run(["promtool", "check", kind, os.path.join(DEPLOY, "prometheus", name)],
                                  capture_output=True, text=True, check=False, timeout=30)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
