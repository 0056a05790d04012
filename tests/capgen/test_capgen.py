#!/usr/bin/python3
"""Tests of the generator: run `test_capgen.py`; it ends with OK or with what failed."""

import contextlib
import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import capgen  # noqa: E402
import wirecheck  # noqa: E402
from emit import Output, write_capture  # noqa: E402
from net import ip, link, tcp  # noqa: E402
from scene import document, model  # noqa: E402
from scene.text import TextError, expand  # noqa: E402
from tds import framing, login7, prelogin, requests, smp, tokens  # noqa: E402
from tds.types import SqlType, SqlTypeError, plp  # noqa: E402

import random  # noqa: E402

DATA, SCENARIOS = capgen.DATA, capgen.SCENARIOS
SMALL = """
title: small
expect: none
servers: {db: {address: 10.0.0.1}}
clients: {app: {address: 10.0.0.2, profile: PROFILE}}
sessions:
  - client: app
    server: db
    steps:
      - batch: select 1
        reply: {columns: [c int], rows: [["1"]]}
"""


def scenario(folder, text):
    path = os.path.join(folder, "s.yaml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    return path


class InFolder(unittest.TestCase):
    """A folder of its own for each test."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def play(self, text, **options):
        path = os.path.join(self.folder, "out.pcap")
        target = Output(path, options.pop("link_type", link.ETHERNET), options.pop("format", "pcap"),
                        options.pop("reorder", 0), options.pop("duplicate", 0))
        label = write_capture(model.load(scenario(self.folder, text)), target, **options)
        with open(path, "rb") as stream:
            return path, stream.read(), label


class Headers(unittest.TestCase):
    def test_checksum_of_rfc_1071_example(self):
        self.assertEqual(ip.checksum(bytes.fromhex("0001f203f4f5f6f7")), 0x220D)

    def test_ipv4_header_sums_to_zero(self):
        packet = ip.ip_packet(ip.parse_address("10.0.0.1"), ip.parse_address("10.0.0.2"), b"x" * 21, 7, 64)
        self.assertEqual(ip.checksum(packet[:20]), 0)
        self.assertEqual(struct.unpack_from("!H", packet, 2)[0], 41)

    def test_tcp_sum_holds_for_both_families_and_odd_lengths(self):
        for one, two, pseudo in (("10.0.0.1", "10.0.0.2", "!BBH"), ("2001:db8::1", "2001:db8::2", "!LL")):
            source, target = ip.parse_address(one), ip.parse_address(two)
            segment = ip.tcp_segment(source, target, 1, 2, 3, 4, ip.ACK, 5, b"", b"odd")
            tail = (struct.pack(pseudo, 0, 6, len(segment)) if len(source) == 4
                    else struct.pack(pseudo, len(segment), 6))
            self.assertEqual(ip.checksum(source + target + tail + segment), 0)

    def test_short_ethernet_frames_are_padded(self):
        packet = ip.ip_packet(b"\x0a\0\0\1", b"\x0a\0\0\2", b"s" * 20, 1, 64)
        self.assertEqual(len(link.frame(link.ETHERNET, packet)), 60)
        self.assertEqual(link.frame(link.ETHERNET, packet, 120)[12:16], bytes.fromhex("81000078"))

    def test_link_layers_carry_the_packet_and_its_family(self):
        four = ip.ip_packet(b"\x0a\0\0\1", b"\x0a\0\0\2", b"s" * 40, 1, 64)
        six = ip.ip_packet(b"\x20" * 16, b"\x21" * 16, b"s" * 40, 1, 64)
        for kind, head4, head6 in ((link.NULL, "02000000", "1e000000"), (link.RAW, "", "")):
            self.assertEqual(link.frame(kind, four), bytes.fromhex(head4) + four)
            self.assertEqual(link.frame(kind, six), bytes.fromhex(head6) + six)
        self.assertEqual(link.frame(link.SLL, six)[14:16], b"\x86\xdd")
        self.assertEqual(link.frame(link.SLL2, four)[:2], b"\x08\x00")


class Tcp(unittest.TestCase):
    def flow(self, mss=1000, linux=False):
        packets = []
        hosts = [tcp.Host(ip.parse_address(a), timestamps=linux) for a in ("10.0.0.2", "10.0.0.1")]
        flow = tcp.TcpFlow(packets.append, 1, (hosts[0], 5000), (hosts[1], 1433), 0, random.Random(1), mss)
        flow.connect()
        return flow, packets

    def test_segments_fit_the_mss_and_only_the_last_pushes(self):
        for linux, room in ((False, 1000), (True, 988)):
            flow, packets = self.flow(linux=linux)
            flow.send("client", b"d" * 5000)
            data = [p for p in packets if p.payload]
            self.assertEqual(max(p.payload for p in data), room)
            self.assertEqual(sum(p.payload for p in data), 5000)
            self.assertEqual([bool(p.data[33] & ip.PSH) for p in data], [False] * (len(data) - 1) + [True])

    def test_sequence_numbers_have_no_holes_and_acks_follow(self):
        flow, packets = self.flow()
        for turn in range(6):
            flow.send("client", b"q" * 2500)
            flow.send("server", b"a" * (100 + 9000 * turn))
        flow.idle(tcp.S)
        flow.close()
        packets.sort(key=lambda p: p.time_ns)
        following, seen = {}, {"client": 0, "server": 0}
        for packet in packets:
            seq, ack = struct.unpack_from("!LL", packet.data, 24)
            flags, name = packet.data[33], packet.sender
            peer = "server" if name == "client" else "client"
            self.assertEqual(seq, following.get(name, seq))
            following[name] = (seq + packet.payload + (1 if flags & 3 else 0)) & 0xFFFFFFFF
            if flags & ip.ACK:
                self.assertLessEqual((following[peer] - ack) & 0xFFFFFFFF, 1 << 31, "acks what was not sent")
                seen[name] = ack
        self.assertEqual(seen["client"], following["server"])
        self.assertEqual(seen["server"], following["client"])


class Login(unittest.TestCase):
    def test_fixed_part_by_version(self):
        for version, size in ((login7.TDS_71, 86), (login7.TDS_74, 94)):
            data = login7.build(login7.Login(version=version, host="H"))
            self.assertEqual(struct.unpack_from("<HH", data, 36), (size, 1))
            self.assertEqual(struct.unpack_from("<L", data, 0)[0], len(data))

    def test_fields_come_back(self):
        sent = login7.Login(host="WS1", user="u", password="p", app="a b", server="s", library="L",
                            language="us_english", database="db", clientid=b"\1\2\3\4\5\6", process=77,
                            features=["utf8", "columnencryption"])
        back = login7.parse(login7.build(sent))
        for name in ("host", "user", "app", "server", "library", "language", "database", "clientid", "process"):
            self.assertEqual(getattr(back, name), getattr(sent, name), name)
        self.assertEqual(back.features, [0x0A, 0x04])

    def test_password_is_scrambled_as_specified(self):
        self.assertEqual(login7.scramble("a"), bytes.fromhex("b3a5"))
        data = login7.build(login7.Login(password="Visible-Word"))
        self.assertNotIn("Visible".encode("utf-16-le"), data)

    def test_prelogin_round_trip_and_lies(self):
        options = [(0, b"\x0f\0\x07\xd0\0\0"), (1, b"\2"), (4, b"\1")]
        self.assertEqual(prelogin.parse(prelogin.build(options)), dict(options))
        with self.assertRaises(ValueError):
            prelogin.parse(prelogin.build(options)[:-1])

    def test_metasploit_encryption_flag_is_at_packet_offset_35(self):
        from tds.profiles import PROFILES, client_prelogin
        data = b"\0" * 8 + client_prelogin(PROFILES["metasploit"], False, random.Random(1))
        self.assertEqual(data[35], prelogin.ENCRYPT_NOT_SUPPORTED)


class Requests(unittest.TestCase):
    def test_headers_only_from_72_on(self):
        text = "x".encode("utf-16-le")
        self.assertEqual(requests.batch(login7.TDS_71, "x"), text)
        self.assertEqual(len(requests.batch(login7.TDS_72, "x")), 22 + 2)

    def test_rpc_by_number_and_by_name(self):
        self.assertTrue(requests.rpc(login7.TDS_71, "sp_executesql", []).startswith(b"\xff\xff\x0a\0"))
        named = requests.rpc(login7.TDS_71, "sp_executesql", [], by_name=True)
        self.assertEqual(named[:2], b"\x0d\0")
        self.assertEqual(named[2:28].decode("utf-16-le"), "sp_executesql")

    def test_parameter_bytes(self):
        self.assertEqual(requests.parameter("@i", SqlType("int"), "5").hex(),
                         "0240006900" "00" "2604" "0405000000")

    def test_long_statements_change_their_type(self):
        self.assertIn(b"\xe7\xff\xff", requests.text_parameter(login7.TDS_74, "x" * 4001))
        self.assertEqual(requests.text_parameter(login7.TDS_71, "x" * 4001)[2], 0x63)

    def test_split_counts_and_marks_the_end(self):
        tally = framing.Tally()
        packets = framing.split(1, b"d" * 1000, tally, 512, status=8)
        self.assertEqual([len(p) for p in packets], [512, 504])
        self.assertEqual([p[1] for p in packets], [8, 9])
        self.assertEqual([p[6] for p in packets], [1, 2])
        self.assertEqual((tally.messages[1], tally.packets[1]), (1, 2))
        self.assertEqual([p[6] for p in framing.split(1, b"d" * 1000, tally, 512, same_id=True)], [1, 1])


class Types(unittest.TestCase):
    def test_values(self):
        for kind, value, expected in (
                ("int", None, "00"), ("bigint", "-1", "08ffffffffffffffff"), ("bit", "yes", "0100"),
                ("nvarchar(4)", "ab", "040061006200"), ("varchar(4)", None, "ffff"),
                ("varbinary(4)", "0x0102", "02000102"), ("decimal(9,2)", "-1.25", "09007d00000000000000"),
                ("datetime", "1900-01-02 00:00:01", "08010000002c010000")):
            self.assertEqual(SqlType(kind).value(value).hex(), expected, kind)

    def test_plp_chunks_end_and_null(self):
        self.assertEqual(plp(b"abc", 2).hex(), "0300000000000000" "02000000" "6162" "01000000" "63" "00000000")
        self.assertEqual(SqlType("varchar(max)").value(None), b"\xff" * 8)

    def test_bad_values_are_named(self):
        for kind, value in (("int", "x"), ("nvarchar(2)", "long"), ("varbinary(8)", "0xZZ")):
            with self.assertRaises(SqlTypeError):
                SqlType(kind).value(value)
        with self.assertRaises(SqlTypeError):
            SqlType("money(3)")

    def test_max_types_become_large_objects_before_72(self):
        self.assertEqual(SqlType("nvarchar(max)").before_plp().name, "ntext")
        stream = tokens.TokenStream(login7.TDS_71)
        stream.colmetadata([("c", SqlType("varchar(max)"))])
        self.assertEqual(stream.data[7], 0x23)

    def test_nbcrow_has_bits_and_no_bytes_for_nulls(self):
        columns = [("c%d" % i, SqlType("int")) for i in range(9)]
        stream = tokens.TokenStream(login7.TDS_74)
        stream.nbcrow(columns, ["1"] + [None] * 8)
        self.assertEqual(stream.data.hex(), "d2" "fe01" "0401000000")

    def test_done_is_shorter_before_72(self):
        for version, size in ((login7.TDS_71, 9), (login7.TDS_72, 13)):
            stream = tokens.TokenStream(version)
            stream.done(count=3)
            self.assertEqual(len(stream.data), size)


class Smp(unittest.TestCase):
    def test_window_closes_after_four_and_an_ack_opens_it(self):
        session = smp.SmpSession(3)
        senders = [sender for _ in range(6) for sender, _data in session.data("client", b"p")]
        self.assertEqual(senders, ["client"] * 4 + ["server"] + ["client"] * 2)

    def test_header(self):
        session = smp.SmpSession(0x0201)
        data = session.data("client", b"pp")[0][1]
        self.assertEqual(struct.unpack_from("<BBHLLL", data), (0x53, 8, 0x0201, 18, 1, 4))


class Texts(unittest.TestCase):
    def test_fields(self):
        rng = random.Random(1)
        fill = lambda text: expand(text, {"n": 3}, rng, 1_772_438_400_000_000_000)
        self.assertEqual(fill("a${n}b${n+10}"), "a3b13")
        self.assertEqual(fill("${now}"), "2026-03-02 08:00:00.000")
        self.assertTrue(fill("${pe 200}").startswith("4D5A9000"))
        self.assertEqual(len(fill("${pe 200}")), 400)
        self.assertEqual(fill("${repeat 3 ab}"), "ababab")
        with self.assertRaises(TextError):
            fill("${nonsense}")


class Scenarios(InFolder):
    def test_same_seed_same_bytes(self):
        text = SMALL.replace("PROFILE", "sqlclient")
        self.assertEqual(self.play(text)[1], self.play(text)[1])
        self.assertNotEqual(self.play(text)[1], self.play(text, seed=2)[1])

    def test_every_profile_logs_in(self):
        from tds.profiles import PROFILES
        for name in PROFILES:
            path, _data, label = self.play(SMALL.replace("PROFILE", name))
            self.assertEqual(label["logins"], 1, name)
            self.assertEqual(wirecheck.count(path)["tds_messages"], label["tds_messages"], name)

    def test_laps_have_addresses_of_their_own(self):
        path, _data, label = self.play(SMALL.replace("PROFILE", "odbc"), laps=5)
        clients = {found[0] for found in map(wirecheck.tcp_of, (f for _t, f in wirecheck.frames(path)))
                   if found[3] == 1433}
        self.assertEqual((len(clients), label["flows"], wirecheck.count(path)["flows"]), (5, 5, 5))

    def test_formats_hold_the_same_packets(self):
        text = SMALL.replace("PROFILE", "odbc")
        raw = self.play(text, link_type=link.RAW)[1]
        self.assertEqual(struct.unpack_from("<L", raw, 20)[0], 101)
        self.assertEqual(self.play(text, format="pcap-ns")[1][:4], b"\x4d\x3c\xb2\xa1")
        self.assertEqual(self.play(text, format="pcapng")[1][:4], b"\x0a\x0d\x0d\x0a")

    def test_faults_keep_the_bytes_in_order_of_time(self):
        text = SMALL.replace("PROFILE", "odbc").replace("select 1", "select ${repeat 9000 1+}1")
        path, _data, label = self.play(text, reorder=0.3, duplicate=0.3)
        times = [when for when, _frame in wirecheck.frames(path)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(wirecheck.count(path)["tds_messages"], label["tds_messages"])
        self.assertGreater(label["frames"], self.play(text)[2]["frames"])

    def test_errors_name_file_and_line(self):
        good = SMALL.replace("PROFILE", "odbc")
        for change, line, words in (
                (("select 1", "select ${bad}"), 10, "cannot read ${bad}"),
                (("expect: none", "expect: maybe"), 3, "expected one of malicious, none"),
                (("client: app", "client: nobody"), 7, "no client is called 'nobody'"),
                (("[c int]", "[c integer]"), 11, "unknown SQL type"),
                (('[["1"]]', '[["1", "2"]]'), 11, "2 values for 1 columns"),
                (("batch:", "botch:"), 10, "a step has exactly one of"),
                (("expect: none", "expect: malicious"), 2, "names its threat"),
                (("10.0.0.1", "10.0.0.300"), 4, "not an IP address"),
                (("title: small", "title: [small"), 3, "expected")):
            with self.assertRaises(document.ScenarioError) as caught:
                self.play(good.replace(*change))
            self.assertIn("s.yaml:%d: " % line, str(caught.exception), change)
            self.assertIn(words, str(caught.exception))


class CommandLine(InFolder):
    def run_it(self, *arguments):
        done = subprocess.run([sys.executable, os.path.join(HERE, "capgen.py"), *arguments],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def test_bad_input_is_status_2_and_leaves_no_file(self):
        out = os.path.join(self.folder, "x.pcap")
        bad = scenario(self.folder, SMALL.replace("PROFILE", "odbc").replace("select 1", "${bad}"))
        for arguments in ((bad, "-o", out), ("/nonexistent.yaml", "-o", out), (), (bad,),
                          (bad, "-o", out, "--link", "token-ring"), ("--mix", "tds", "--size", "0", "-o", out)):
            code, _out, err = self.run_it(*arguments)
            self.assertEqual(code, 2, arguments)
            self.assertNotIn("Traceback", err)
            self.assertFalse(os.path.exists(out))

    def test_help_and_list(self):
        code, out, _err = self.run_it("--help")
        self.assertTrue(code == 0 and "examples:" in out)
        code, out, _err = self.run_it("--list")
        self.assertTrue(code == 0 and "sqlc2-agent" in out)

    def test_mix_has_about_the_size(self):
        out = os.path.join(self.folder, "m.pcap")
        self.assertEqual(self.run_it("--mix", "tds", "--size", "1M", "-o", out)[0], 0)
        self.assertTrue((1 << 20) < os.path.getsize(out) < (3 << 20))


class Committed(InFolder):
    """tests/data is what the scenarios give today."""

    @unittest.skipUnless(shutil.which("zstd"), "zstd is not installed")
    def test_data_is_current(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(capgen.main(["make", "all", "--data", self.folder]), 0)
        with open(os.path.join(self.folder, "labels.json"), encoding="utf-8") as stream:
            fresh = json.load(stream)
        with open(os.path.join(DATA, "labels.json"), encoding="utf-8") as stream:
            kept = json.load(stream)
        self.assertEqual(fresh, {k: v for k, v in kept.items() if "driver" not in v})
        for name in fresh:
            self.assertEqual(self.content(self.folder, name), self.content(DATA, name), name)

    def content(self, folder, name):
        """Compressors differ between releases: compare what is inside."""
        with open(os.path.join(folder, name), "rb") as stream:
            data = stream.read()
        if name.endswith(".zst"):
            return subprocess.run(["zstd", "-dc"], input=data, capture_output=True, check=True).stdout
        if name.endswith(".gz") and "truncated" not in name:
            return gzip.decompress(data)
        return b"" if name.endswith(".gz") else data

    def test_data_stays_small(self):
        sizes = {name: os.path.getsize(os.path.join(DATA, name)) for name in os.listdir(DATA)}
        self.assertLess(sum(sizes.values()), 2 << 20)
        self.assertLess(max(size for name, size in sizes.items() if name != "demo.pcap"), 80_000)

    def test_every_malicious_label_names_threat_and_need(self):
        with open(os.path.join(DATA, "labels.json"), encoding="utf-8") as stream:
            for name, label in json.load(stream).items():
                self.assertIn(label["expect"], ("malicious", "none", "error"), name)
                self.assertEqual(bool(label["threat"]), label["expect"] == "malicious", name)
                self.assertEqual("needs" in label, label["expect"] == "malicious", name)


if __name__ == "__main__":
    unittest.main()
