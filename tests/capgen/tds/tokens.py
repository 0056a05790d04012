"""What servers answer: the token stream (MS-TDS 2.2.7)."""

import struct

from tds.login7 import TDS_72
from tds.types import COLLATION, OLD_LOBS, SqlType

MORE, ERROR_BIT, COUNT, ATTENTION_ACK = 0x01, 0x02, 0x10, 0x20
DONE, DONEPROC, DONEINPROC = 0xFD, 0xFE, 0xFF
COMMAND_SELECT, COMMAND_INSERT = 0xC1, 0xC3


def _short(text):
    return bytes([len(text)]) + text.encode("utf-16-le")


def _long(text):
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


class TokenStream:
    """Collects tokens for one TDS version; `data` is the payload of the answer."""

    def __init__(self, version, server="SQL01", tally=None):
        self.modern = version >= TDS_72
        self._server = server
        self._tally = tally
        self.data = b""

    def _counted(self, name):
        if self._tally is not None:
            self._tally.count(name)

    def envchange_text(self, kind, new, old):
        """Types 1 database, 2 language, 4 packet size: two B_VARCHAR."""
        body = bytes([kind]) + _short(new) + _short(old)
        self.data += struct.pack("<BH", 0xE3, len(body)) + body

    def envchange_bytes(self, kind, new, old=b""):
        """Types 7 collation, 8-10 transactions: two B_VARBYTE."""
        body = bytes([kind, len(new)]) + new + bytes([len(old)]) + old
        self.data += struct.pack("<BH", 0xE3, len(body)) + body

    def collation(self):
        self.envchange_bytes(7, COLLATION)

    def _message(self, token, number, text, level, state, line):
        body = struct.pack("<LBB", number, state, level) + _long(text) + _short(self._server) + _short("")
        body += struct.pack("<L" if self.modern else "<H", line)
        self.data += struct.pack("<BH", token, len(body)) + body

    def info(self, number, text, level=0, state=1, line=1):
        self._message(0xAB, number, text, level, state, line)
        self._counted("infos")

    def error(self, number, text, level=16, state=1, line=1):
        self._message(0xAA, number, text, level, state, line)
        self._counted("errors")

    def loginack(self, tds_version, program, version):
        major, minor, build = version
        body = struct.pack("!BL", 1, tds_version) + _short(program)
        body += struct.pack("!BBH", major, minor, build)
        self.data += struct.pack("<BH", 0xAD, len(body)) + body

    def featureextack(self, ids):
        body = b"".join(struct.pack("<BL", i, 1) + b"\1" for i in ids if i in (0x04, 0x05, 0x0A))
        self.data += b"\xAE" + body + b"\xFF"

    def _spoken(self, columns):
        return columns if self.modern else [(name, kind.before_plp()) for name, kind in columns]

    def colmetadata(self, columns):
        """`columns` is [(name, SqlType)]; all nullable."""
        out = struct.pack("<BH", 0x81, len(columns))
        for name, kind in self._spoken(columns):
            out += struct.pack("<LH" if self.modern else "<HH", 0, 0x0009)
            out += kind.info()
            if kind.name in OLD_LOBS:  # large objects name their table
                out += (b"\1" if self.modern else b"") + _long("t")
            out += _short(name)
        self.data += out

    def row(self, columns, values):
        pairs = zip(self._spoken(columns), values)
        self.data += b"\xD1" + b"".join(kind.value(value) for (_name, kind), value in pairs)
        self._counted("rows")

    def nbcrow(self, columns, values):
        """NBCROW: a bit for each NULL, and no bytes for it."""
        bits = bytearray((len(columns) + 7) // 8)
        out = b""
        for index, ((_name, kind), value) in enumerate(zip(columns, values)):
            if value is None:
                bits[index // 8] |= 1 << (index % 8)
            else:
                out += kind.value(value)
        self.data += b"\xD2" + bytes(bits) + out
        self._counted("rows")

    def done(self, token=DONE, status=0, command=0, count=None):
        bits = status | (COUNT if count is not None else 0)
        self.data += struct.pack("<BHH", token, bits, command)
        self.data += struct.pack("<Q" if self.modern else "<L", count or 0)

    def returnstatus(self, value):
        self.data += struct.pack("<Bl", 0x79, value)

    def returnvalue(self, ordinal, name, kind, value):
        self.data += struct.pack("<BH", 0xAC, ordinal) + _short(name) + b"\1"
        self.data += struct.pack("<LH" if self.modern else "<HH", 0, 0) + kind.info() + kind.value(value)


def login_answer(version, login, server, database, feature_ids, program="Microsoft SQL Server",
                 server_version=(15, 0, 2000), packet_size=4096, tally=None):
    """The usual answer to a good login, in SQL Server's order."""
    stream = TokenStream(version, server, tally)
    stream.envchange_text(1, database, "master")
    stream.info(5701, "Changed database context to '%s'." % database, state=2)
    stream.collation()
    stream.envchange_text(2, login.language or "us_english", "")
    stream.info(5703, "Changed language setting to %s." % (login.language or "us_english"))
    stream.loginack(version, program, server_version)
    stream.envchange_text(4, str(packet_size), "4096")
    if login.features:
        stream.featureextack(feature_ids)
    stream.done()
    return stream.data


def login_refusal(version, user, server, tally=None):
    """ERROR 18456 and DONE with the error bit."""
    stream = TokenStream(version, server, tally)
    stream.error(18456, "Login failed for user '%s'." % user, level=14)
    stream.done(status=ERROR_BIT)
    return stream.data


HANDLE = SqlType("int")
