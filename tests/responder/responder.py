#!/usr/bin/python3
"""A small TDS server for real drivers: answers SQL from a script of patterns.

It stores nothing and runs nothing; it exists so that captures hold what drivers really send.
"""

import argparse
import os
import random
import re
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "capgen"))

import wire_read  # noqa: E402
from multiplex import Multiplexer  # noqa: E402
from tls import VERSIONS, TlsSocket, make_context  # noqa: E402
from scene import answers, document, model  # noqa: E402
from scene.connection import transaction_descriptor  # noqa: E402
from tds import framing, login7, prelogin, requests, tokens  # noqa: E402

NAME, VERSION = "SQL01", (15, 0, 2000)
KNOWN_FEATURES = (0x04, 0x05, 0x0A)
ENCRYPTION = {"refuse": prelogin.ENCRYPT_NOT_SUPPORTED, "login": prelogin.ENCRYPT_OFF,
              "all": prelogin.ENCRYPT_ON, "strict": prelogin.ENCRYPT_NOT_SUPPORTED}
DEFAULT_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "answers.yaml")


def load_script(path):
    """[(compiled pattern, Reply)] in the file's order; the first match answers."""
    rules = []
    for item in document.read(path).list():
        keys = item.map(("match", "reply"), ("match", "reply"))
        try:
            pattern = re.compile(keys["match"].text(), re.I | re.S)
        except re.error as error:
            keys["match"].fail("bad pattern: %s" % error)
        rules.append((pattern, model.reply(keys["reply"])))
    return rules


class Encryption:
    """What a server does about it: `mode` is a key of ENCRYPTION, `context` None when it refuses."""

    def __init__(self, mode="refuse", context=None):
        self.answer, self.strict = ENCRYPTION[mode], mode == "strict"
        self.context = context


