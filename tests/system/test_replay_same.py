#!/usr/bin/python3
"""querytap replay: the same packets give the same events, whatever carries and whoever inspects them."""

import os
import re
import shutil
import struct
import tempfile
import unittest

from harness import ROOT, SIGNATURES, InFolder, data, foreign, generate, labels, of_type, replay, sids, worst_level

XP_CMDSHELL = 9100101
FORMATS = sorted(name for name, label in labels().items()
                 if name.startswith("format-") and label["expect"] == "malicious")


def setUpModule():
    """One file of signatures, for the many replays that ask how packets are read, not what is in
    them: to compile all takes longer than all else."""
    global FEW
    holder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(holder.cleanup)
    FEW = ("--signatures", holder.name)
    shutil.copy(os.path.join(SIGNATURES, "execution.rules"), holder.name)


class Formats(unittest.TestCase):
    """Link types, resolutions, pcapng and compression change nothing of what is seen."""

    @classmethod
    def setUpClass(cls):
        cls.expected = replay(data("format-ethernet.pcap"), "--json", "-", *FEW).events

    def check(self, name):
        done = replay(data(name), "--json", "-", *FEW)
        self.assertEqual(done.status, 0, done.err)
        self.assertIn(XP_CMDSHELL, sids(done.events))
        self.assertEqual(worst_level(done.events), "malicious")
        self.assertEqual(self.essence(done.events), self.essence(self.expected))

    @staticmethod
    def essence(events):
        """Without lengths of link layers."""
        kept = []
        for event in events:
            event = dict(event)
            if event["event_type"] == "flow":
                event["flow"] = {key: value for key, value in event["flow"].items() if "bytes" not in key}
            if event["event_type"] == "stats":
                event["stats"] = {key: value for key, value in event["stats"].items() if key != "bytes"}
            kept.append(event)
        return kept


for capture in FORMATS:
    setattr(Formats, "test_" + re.sub(r"\W", "_", capture), lambda self, name=capture: self.check(name))


class LongFrames(InFolder):
    """Frames that take many mbufs, and many records on their way into the port."""

    def test_segments_of_64_kilobytes(self):
        # As segmentation offload makes them on a loopback interface.
        long, short = os.path.join(self.folder, "long.pcap"), os.path.join(self.folder, "short.pcap")
        for path, mss in ((long, "65000"), (short, "1460")):
            generate(os.path.join(ROOT, "tests/scenarios/clr-assembly.yaml"), path, "--mss", mss)
        self.assertGreater(max(len(frame) for _head, frame in records(long)), 20_000)
        done = [replay(path, "--json", "-", "--workers", 2) for path in (long, short)]
        self.assertEqual([one.status for one in done], [0, 0], done[0].err)
        found = [[(e["event_type"], e.get("tds"), e.get("alert")) for e in one.events if e["event_type"] != "flow"]
                 for one in done]
        self.assertEqual(worst_level(done[0].events), "malicious")
        self.assertEqual(found[0][:-1], found[1][:-1])  # the last is "stats"

    def test_frames_longer_than_any_record_of_the_port(self):
        path = os.path.join(self.folder, "padded.pcap")
        with open(data("format-ethernet.pcap"), "rb") as stream:
            header = stream.read(24)
        with open(path, "wb") as out:
            out.write(header)
            for (seconds, fraction), frame in records(data("format-ethernet.pcap")):
                frame += b"T" * (200_000 - len(frame))  # a trailer, which IP's length leaves out
                out.write(struct.pack("<LLLL", seconds, fraction, len(frame), len(frame)) + frame)
        done = replay(path, "--json", "-", *FEW)
        self.assertEqual(done.status, 0, done.err)
        expected = replay(data("format-ethernet.pcap"), "--json", "-", *FEW).events
        self.assertEqual(Formats.essence(done.events), Formats.essence(expected))
        self.assertEqual(of_type(done.events, "stats")[-1]["stats"]["bytes"], 17 * 200_000)


def records(path):
    """((seconds, fraction), frame) of a little-endian pcap."""
    with open(path, "rb") as stream:
        content = stream.read()
    at = 24
    while at < len(content):
        seconds, fraction, size, _original = struct.unpack_from("<LLLL", content, at)
        yield (seconds, fraction), content[at + 16:at + 16 + size]
        at += 16 + size


class Order(unittest.TestCase):
    def test_several_files_in_order(self):
        one, two = data("format-ethernet.pcap"), data("ssms-browse.pcap")
        both, turned = (replay(*files, "--json", "-") for files in ((one, two), (two, one)))
        self.assertEqual((both.status, turned.status), (0, 0))
        frames = labels()["format-ethernet.pcap"]["frames"] + labels()["ssms-browse.pcap"]["frames"]
        for done in (both, turned):
            self.assertEqual(of_type(done.events, "stats")[-1]["stats"]["packets"], frames)
            self.assertEqual(len(of_type(done.events, "flow")), 1 + labels()["ssms-browse.pcap"]["flows"])
        first = [of_type(done.events, "tds")[0]["src_ip"] for done in (both, turned)]
        self.assertEqual(first[0], "10.30.0.77")
        self.assertNotEqual(first[1], "10.30.0.77")

    def check_same_events(self, *arguments, seconds=30):
        first = replay(*arguments, "--json", "-", seconds=seconds)
        self.assertEqual(first.status, 0, first.err)
        self.assertGreater(len(first.out), 0)
        for workers in (1, 2, 3):
            again = replay(*arguments, "--json", "-", "--workers", workers, seconds=seconds)
            self.assertEqual(again.status, 0, again.err)
            self.assertTrue(again.out == first.out, "%d workers: %s" % (workers, difference(first.out, again.out)))

    def test_demo_is_the_same_with_any_number_of_workers(self):
        self.check_same_events(data("demo.pcap"), "--flows", "all")

    def test_compressed_and_faulty_captures_are_the_same_with_any_number_of_workers(self):
        self.check_same_events(data("variant-reordered.pcap"), data("format-zstd.pcap.zst"),
                               data("variant-lost-segment.pcap"), *FEW)

    def test_background_is_the_same_with_any_number_of_workers(self):
        self.check_same_events(foreign("background/mixed-60k.pcap"), "--flows", "all", seconds=60)


def difference(one, two):
    """The first lines that differ."""
    for number, pair in enumerate(zip(one.splitlines(), two.splitlines()), 1):
        if pair[0] != pair[1]:
            return "line %d:\n%s\n%s" % (number, *pair)
    return "%d and %d lines" % (one.count("\n"), two.count("\n"))


if __name__ == "__main__":
    unittest.main()
