"""Plays a scenario: every session on its own clock, then all packets in the order of time."""

import random

from net.tcp import Host
from scene import answers, document
from scene.connection import Connection, transaction_descriptor
from scene.text import TextError, expand
from tds import framing, requests
from tds.login7 import TDS_72
from tds.types import SqlType, SqlTypeError

FIRST_EPHEMERAL_PORT = 49152
LAP_GAP_NS = 1_000_000_000


class Player:
    """Keeps what outlives a session: hosts, ports, the packets, the tally."""

    def __init__(self, scenario, tally, seed=1, mss=None):
        self._scenario = scenario
        self._tally = tally
        self._seed = seed
        self._network = dict(scenario.network)
        if mss:
            self._network["mss"] = mss
        self._hosts = {}
        self._ports = {}
        self._flows = 0

    def play(self, lap=0, shift_ns=0):
        """All packets of one lap. Laps use fresh client addresses and fresh noise."""
        packets = []
        for place, session in enumerate(self._scenario.sessions):
            rng = random.Random("%s/%d/%d" % (self._seed, lap, place))
            at = self._scenario.start_ns + shift_ns + session.at_ns
            for turn in range(session.times):
                late = rng.randrange(session.jitter_ns + 1) if session.jitter_ns else 0
                self._flows += 1
                _SessionPlayer(self, session, packets, rng, lap).run(
                    at + turn * session.every_ns + late, turn + 1, self._flows)
        packets.sort(key=lambda packet: packet.time_ns)
        return packets

    def connection(self, session, sink, number, now, rng, lap):
        client = self._scenario.clients[session.client]
        server = self._scenario.servers[session.server]
        pair = (self._host(client, lap), self._host(server, 0))
        ports = (session.port or self._next_port(pair[0].address), server["port"])
        return Connection(sink, number, pair, ports, now, rng, self._network, client, server,
                          self._tally)

    def _host(self, spec, lap):
        address = fresh_address(spec["address"], lap)
        if address not in self._hosts:
            linux = spec["os"] == "linux"
            self._hosts[address] = Host(address, 64 if linux else 128, linux)
        return self._hosts[address]

    def _next_port(self, address):
        port = self._ports.get(address, FIRST_EPHEMERAL_PORT + address[-1] * 7)
        self._ports[address] = port + 1 if port < 65535 else FIRST_EPHEMERAL_PORT
        return port

    def fail(self, line, error):
        raise document.ScenarioError(self._scenario.path, line, str(error))

    @property
    def tally(self):
        return self._tally


def fresh_address(address, lap):
    """Adds the lap to the host's network part, so that laps never share a 5-tuple."""
    if lap == 0:
        return address
    width = len(address)
    number = int.from_bytes(address, "big") + (lap << 8)
    return (number % (1 << (8 * width))).to_bytes(width, "big")


