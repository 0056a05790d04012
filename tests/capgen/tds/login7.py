"""LOGIN7 (MS-TDS 2.2.6.4): fixed part, offset table, strings, feature extensions."""

import struct
from dataclasses import dataclass, field

TDS_70, TDS_71, TDS_72, TDS_73, TDS_74 = 0x70000000, 0x71000001, 0x72090002, 0x730B0003, 0x74000004
VERSIONS = {"7.0": TDS_70, "7.1": TDS_71, "7.2": TDS_72, "7.3": TDS_73, "7.4": TDS_74}
FEATURES = {"sessionrecovery": (0x01, b"\0\0\0\0"), "columnencryption": (0x04, b"\1"),
            "globaltransactions": (0x05, b""), "dataclassification": (0x09, b"\2"),
            "utf8": (0x0A, b"")}
EXTENSION_FLAG = 0x10  # OptionFlags3.fExtension


@dataclass
class Login:
    """All that a client says of itself. Strings are Python text; `clientid` is six bytes."""
    version: int = TDS_74
    packet_size: int = 4096
    program_version: int = 0
    process: int = 0
    connection: int = 0
    flags1: int = 0xE0
    flags2: int = 0x03
    type_flags: int = 0
    flags3: int = 0
    timezone: int = 0
    lcid: int = 0x0409
    host: str = ""
    user: str = ""
    password: str = ""
    app: str = ""
    server: str = ""
    library: str = ""
    language: str = ""
    database: str = ""
    clientid: bytes = b"\0" * 6
    attach: str = ""
    features: list = field(default_factory=list)


def scramble(password):
    """Swaps the nibbles of every byte, then XOR A5, as the specification wants it."""
    return bytes((((b << 4) | (b >> 4)) & 0xFF) ^ 0xA5 for b in password.encode("utf-16-le"))


def build(login):
    """The message. The fixed part is 86 bytes up to TDS 7.1 and 94 from 7.2 on."""
    long_form = login.version >= TDS_72
    base = 94 if long_form else 86
    wide = lambda text: text.encode("utf-16-le")
    table, data = b"", b""

    def pointer(raw, units=None):
        nonlocal table, data
        table += struct.pack("<HH", base + len(data), len(raw) // 2 if units is None else units)
        data += raw

    pointer(wide(login.host))
    pointer(wide(login.user))
    pointer(scramble(login.password))
    pointer(wide(login.app))
    pointer(wide(login.server))
    extension_at = len(data)
    pointer(b"\0\0\0\0" if login.features else b"", 4 if login.features else 0)
    pointer(wide(login.library))
    pointer(wide(login.language))
    pointer(wide(login.database))
    table += login.clientid
    pointer(b"")  # SSPI
    pointer(wide(login.attach))
    if long_form:
        pointer(b"")  # ChangePassword
        table += struct.pack("<L", 0)  # cbSSPILong
    flags3 = login.flags3
    if login.features:
        flags3 |= EXTENSION_FLAG
        where = struct.pack("<L", base + len(data))
        data = data[:extension_at] + where + data[extension_at + 4:] + _features(login.features)
    head = struct.pack("<LLLLLLBBBBlL", base + len(data), login.version, login.packet_size,
                       login.program_version, login.process, login.connection, login.flags1,
                       login.flags2, login.type_flags, flags3, login.timezone, login.lcid)
    return head + table + data


def _features(names):
    out = b""
    for name in names:
        ident, value = FEATURES[name]
        out += struct.pack("<BL", ident, len(value)) + value
    return out + b"\xFF"


def parse(payload):
    """The fields a server needs. Passwords stay where they are: nobody here reads them."""
    login = Login()
    (_length, login.version, login.packet_size, login.program_version, login.process,
     login.connection, login.flags1, login.flags2, login.type_flags, login.flags3,
     login.timezone, login.lcid) = struct.unpack_from("<LLLLLLBBBBlL", payload, 0)
    places = {"host": 36, "user": 40, "app": 48, "server": 52, "library": 60, "language": 64,
              "database": 68}
    for name, at in places.items():
        offset, units = struct.unpack_from("<HH", payload, at)
        setattr(login, name, payload[offset:offset + 2 * units].decode("utf-16-le"))
    login.clientid = payload[72:78]
    if login.flags3 & EXTENSION_FLAG:
        login.features = _parse_features(payload)
    return login


def _parse_features(payload):
    """Feature ids only, as numbers."""
    at = struct.unpack_from("<L", payload, struct.unpack_from("<H", payload, 56)[0])[0]
    found = []
    while at + 5 <= len(payload) and payload[at] != 0xFF:
        ident, length = struct.unpack_from("<BL", payload, at)
        found.append(ident)
        at += 5 + length
    return found
