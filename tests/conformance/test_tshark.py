#!/usr/bin/python3
"""querytap's EVE records agree with tshark 4.0 on all that tshark decodes of TDS: message sizes, query
texts, procedures, login fields, rows, counts, errors. Recordings of real drivers, generated sessions,
and captures made by others. Where tshark is wrong, DIFFERENT says why."""

import os
import re
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from harness import data, foreign, labels, need, replay  # noqa: E402
import shark  # noqa: E402

PROCEDURES = dict(enumerate(
    "sp_cursor sp_cursoropen sp_cursorprepare sp_cursorexecute sp_cursorprepexec sp_cursorunprepare "
    "sp_cursorfetch sp_cursoroption sp_cursorclose sp_executesql sp_prepare sp_execute sp_prepexec "
    "sp_prepexecrpc sp_unprepare".split(), 1))

# Capture (a pattern): fields left out, and why tshark is at fault there.
DIFFERENT = [
    (r"driver-pytds-(app|sqlc2)\.pcap", ("batches", "calls", "statements"),
     "python3-tds counts packets on from one message to the next; tshark takes a packet numbered 2 for "
     "the rest of a message whose beginning it has not seen, and shows bytes"),
    (r"(driver-jtds-app|jtds-app|demo)\.pcap", ("affected", "rows", "result_sets"),
     "tshark stops at a RETURNVALUE, and at the text pointers of NTEXT and IMAGE in TDS 7.1"),
    (r"ndpi-mssql_tds\.pcap", ("calls",),
     "tshark does not put the two packets of frames 26 to 32 together: the first has status 04"),
]
GENERATED = ("agent-job", "demo", "orm-app", "ssms-browse", "sqlc2-agent", "xp-cmdshell-rpc", "jtds-app",
             "small-tds-packets", "variant-tiny-segments", "xp-cmdshell-impacket", "ticket-text")
FOREIGN = ("arkime-tds7.pcap", "ndpi-mssql_tds.pcap", "arkime-ntlm_synthetic.pcap")


def setUpModule():
    """One signature: what is compared does not depend on them, and compiling all takes long."""
    global FEW
    need("tshark")
    holder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(holder.cleanup)
    FEW = ("--signatures", holder.name)
    with open(os.path.join(holder.name, "one.rules"), "w", encoding="ascii") as stream:
        stream.write('alert tds any any -> any any (msg:"none"; tds.sql; content:"never"; sid:1; rev:1;)\n')


def escaped(text):
    """As tshark prints it."""
    return text.translate({7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"})


class Said:
    """The same of querytap's records."""

    def __init__(self, events):
        tds = [event["tds"] | {"direction": event.get("direction")} for event in events
               if event["event_type"] == "tds"]
        of = lambda kind: [record[kind] for record in tds if record["type"] == kind]
        queries, results = of("query"), of("result")
        self.requests = [query["size"] for query in queries]
        self.results = [result["size"] for result in results]
        self.batches = [escaped(query.get("sql", "")) for query in queries if "calls" not in query]
        self.cut = [query.get("truncated", False) for query in queries if "calls" not in query]
        self.calls = []
        for query in queries:  # of several calls in a message the first is named
            if "calls" in query:
                self.calls += [query.get("procedure", "")] + [None] * (query["calls"] - 1)
        self.statements = [escaped(query["sql"]) for query in queries if "calls" in query and "sql" in query
                           and not query.get("prepared")]
        self.logins, self.acks = of("login"), of("login_ack")
        self.encryption = [prelogin["encryption"] for prelogin in of("prelogin")]
        self.errors = [(error["number"], escaped(error["message"])) for error in of("error")]
        self.rows = sum(result["rows"] for result in results)
        self.affected = sum(result["affected"] for result in results)
        self.result_sets = sum(result["result_sets"] for result in results)


class Tshark(unittest.TestCase):
    maxDiff = None

    def compare(self, path, port=1433):
        name = os.path.basename(path)
        heard = shark.hear(path, port)
        done = replay(path, "--json", "-", *FEW)
        self.assertEqual(done.status, 0, done.err)
        events = {}
        for event in done.events:
            if event["event_type"] == "tds":
                key = event["src_ip"], event["src_port"], event["dest_ip"]
                events.setdefault(key, []).append(event)
        left_out = {field for pattern, fields, _why in DIFFERENT if re.fullmatch(pattern, name)
                    for field in fields}
        self.assertTrue(heard, "tshark saw no TDS")
        for client, theirs in sorted(heard.items()):
            with self.subTest(client=client):
                self.compare_conversation(theirs, Said(events.get(client, [])), left_out)

    def compare_conversation(self, theirs, ours, left_out):
        for field in ("requests", "results", "batches", "calls", "errors", "encryption", "rows",
                      "affected", "result_sets"):
            if field not in left_out:
                self.assertEqual(getattr(ours, field), self.shown(field, theirs, ours), field)
        if "statements" not in left_out:
            for statement in ours.statements:
                self.assertTrue(any(text.startswith(statement) for text in theirs.strings), statement)
        if "logins" not in left_out:
            self.assertEqual([{key: str(login[key]) for key in shark.LOGIN_FIELDS.values()}
                              for login in ours.logins], theirs.logins)
            self.assertEqual([ack["program"] for ack in ours.acks],
                             [name.rstrip("\0") for _version, name in theirs.acks])

    @staticmethod
    def shown(field, theirs, ours):
        """As EVE shows it: long texts are cut, procedures have names."""
        value = getattr(theirs, field)
        if field == "batches":
            lengths = [len(text) if cut else None for text, cut in zip(ours.batches, ours.cut)]
            return [text[:length] for text, length in zip(value, lengths + [None] * len(value))]
        if field == "calls":
            names = [PROCEDURES.get(call, call) for call in value]
            return [name if own is not None else None
                    for name, own in zip(names, ours.calls + [""] * len(names))]
        return value


def add(path, name):
    def test(self):
        self.compare(path(name))
    setattr(Tshark, "test_" + re.sub(r"\W", "_", name.removesuffix(".pcap")), test)


for capture in sorted(labels()):
    if capture.startswith("driver-") or capture.removesuffix(".pcap") in GENERATED:
        add(data, capture)
for capture in FOREIGN:
    add(foreign, capture)


if __name__ == "__main__":
    unittest.main()