class _SessionPlayer:
    """One connection from SYN to FIN."""

    def __init__(self, player, session, packets, rng, lap):
        self._player, self._session = player, session
        self._packets, self._rng, self._lap = packets, rng, lap
        self._handles = {}
        self._counters = {"n": 1, "session": 1, "lap": lap}
        self._transaction = 0

    def run(self, now, turn, number):
        self._counters.update(session=turn, n=turn)
        session = self._session
        link = self._player.connection(session, self._packets.append, number, now, self._rng,
                                       self._lap)
        self._link = link
        link.open()
        if session.login != "none":
            link.login(session.login == "ok")
        self._steps(session.steps)
        link.close("server" if session.login == "fail" else session.close)

    def _steps(self, steps):
        for step in steps:
            try:
                self._step(step)
            except (TextError, SqlTypeError, ValueError) as error:
                self._player.fail(step.line, error)

    def _step(self, step):
        method = getattr(self, "_do_" + step.kind, None)
        if method:
            method(step)
        else:
            self._ask(step)

    def _fill(self, text):
        return expand(text, self._counters, self._rng, self._link.flow.now)

    def _do_wait(self, step):
        extra = self._rng.randrange(-step.jitter_ns, step.jitter_ns + 1) if step.jitter_ns else 0
        self._link.flow.idle(max(0, step.amount + extra))

    def _do_repeat(self, step):
        outer = self._counters["n"]
        for number in range(1, step.amount + 1):
            self._counters["n"] = number
            self._steps(step.steps)
        self._counters["n"] = outer

    def _do_raw(self, step):
        form, _kind, text = step.params[0]
        filled = self._fill(text)
        self._link.raw(step.text, bytes.fromhex(filled) if form == "hex" else filled.encode("latin-1"))

    def _do_attention(self, step):
        """The client cancels; the server acknowledges with DONE_ATTN."""
        self._link.send("client", framing.ATTENTION, b"", step.smp)
        stream = answers.TokenStream(self._link.version)
        stream.done(status=0x20)
        self._link.send("server", framing.RESULT, stream.data, step.smp)

    def _do_transaction(self, step):
        kind = {"begin": requests.BEGIN, "commit": requests.COMMIT,
                "rollback": requests.ROLLBACK}[step.text]
        before = self._transaction
        self._link.send("client", framing.TRANSACTION, requests.transaction(
            self._link.version, kind, before), 0)
        stream = answers.TokenStream(self._link.version)
        if kind == requests.BEGIN:
            self._transaction = 0x3300000000 + self._rng.getrandbits(24)
            stream.envchange_bytes(8, transaction_descriptor(self._transaction))
        else:
            self._transaction = 0
            stream.envchange_bytes(9 if kind == requests.COMMIT else 10, b"",
                                   transaction_descriptor(before))
        stream.done()
        self._link.send("server", framing.RESULT, stream.data, 0)

    def _do_bulk(self, step):
        """INSERT BULK as a batch, then the rows as a type-7 message."""
        part = step.reply.parts[0]
        columns = ", ".join("[%s] %s" % (name, kind.declared) for name, kind in part.columns)
        self._player.tally.count("batches")
        self._message(framing.BATCH, requests.batch(
            self._link.version, "insert bulk %s (%s)" % (step.text, columns), self._link.headers))
        stream = answers.TokenStream(self._link.version)
        self._link.send("server", framing.RESULT, self._done(None), 0)
        count = answers.rows(stream, part, self._filler())
        stream.done()
        self._message(framing.BULK, stream.data)
        self._link.flow.idle(2_000_000)
        self._link.send("server", framing.RESULT, self._done(count), 0)

    def _done(self, count):
        stream = answers.TokenStream(self._link.version)
        stream.done(count=count)
        return stream.data

    def _message(self, kind, payload, smp=0, status=0):
        self._link.send("client", kind, payload, smp, status)

    def _filler(self):
        return answers.plain_fill(self._counters, self._rng, self._link.flow.now)

    def _ask(self, step):
        kind, payload, handle = self._request(step)
        self._message(kind, payload, step.smp, framing.RESET_CONNECTION if step.reset else 0)
        if step.reply.silent:
            return
        self._link.flow.idle(step.reply.think_ns + self._rng.randrange(200_000))
        self._link.send("server", framing.RESULT, self._answer(step, kind, handle), step.smp)

    def _do_interleave(self, step):
        """Requests of several SMP sessions cut into each other, then their answers likewise."""
        asked = [(inner, *self._request(inner)) for inner in step.steps]
        self._link.send_multiplexed("client", [
            (inner.smp, self._link.pack("client", kind, payload)) for inner, kind, payload, _h in asked])
        self._link.flow.idle(2_000_000)
        self._link.send_multiplexed("server", [
            (inner.smp, self._link.pack("server", framing.RESULT, self._answer(inner, kind, None)))
            for inner, kind, _payload, _handle in asked])

    def _answer(self, step, kind, handle):
        return answers.answer(self._link.version, self._link.server_name, step.reply,
                              self._player.tally, self._filler(), kind == framing.RPC,
                              None if handle is None else ("", handle))

    def _request(self, step):
        """(TDS type, payload, handle to hand out or None)."""
        version = self._link.version
        headers = step.headers and self._link.headers and version >= TDS_72
        if step.kind == "batch":
            self._player.tally.count("batches")
            text = self._fill(step.text)
            return framing.BATCH, requests.batch(version, text, headers, self._transaction), None
        self._player.tally.count("rpcs")
        procedure, parameters, handle = self._procedure(step)
        payload = requests.rpc(version, procedure, parameters, step.by_name, 0, headers,
                               self._transaction)
        return framing.RPC, payload, handle

    def _values(self, step, named=True):
        for name, kind, _text in step.params:
            if kind.is_max and self._link.version < TDS_72:
                raise ValueError("%s: (max) types begin with TDS 7.2" % name)
        return [requests.parameter(name if named else "", kind,
                                   None if text is None else self._fill(text))
                for name, kind, text in step.params]

    def _procedure(self, step):
        """(procedure, encoded parameters, new handle) of an RPC step."""
        if step.kind == "rpc":
            return step.text, self._values(step), None
        if step.kind in ("execute", "unprepare"):
            if step.text not in self._handles:
                raise ValueError("no statement was prepared as %r" % step.text)
            first = requests.parameter("", SqlType("int"), self._handles[step.text])
            if step.kind == "unprepare":
                return "sp_unprepare", [first], None
            return "sp_execute", [first] + self._values(step, False), None
        version = self._link.version
        statement = requests.text_parameter(version, self._fill(step.text))
        typed = [(name, kind) for name, kind, _text in step.params]
        declared = requests.text_parameter(version, requests.declarations(typed))
        if step.kind == "executesql":
            return "sp_executesql", [statement] + ([declared] if typed else []) + self._values(step), None
        handle = len(self._handles) + 1
        self._handles[step.handle] = handle
        out = requests.parameter("", SqlType("int"), None, requests.BY_REFERENCE)
        if step.kind == "prepexec":
            return "sp_prepexec", [out, declared, statement] + self._values(step), handle
        option = requests.parameter("", SqlType("int"), 1)
        return "sp_prepare", [out, declared, statement, option], handle
