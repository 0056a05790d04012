#!/usr/bin/python3
"""A policy on generated captures: each demand of a rule fulfilled and violated, over IPv4 and IPv6, in VLAN
and VXLAN, in clear text and encrypted: exactly the findings that it must give, and no other."""

import ipaddress
import json
import os
import shutil
import tempfile
import time
import unittest

import yaml
from harness import ROOT, SLOWNESS, InFolder, data, generate, of_type, querytap

SCENARIO = """
title: one client reads
source: own
expect: none
servers:
  db: {address: "%(server)s", name: SHOPDB, database: Shop}
clients:
  web: {address: "%(client)s", profile: sqlclient, host: WEB01, user: shop, app: Shop.Web, database: Shop}
sessions:
  - client: web
    server: db
    steps:
      - batch: SELECT id, total FROM orders
        reply: {columns: [id int, total int], rows: [["1", "2"]]}
"""
# A client of its own for each, so that one replay judges all.
VARIANTS = [("10.10.1.21", None), ("2001:db8:1::21", None), ("10.10.1.22", "vlan"), ("10.10.1.23", "vxlan"),
            ("2001:db8:1::22", "vlan"), ("2001:db8:1::23", "vxlan")]
# A rule's demand, and what it finds on the capture above. It is from Monday, 2026-03-02, 08:00 UTC.
CLEAR = [
    ({}, []),
    ({"action": "deny"}, ["denied"]),
    ({"encryption": "required"}, ["clear-text-where-encrypted-expected"]),
    ({"encryption": "forbidden"}, []),
    ({"tds_versions": ["7.4"]}, []),
    ({"tds_versions": ["7.1"]}, ["tds-version-not-allowed"]),
    ({"logins": ["SH*"]}, []),
    ({"logins": ["billing"]}, ["login-not-allowed"]),
    ({"applications": ["shop.*"]}, []),
    ({"applications": ["ODBC"]}, ["application-not-allowed"]),
    ({"hosts": ["WEB??"]}, []),
    ({"hosts": ["KALI"]}, ["host-not-allowed"]),
    ({"databases": ["shop"]}, []),
    ({"databases": ["master"]}, ["database-not-allowed"]),
    ({"statements": ["read"]}, []),
    ({"statements": ["write", "ddl"]}, ["statement-not-allowed"]),
    ({"hours": ["mon-fri 07:00-19:00"]}, []),
    ({"hours": ["tue 07:00-19:00"]}, ["outside-hours"]),
    ({"gateways": ["web"]}, []),
    ({"gateways": ["gateways"]}, ["not-through-gateway"]),
    ({"clients": ["gateways"]}, ["client-not-allowed"]),
    ({"servers": ["elsewhere"]}, ["server-not-allowed"]),
]
ENCRYPTED = [
    ({"encryption": "required"}, []),
    ({"encryption": "forbidden"}, ["encrypted-where-clear-expected"]),
    ({"tls_min": "1.2"}, []),
    ({"tls_min": "1.3"}, ["tls-version-too-old"]),
    ({"certificate": {"issuers": ["*Nobody*"]}}, ["certificate-not-expected"]),
    ({"certificate": {"subjects": ["*"], "issuers": ["*"]}}, []),
    ({"logins": ["nobody"]}, []),  # nobody sees it
]


def policy(rule, server_addresses):
    """One rule, for everybody if it does not say for whom."""
    servers = {"elsewhere": {"addresses": ["192.0.2.1"]}}
    if rule.get("servers") is None:
        servers["db"] = {"addresses": server_addresses, "ports": [1433]}
    return yaml.safe_dump({
        "clients": {"web": {"addresses": ["10.10.1.0/24", "2001:db8:1::/48"]},
                    "gateways": {"addresses": ["10.99.0.0/16"]}},
        "servers": servers,
        "internal": ["0.0.0.0/0", "::/0"],
        "rules": [dict({"servers": ["db"]}, **rule)]})


def full(address):
    """As Suricata writes it."""
    return ipaddress.ip_address(address).exploded


def findings(events):
    return sorted({reason["id"] for event in of_type(events, "verdict") for reason in event["verdict"]["reasons"]
                   if reason["kind"] == "policy"})


