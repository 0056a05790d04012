#!/usr/bin/python3
"""Checks every capture under tests/data against its label: once from its bytes, once with tshark.

exit status 0: all agree; 1: a difference; 77: tshark is not installed and nothing else was asked for
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import wirecheck  # noqa: E402
from corpus import read_labels  # noqa: E402

DEFAULT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
FIELDS = ("tds.type", "tds.status.eom", "_ws.malformed", "tcp.analysis.flags", "tcp.checksum.status",
          "ip.checksum.status", "frame.number", "tcp.analysis.lost_segment",
          "tcp.analysis.ack_lost_segment")
GOOD = "1"
SKIPPED = 77  # what Meson, automake and others call "skipped"
TSHARK_FAULTS = {  # what tshark 4.0 itself gets wrong; MS-TDS 2.2.7.19 ends a NULL there
    "jtds-app.pcap": "reads a time stamp behind the zero-length text pointer of a NULL NTEXT",
}


def tshark_rows(path, ports):
    """One dict a frame of what tshark sees."""
    command = ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
               "-o", "tcp.desegment_tcp_streams:TRUE", "-o", "tcp.reassemble_out_of_order:TRUE",
               "-T", "fields", "-E", "separator=|"]
    for port in ports:
        command += ["-d", "tcp.port==%d,tds" % port]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True)
    if done.returncode:
        raise RuntimeError("tshark cannot read it: " + done.stderr.strip().splitlines()[-1])
    return [dict(zip(FIELDS, line.split("|"))) for line in done.stdout.splitlines()]


def check_tshark(path, label):
    """Differences between tshark and the label."""
    problems = []
    rows = tshark_rows(path, label.get("ports", [1433]))
    types, ends = Counter(), Counter()
    for row in rows:
        where = "frame %s: " % row["frame.number"]
        kinds = row["tds.type"].split(",") if row["tds.type"] else []
        marks = row["tds.status.eom"].split(",") if row["tds.status.eom"] else []
        for kind, mark in zip(kinds, marks):
            types[kind] += 1
            ends[kind] += mark in ("1", "True")
        if row["_ws.malformed"] and not opaque(label) and os.path.basename(path) not in TSHARK_FAULTS:
            problems.append(where + "malformed")
        if suspicious(row, label):
            problems.append(where + "TCP analysis warning")
        for name in ("tcp.checksum.status", "ip.checksum.status"):
            if row[name] and row[name] != GOOD:
                problems.append(where + "bad " + name)
    if len(rows) != label["frames"]:
        problems.append("%d frames, label says %d" % (len(rows), label["frames"]))
    if not opaque(label):
        for what, seen in (("tds_packets", types), ("tds_messages", ends)):
            if what in label and dict(seen) != label[what]:
                problems.append("tshark %s %s, label %s" % (what, dict(seen), label[what]))
    return problems


def suspicious(row, label):
    """Real stacks retransmit now and then; only what the capture itself lost counts there."""
    if label.get("faults"):
        return False
    if "driver" in label:
        return row["tcp.analysis.lost_segment"] or row["tcp.analysis.ack_lost_segment"]
    return row["tcp.analysis.flags"]


def opaque(label):
    """tshark 4.0 reads neither SMP nor a tunnel after login, and loses its place behind TLS."""
    return bool(label.get("encrypt", "refuse") != "refuse" or label.get("smp_sessions") or label.get("raw_bytes"))


def check_bytes(path, label):
    """Differences between our own reading and the label."""
    seen = wirecheck.count(path)
    return ["%s: %s in the bytes, %s in the label" % (key, value, label[key])
            for key, value in seen.items() if label.get(key, value) != value]


def main(argv):
    parser = argparse.ArgumentParser(description="Checks captures against labels.json beside them.")
    parser.add_argument("data", nargs="?", default=DEFAULT, metavar="DATA_DIR")
    parser.add_argument("--only", choices=("bytes", "tshark"), help="one of the two readers")
    options = parser.parse_args(argv[1:])
    with_bytes, with_tshark = options.only != "tshark", options.only != "bytes"
    if with_tshark and shutil.which("tshark") is None:
        print("validate: tshark SKIPPED (not installed: package tshark)")
        if not with_bytes:
            return SKIPPED
        with_tshark = False
    labels = read_labels(options.data)
    if not labels:
        print("validate: no labels.json in %s" % options.data, file=sys.stderr)
        return 1
    bad = 0
    readable = [name for name, label in sorted(labels.items())
                if label["expect"] != "error" and os.path.exists(os.path.join(options.data, name))]
    for name in readable:
        path, problems = os.path.join(options.data, name), []
        if with_bytes and plain(name):
            problems += check_bytes(path, labels[name])
        if with_tshark:
            problems += check_tshark(path, labels[name])
        if problems:
            bad += 1
            print("%s: %d differences" % (name, len(problems)))
            print("\n".join("    " + text for text in problems[:8]))
    bad += check_names(options.data, labels)
    print("validate: %d captures checked, %d with differences" % (len(readable), bad))
    return 1 if bad else 0


def check_names(data, labels):
    """How many of the two sets differ: files, and labels."""
    files = {name for name in os.listdir(data) if ".pcap" in name}
    for what, names in (("without a label", files - set(labels)), ("without a file", set(labels) - files)):
        if names:
            print("%s: %s" % (what, ", ".join(sorted(names))))
    return len(files ^ set(labels))


def plain(name):
    """Our own reader takes classic pcap with Ethernet."""
    return name.endswith(".pcap") and not name.startswith(("format-raw", "format-sll", "format-null"))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
