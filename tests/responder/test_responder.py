#!/usr/bin/python3
"""Tests of the responder: reading requests, and a session with python3-tds where it is installed."""

import os
import socket
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import responder  # noqa: E402  (puts capgen on the path)
import wire_read  # noqa: E402
from tds import framing, login7, requests  # noqa: E402
from tds.types import SqlType  # noqa: E402

try:
    import pytds
except ImportError:
    pytds = None


class Reading(unittest.TestCase):
    def test_parameters_come_back(self):
        for kind, text, expected in (
                ("int", "-5", -5), ("bigint", None, None), ("nvarchar(40)", "päo", "päo"),
                ("varchar(max)", "x" * 20000, "x" * 20000), ("nvarchar(max)", None, None),
                ("varbinary(8)", "0x0102", b"\1\2"), ("uniqueidentifier", "0" * 32, b"\0" * 16),
                ("bit", "1", 1), ("datetime", "2026-03-02 08:00:00", None), ("decimal(9,2)", "1.5", None)):
            after = requests.parameter("@z", SqlType("int"), "7")
            payload = requests.rpc(login7.TDS_74, "sp_executesql",
                                   [requests.parameter("@p", SqlType(kind), text), after])
            name, values = wire_read.read_rpc(login7.TDS_74, payload)
            self.assertEqual(name, "sp_executesql")
            self.assertEqual(values[1], ("@z", 7), kind)
            if expected is not None or text is None:
                self.assertEqual(values[0], ("@p", expected), kind)

    def test_statement_in_ntext_of_71(self):
        payload = requests.rpc(login7.TDS_71, "sp_prepare", [requests.text_parameter(login7.TDS_71, "q" * 5000)])
        self.assertEqual(wire_read.read_rpc(login7.TDS_71, payload), ("sp_prepare", [("", "q" * 5000)]))

    def test_short_rpc_is_an_error(self):
        payload = requests.rpc(login7.TDS_74, "sp_executesql", [requests.parameter("@p", SqlType("int"), "1")])
        with self.assertRaises(ValueError):
            wire_read.read_rpc(login7.TDS_74, payload[:-2])

    def test_message_over_many_packets(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for packet in framing.split(1, b"m" * 2000, framing.Tally(), 512):
                theirs.sendall(packet)
            self.assertEqual(wire_read.receive_message(ours), (1, b"m" * 2000))


@unittest.skipUnless(pytds, "python3-tds is not installed")
class Driver(unittest.TestCase):
    def server(self):
        """A responder on a free port: [port]."""
        port, ready = [], threading.Event()
        rules = responder.load_script(responder.DEFAULT_SCRIPT)
        tell = lambda number: (port.append(number), ready.set())
        threading.Thread(target=responder.serve, daemon=True,
                         args=("127.0.0.1", 0, rules, lambda _text: None, tell)).start()
        self.assertTrue(ready.wait(5))
        return port

    def test_mars_cursors_interleave(self):
        port = self.server()
        with pytds.connect(dsn="127.0.0.1", port=port[0], user="app", password="x", autocommit=True,
                           use_mars=True) as link:
            one, two = link.cursor(), link.cursor()
            for cursor in (one, two):
                cursor.execute("select id, name, price, note from products")
            rows = [(one.fetchone(), two.fetchone()) for _ in range(20)]
            self.assertEqual([(a[0], b[0]) for a, b in rows], [(n, n) for n in range(1, 21)])
            one.close()
            two.close()

    def test_login_batch_parameters_and_errors(self):
        port = self.server()
        with pytds.connect(dsn="127.0.0.1", port=port[0], user="app", password="x", autocommit=True) as link:
            cursor = link.cursor()
            cursor.execute("select id, name, price, note from products where name = %s", ("bolt",))
            self.assertEqual(len(cursor.fetchall()), 20)
            cursor.execute("select 1")
            self.assertEqual(cursor.fetchall(), [(1,)])
            with self.assertRaises(pytds.Error):
                cursor.execute("select * from no_such_table")
        with self.assertRaises(pytds.Error):
            pytds.connect(dsn="127.0.0.1", port=port[0], user="bad", password="x", login_timeout=3,
                          disable_connect_retry=True)


if __name__ == "__main__":
    unittest.main()
