"""`make all`: scenarios, format captures and broken files into tests/data, with labels and a list."""

import json
import os
import struct

from demo import make_demo
from emit import Output, write_capture
from net import link
from scene import model
from variants import make_variants

BASE = "format-session"  # the scenario that all format captures hold
FORMATS = [  # name, link type, file format
    ("format-ethernet.pcap", link.ETHERNET, "pcap"),
    ("format-raw.pcap", link.RAW, "pcap"),
    ("format-sll.pcap", link.SLL, "pcap"),
    ("format-sll2.pcap", link.SLL2, "pcap"),
    ("format-null.pcap", link.NULL, "pcap"),
    ("format-nanoseconds.pcap", link.ETHERNET, "pcap-ns"),
    ("format-ethernet.pcapng", link.ETHERNET, "pcapng"),
    ("format-sll2.pcapng", link.SLL2, "pcapng"),
    ("format-gzip.pcap.gz", link.ETHERNET, "pcap"),
    ("format-zstd.pcap.zst", link.ETHERNET, "pcap"),
    ("format-pcapng.pcapng.gz", link.ETHERNET, "pcapng"),
]
BROKEN_AT = 6  # packet (from 1) at which the broken files break


def make_all(scenarios, data):
    """Writes everything; keeps the labels of recorded captures, which are not made here."""
    os.makedirs(data, exist_ok=True)
    labels = {name: label for name, label in read_labels(data).items() if "driver" in label}
    for file in sorted(os.listdir(scenarios)):
        name, ending = os.path.splitext(file)
        if ending != ".yaml" or name == BASE:
            continue
        scene = model.load(os.path.join(scenarios, file))
        label = write_capture(scene, Output(os.path.join(data, name + ".pcap")))
        labels[name + ".pcap"] = dict(label, scenario=file)
    labels.update(_formats(scenarios, data))
    labels.update(make_variants(scenarios, data))
    labels.update(make_demo(scenarios, data))
    write_labels(data, labels)


def _formats(scenarios, data):
    scene = model.load(os.path.join(scenarios, BASE + ".yaml"))
    labels = {}
    for name, link_type, form in FORMATS:
        label = write_capture(scene, Output(os.path.join(data, name), link_type, form))
        labels[name] = dict(label, scenario=BASE + ".yaml", same_events_as=FORMATS[0][0],
                            title="%s: %s" % (name, label["title"]))
    with open(os.path.join(data, FORMATS[0][0]), "rb") as stream:
        whole = stream.read()
    start = _record_start(whole, BROKEN_AT)
    broken = {
        "format-truncated.pcap": (whole[:start + 16 + 20], "truncated",
                                  "ends in the middle of packet %d" % BROKEN_AT),
        "format-corrupt.pcap": (whole[:start + 8] + struct.pack("<LL", 0x7FFFFFF0, 0x7FFFFFF0)
                                + whole[start + 16:], "corrupt",
                                "packet %d claims 2,147,483,632 bytes" % BROKEN_AT),
        "format-truncated.pcap.gz": (_prefix(data, "format-gzip.pcap.gz"), "truncated",
                                     "a gzip stream cut in half"),
        "format-not-a-capture.pcap": (b"This is a text, not a capture.\n", "not a capture",
                                      "no capture at all"),
    }
    for name, (content, error, title) in broken.items():
        with open(os.path.join(data, name), "wb") as out:
            out.write(content)
        good = BROKEN_AT - 1 if name.endswith(".pcap") and error != "not a capture" else None
        labels[name] = {"expect": "error", "error": error, "title": title, "threat": ""}
        if good is not None:
            labels[name].update(frames=good, bad_packet=BROKEN_AT)
    return labels


def _record_start(content, number):
    at = 24
    for _ in range(number - 1):
        at += 16 + struct.unpack_from("<L", content, at + 8)[0]
    return at


def _prefix(data, name):
    with open(os.path.join(data, name), "rb") as stream:
        content = stream.read()
    return content[:len(content) // 2]


def read_labels(data):
    path = os.path.join(data, "labels.json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def write_labels(data, labels):
    """labels.json, one capture in a line so that a change reads well, and the list in README.md."""
    lines = ["%s: %s" % (json.dumps(name), json.dumps(labels[name])) for name in sorted(labels)]
    with open(os.path.join(data, "labels.json"), "w", encoding="utf-8") as out:
        out.write("{\n" + ",\n".join(lines) + "\n}\n")
    with open(os.path.join(data, "README.md"), "w", encoding="utf-8") as out:
        out.write(_readme(labels))


_HEAD = """# Captures of the project

Made by `tests/capgen/capgen.py make all` from `tests/scenarios`, and by `tests/responder/record.py`
(`driver-*`: real drivers against a small responder). What each must give is in `labels.json`;
`tests/capgen/validate.py` checks the two against each other. The same command writes this file.

In a label, `expect` is the level of the verdict (`malicious`, `none`, or `error` for files that cannot
be read whole), `threat` a symbolic name that signatures map to their identifiers, `needs` what must
work to tell it (`signature`; `results`: text of answers; `login-tls`: clear TDS after encrypted
LOGIN7; `keylog`: the secrets of its TLS session, in the file `key_log`; `behaviour`). `tds_messages` and
`tds_packets` count by TDS type. `faults` names what was done to the packets on purpose; counts that
a fault makes unknowable are left out. `clients` (demo.pcap) says which client does what.

| Capture | Expected | What it is |
|---|---|---|
"""


def _readme(labels):
    rows = []
    for name in sorted(labels):
        label = labels[name]
        level = label["expect"] + (": " + label["threat"] if label["threat"] else "")
        rows.append("| `%s` | %s | %s |" % (name, level, label["title"]))
    return _HEAD + "\n".join(rows) + "\n"
