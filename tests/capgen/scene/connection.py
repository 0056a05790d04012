"""One TDS connection on one TCP flow: login, messages both ways, MARS."""

import struct

from net.tcp import TcpFlow
from tds import framing, prelogin, tokens
from tds.login7 import TDS_74, build
from tds.profiles import PROFILES, client_login, client_prelogin
from tds.smp import SmpSession

LOGIN_THINK_NS = 4_000_000


class Connection:
    """Sends whole messages; knows the negotiated version, packet size, SPID and SMP sessions."""

    def __init__(self, sink, number, hosts, ports, now, rng, network, client, server, tally):
        self._profile = PROFILES[client["profile"]]
        self._client, self._server = client, server
        self._rng, self._tally = rng, tally
        self.flow = TcpFlow(sink, number, (hosts[0], ports[0]), (hosts[1], ports[1]), now, rng,
                            network["mss"], network["rtt"])
        self._mars = client["mars"]
        self._smp = {}
        self.spid = 50 + rng.randrange(200)
        self._login = client_login(self._profile, client, rng)
        self.version = self._login.version
        self._packet_size = framing.DEFAULT_PACKET_SIZE
        self.headers = self._profile.headers
        self.server_name = server.get("name", "SQL01")

    def open(self):
        self.flow.connect()
        self._tally.count("flows")

    def login(self, succeeds):
        """PRELOGIN, LOGIN7 and its answer; encryption is refused, so all stays readable."""
        if self._profile.prelogin:
            self._greet()
        self.send("client", framing.LOGIN7, build(self._login))
        self._tally.count("logins")
        self.flow.idle(LOGIN_THINK_NS)
        if not succeeds:
            self._refuse()
            return
        size = self._login.packet_size or framing.DEFAULT_PACKET_SIZE
        database = self._login.database or self._server.get("database", "master")
        answer = tokens.login_answer(
            self.version, self._login, self.server_name, database, self._feature_ids(),
            self._server.get("program", "Microsoft SQL Server"), self._server["version"], size,
            self._tally)
        self.send("server", framing.RESULT, answer)
        self._packet_size = size

    def _greet(self):
        request = client_prelogin(self._profile, self._mars, self._rng)
        self.send("client", framing.PRELOGIN, request)
        fedauth = "fedauth" in self._profile.options
        self.send("server", framing.RESULT, prelogin.server_answer(
            self._server["version"], prelogin.ENCRYPT_NOT_SUPPORTED, self._mars, fedauth))

    def _refuse(self):
        self._tally.count("login_failures")
        self.send("server", framing.RESULT, tokens.login_refusal(
            self.version, self._login.user, self.server_name, self._tally))

    def _feature_ids(self):
        return [0x04, 0x05, 0x0A] if self.version >= TDS_74 else []

    def send(self, name, kind, payload, smp=None, status=0):
        """One message in one write, as sockets do it; under MARS in its SMP session."""
        packets = self.pack(name, kind, payload, status)
        if smp is None or not self._mars:
            self.flow.send(name, b"".join(packets))
        else:
            self.send_multiplexed(name, [(smp, packets)])

    def pack(self, name, kind, payload, status=0):
        spid = self.spid if name == "server" else 0
        same = name == "client" and self._profile.same_packet_id
        return framing.split(kind, payload, self._tally, self._packet_size, status, spid, same)

    def send_multiplexed(self, name, streams):
        """Sends the packets of several SMP sessions in turn: each is cut by the others."""
        if not self._mars:
            raise ValueError("only a client with `mars: yes` can multiplex")
        queues = [(ident, list(packets)) for ident, packets in streams]
        while any(packets for _ident, packets in queues):
            for ident, packets in queues:
                if packets:
                    for sender, data in self._session(ident).data(name, packets.pop(0)):
                        self.flow.send(sender, data)

    def _session(self, ident):
        if ident not in self._smp:
            self._smp[ident] = SmpSession(ident)
            self._tally.count("smp_sessions")
            self.flow.send("client", self._smp[ident].syn())
        return self._smp[ident]

    def raw(self, name, data):
        """Bytes that are no TDS any more."""
        self._tally.count("raw_bytes", len(data))
        self.flow.send(name, data)

    def close(self, who):
        for session in self._smp.values():
            self.flow.send("client", session.fin("client"))
        for session in self._smp.values():
            self.flow.send("server", session.fin("server"))
        if who == "reset":
            self.flow.reset()
        elif who != "open":
            self.flow.close(who)


def transaction_descriptor(number):
    """The eight bytes of ENVCHANGE types 8 to 10."""
    return struct.pack("<Q", number)