class Session:
    """One client."""

    def __init__(self, sock, rules, log, encryption=Encryption()):
        self._sock, self._rules, self._log = sock, rules, log
        self._encryption = encryption
        self._clear = None  # under login-only encryption: the socket to go back to
        self._tally = framing.Tally()
        self._version = login7.TDS_74
        self._size = framing.DEFAULT_PACKET_SIZE
        self._handles = {}
        self._random = random.Random(1)
        self._transaction = 0
        self._mars = False

    def beside(self, sock):
        """The same login on a session of its own, under MARS."""
        other = Session(sock, self._rules, self._log)
        other._version, other._size = self._version, self._size
        threading.Thread(target=other.serve, daemon=True).start()

    def serve(self):
        """Messages until the client goes."""
        dispatch = {framing.PRELOGIN: self._prelogin, framing.LOGIN7: self._login,
                    framing.BATCH: self._batch, framing.RPC: self._rpc,
                    framing.ATTENTION: self._attention, framing.TRANSACTION: self._manage,
                    framing.BULK: self._bulk}
        try:
            if self._encryption.strict:
                self._sock = self._encryption.context.wrap_socket(self._sock, server_side=True)
            while True:
                kind, payload = wire_read.receive_message(self._sock)
                if kind not in dispatch:
                    self._log("a message of type %d: closing" % kind)
                    return
                dispatch[kind](payload)
        except (wire_read.Disconnected, ConnectionError):
            pass
        except (ValueError, struct.error, KeyError) as error:
            self._log("cannot read a request: %s" % error)
        finally:
            self._sock.close()

    def _send(self, payload):
        packets = framing.split(framing.RESULT, payload, self._tally, self._size, spid=51)
        self._sock.sendall(b"".join(packets))

    def _prelogin(self, payload):
        options = prelogin.parse(payload)
        wants = options.get(prelogin.ENCRYPTION, b"\0")[0]
        self._mars = options.get(prelogin.MARS, b"\0")[0] == 1
        self._log("PRELOGIN encryption %d, MARS %d" % (wants, self._mars))
        encryption = self._encryption
        self._send(prelogin.server_answer(VERSION, encryption.answer, self._mars))
        if encryption.context and not encryption.strict and wants != prelogin.ENCRYPT_NOT_SUPPORTED:
            login_only = prelogin.ENCRYPT_OFF in (wants, encryption.answer)
            clear = self._sock
            self._sock = TlsSocket(clear, encryption.context)
            self._clear = clear if login_only else None

    def _login(self, payload):
        login = login7.parse(payload)
        if self._clear:  # the answer to LOGIN7 is clear again
            self._sock, self._clear = self._clear, None
        self._version = login.version
        size = min(max(login.packet_size, 512), 32767) if login.packet_size else self._size
        self._log("LOGIN7 0x%08X app=%r library=%r host=%r" % (login.version, login.app,
                                                              login.library, login.host))
        if login.user.startswith("bad"):
            self._send(tokens.login_refusal(self._version, login.user, NAME))
            raise wire_read.Disconnected()  # SQL Server closes after a refusal
        wanted = [ident for ident in login.features if ident in KNOWN_FEATURES]
        self._send(tokens.login_answer(login.version, login, NAME, login.database or "master", wanted,
                                       server_version=VERSION, packet_size=size))
        self._size = size
        if self._mars:
            Multiplexer(self._sock, self.beside).run()

    def _reply_to(self, sql):
        for pattern, reply in self._rules:
            if pattern.search(sql):
                return reply
        return model.Reply()

    def _fill(self):
        return answers.plain_fill({"n": 1}, self._random, 0)

    def _batch(self, payload):
        sql = wire_read.without_headers(self._version, payload).decode("utf-16-le")
        self._log("BATCH %s" % sql[:100].replace("\n", " "))
        reply = self._reply_to(sql)
        self._send(answers.answer(self._version, NAME, reply, None, self._fill(), False))

    def _rpc(self, payload):
        name, values = wire_read.read_rpc(self._version, payload)
        self._log("RPC %s %r" % (name, [v for _n, v in values][:4]))
        sql, number = self._statement(name, [value for _name, value in values])
        # SQL Server names the RETURNVALUE as the client named the parameter; tedious insists on it.
        handle = None if number is None else (values[0][0], number)
        reply = self._reply_to(sql)
        if name in ("sp_prepare", "sp_unprepare"):
            reply = model.Reply()  # nothing is executed yet, or any more
        self._send(answers.answer(self._version, NAME, reply, None, self._fill(), True, handle))

    def _statement(self, name, values):
        """(SQL that is executed, handle to hand out or None)."""
        if name == "sp_executesql":
            return values[0] or "", None
        if name in ("sp_prepare", "sp_prepexec"):
            handle = len(self._handles) + 1
            self._handles[handle] = values[2] or ""
            return self._handles[handle], handle
        if name in ("sp_execute", "sp_unprepare"):
            return self._handles.get(values[0], ""), None
        return name, None

    def _attention(self, _payload):
        stream = tokens.TokenStream(self._version)
        stream.done(status=tokens.ATTENTION_ACK)
        self._send(stream.data)

    def _manage(self, payload):
        kind = struct.unpack_from("<H", wire_read.without_headers(self._version, payload), 0)[0]
        self._log("TRANSACTION %d" % kind)
        stream = tokens.TokenStream(self._version)
        if kind == requests.BEGIN:
            self._transaction += 1
            stream.envchange_bytes(8, transaction_descriptor(self._transaction))
        elif kind in (requests.COMMIT, requests.ROLLBACK):
            number = 9 if kind == requests.COMMIT else 10
            stream.envchange_bytes(number, b"", transaction_descriptor(self._transaction))
        stream.done()
        self._send(stream.data)

    def _bulk(self, _payload):
        stream = tokens.TokenStream(self._version)
        stream.done(count=1)
        self._send(stream.data)


def serve(address, port, rules, log, ready=None, encryption=Encryption()):
    """Listens for ever; one thread for each client."""
    listener = socket.create_server((address, port))
    if ready:
        ready(listener.getsockname()[1])
    while True:
        sock, peer = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        log("client %s:%d" % peer[:2])
        threading.Thread(target=Session(sock, rules, log, encryption).serve, daemon=True).start()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="127.0.0.1", help="default 127.0.0.1")
    parser.add_argument("--port", type=int, default=1433, help="default 1433; 0 takes a free one")
    parser.add_argument("--answers", default=DEFAULT_SCRIPT, metavar="FILE",
                        help="patterns and replies (default: answers.yaml beside this program)")
    parser.add_argument("--encrypt", choices=sorted(ENCRYPTION), default="refuse",
                        help="refuse (default), login: only LOGIN7, all: everything, strict: TDS 8.0")
    parser.add_argument("--tls", choices=sorted(VERSIONS), default="1.2", help="version (default 1.2)")
    parser.add_argument("--keylog", metavar="FILE", help="write the secrets of TLS sessions (SSLKEYLOGFILE)")
    options = parser.parse_args(argv)
    log = lambda text: print(text, file=sys.stderr, flush=True)
    try:
        rules = load_script(options.answers)
        context = make_context(options.tls, options.keylog) if options.encrypt != "refuse" else None
        serve(options.address, options.port, rules, log,
              lambda port: print("listening %d" % port, flush=True),
              Encryption(options.encrypt, context))
    except (document.ScenarioError, OSError) as error:
        print("responder: %s" % error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
