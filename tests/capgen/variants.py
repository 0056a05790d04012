"""A scenario's content seen badly: reordered, one-sided, picked up late, with a hole. Same verdict."""

import os

import wirecheck
from emit import Output, Writer, write_capture
from scene import model
from scene.player import Player
from tds.framing import LOGIN7, PRELOGIN, Tally

BASE = "xp-cmdshell-impacket"  # a short session whose commands stand in several messages
LARGE = "clr-assembly"  # one message over many segments
COUNTED = ("frames", "flows", "logins", "duration_ms", "tds_messages", "tds_packets")


def client_only(packets):
    """A tap that carries one direction."""
    return [packet for packet in packets if packet.sender == "client"]


def midstream(packets):
    """Picked up after the login: begins with the first batch."""
    first = next(i for i, p in enumerate(packets) if _tds_type(p) not in (None, 4, PRELOGIN, LOGIN7))
    return packets[first:]


def lost(packets):
    """One full segment in the middle of the largest message never reached the tap."""
    full = max(packet.payload for packet in packets)
    middle = [i for i, packet in enumerate(packets) if packet.payload == full]
    hole = middle[len(middle) // 2]
    return packets[:hole] + packets[hole + 1:]


def _tds_type(packet):
    if not packet.payload:
        return None
    return packet.data[len(packet.data) - packet.payload]


CUTS = [  # name, scenario, what is left, sentence, counts to check
    ("variant-client-side-only.pcap", BASE, client_only, "only the client's direction", COUNTED),
    ("variant-midstream.pcap", BASE, midstream, "picked up after the login", COUNTED),
    ("variant-lost-segment.pcap", LARGE, lost, "one segment missing inside the large message",
     ("frames", "flows", "logins")),
]
PLAYED = [  # name, scenario, options of the output, MSS, sentence
    ("variant-reordered.pcap", LARGE, {"reorder": 0.2, "duplicate": 0.1}, None,
     "reordered and repeated segments"),
    ("variant-tiny-segments.pcap", BASE, {}, 88, "segments of 88 bytes"),
]


def make_variants(scenarios, data):
    """Writes them; gives their labels."""
    labels = {}
    for name, base, options, mss, sentence in PLAYED:
        scene = model.load(os.path.join(scenarios, base + ".yaml"))
        label = write_capture(scene, Output(os.path.join(data, name), **options), mss=mss)
        labels[name] = dict(label, scenario=base + ".yaml", title="%s: %s" % (base, sentence))
        if options:
            labels[name]["faults"] = sorted(options)
    for name, base, cut, sentence, counted in CUTS:
        scene = model.load(os.path.join(scenarios, base + ".yaml"))
        path = os.path.join(data, name)
        with Writer(Output(path), scene.network["vlan"]) as out:
            out.write(cut(Player(scene, Tally()).play()))
        seen = wirecheck.count(path)
        labels[name] = {"expect": scene.expect, "threat": scene.threat, "needs": scene.needs,
                        "title": "%s: %s" % (base, sentence), "scenario": base + ".yaml",
                        "faults": [cut.__name__], **{key: seen[key] for key in counted}}
    return labels