class OnCaptures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.folder = holder.name
        cls.rules = os.path.join(cls.folder, "rules")
        os.mkdir(cls.rules)
        shutil.copy(os.path.join(ROOT, "signatures", "execution.rules"), cls.rules)

    def judge(self, captures, rule, servers=("0.0.0.0/0", "::/0")):
        path = os.path.join(self.folder, "policy.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(policy(rule, list(servers)))
        done = querytap("replay", *captures, "--json", "-", "--signatures", self.rules, "--policy", path)
        self.assertEqual(done.status, 0, done.err)
        return done.events

    def test_every_demand_in_clear_text(self):
        captures = []
        for number, (client, encapsulation) in enumerate(VARIANTS):
            scenario = os.path.join(self.folder, "s.yaml")
            with open(scenario, "w", encoding="utf-8") as out:
                server = "2001:db8:2::10" if ":" in client else "10.10.0.10"
                out.write(SCENARIO % {"client": client, "server": server})
            captures.append(os.path.join(self.folder, "%d.pcap" % number))
            generate(scenario, captures[-1], *(["--encapsulate", encapsulation] if encapsulation else []))
        for rule, wanted in CLEAR:
            events = self.judge(captures, rule)
            for client, encapsulation in VARIANTS:
                with self.subTest(client, encapsulation=encapsulation, rule=rule):
                    own = [event for event in events if event.get("src_ip") in (client, full(client))]
                    self.assertEqual(findings(own), wanted)
                    if not wanted:
                        levels = [event["verdict"]["level"] for event in of_type(own, "verdict")]
                        self.assertEqual(levels, ["benign"])

    def test_every_demand_when_encrypted(self):
        capture = data("driver-tedious-tls12-sqlc2.pcap")
        for rule, wanted in ENCRYPTED:
            with self.subTest(rule=rule):
                self.assertEqual(findings(self.judge([capture], rule)), wanted)

    def test_words_say_what_was_seen_and_by_which_rule(self):
        capture = data("orm-app.pcap")
        events = self.judge([capture], {"name": "billing", "logins": ["billing"]})
        texts = {reason["text"] for event in of_type(events, "verdict") for reason in event["verdict"]["reasons"]}
        self.assertEqual(texts, {"a login that the policy does not allow: shop (rule 'billing')"})


class Large(InFolder):
    def test_a_hundred_thousand_prefixes_load_within_a_second(self):
        prefixes = ["10.%d.%d.%d/29" % (i >> 13, i >> 5 & 255, (i & 31) * 8) for i in range(100_000)]
        path = self.write("big.yaml", "clients:\n  many:\n    addresses:\n" +
                          "".join("    - %s\n" % prefix for prefix in prefixes) +
                          "rules:\n- {name: many, clients: many}\n")
        begin = time.monotonic()
        done = querytap("check", "--policy", path, "--explain", "10.12.52.100 -> 10.4.0.1:1433")
        seconds = time.monotonic() - begin
        self.assertEqual((done.status, done.err), (0, ""))
        self.assertIn("decision: allow by rule 1 'many'\n", done.out)
        self.assertLess(seconds, 2 * SLOWNESS)  # the bar is 1 s on an idle machine


class Explain(InFolder):
    def test_the_shipped_example(self):
        example = os.path.join(ROOT, "deploy", "policy.example.yaml")
        done = querytap("check", "--policy", example, "--explain",
                        "10.30.5.3 -> 203.0.113.7:11042 clear sni=x time=2026-03-02T08:00:00Z")
        self.assertEqual((done.status, done.err), (0, ""))
        self.assertTrue(done.out.endswith("decision: allow by rule 2 'administrators'\n"
                                          "finding: clear-text-where-encrypted-expected\n"), done.out)

    def test_what_is_wrong(self):
        path = self.write("policy.yaml", "rules:\n- nme: x\n")
        done = querytap("check", "--policy", path)
        self.assertEqual(done.status, 2)
        self.assertIn(path + ":2:3: unknown key 'nme' in a rule (did you mean 'name'?)", done.err)
        done = querytap("check", "--policy", self.write("p.yaml", "rules: []\n"), "--explain", "nonsense")
        self.assertEqual(done.status, 2)
        self.assertIn("'nonsense' is not understood", done.err)
        self.assertEqual(querytap("check", "--explain", "10.1.2.3 -> 10.4.0.1:1433").status, 2)

    def test_the_schema_knows_every_key(self):
        """What the schema of deploy/ lists is what the reader takes: unknown keys are errors."""
        with open(os.path.join(ROOT, "deploy", "policy.schema.json"), encoding="utf-8") as stream:
            schema = json.load(stream)
        rule = {key: {"certificate": {"signed": True}, "encryption": "any", "tls_min": "1.2", "action": "allow",
                      "tds_versions": ["7.4"], "statements": ["read"], "hours": ["mon 07:00-08:00"],
                      "clients": "any", "servers": "any", "gateways": "any",
                      "volume": {"to_server_mb_a_day": 1, "to_client_mb_a_day": 1}}.get(key, "x")
                for key in schema["properties"]["rules"]["items"]["properties"]}
        default = {key: "watch" for key in schema["properties"]["default"]["oneOf"][1]["properties"]}
        path = self.write("all.yaml", yaml.safe_dump(
            {"clients": {"a": {"addresses": "10.0.0.1"}}, "servers": {"b": {"names": "x", "ports": [1]}},
             "internal": "10.0.0.0/8", "utc_offset": "+01:00", "default": default, "rules": [rule]}))
        done = querytap("check", "--policy", path)
        self.assertEqual((done.status, done.err), (0, ""))
        self.assertEqual(set(schema["properties"]),
                         {"clients", "servers", "internal", "utc_offset", "default", "rules"})


if __name__ == "__main__":
    unittest.main()
