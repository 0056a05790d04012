"""PRELOGIN (MS-TDS 2.2.6.5): option table, then the data it points to. The answer has type 4."""

import struct

VERSION, ENCRYPTION, INSTANCE, THREAD, MARS, TRACE, FEDAUTH = range(7)
END = 0xFF
ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUPPORTED, ENCRYPT_REQUIRED = range(4)


def build(options):
    """`options` is a list of (token, bytes) in the order in which they shall stand."""
    offset = 5 * len(options) + 1
    table, data = b"", b""
    for token, value in options:
        table += struct.pack("!BHH", token, offset + len(data), len(value))
        data += value
    return table + bytes([END]) + data


def parse(payload):
    """The options as a dict; raises ValueError on a table that points outside of the payload."""
    options, at = {}, 0
    while at < len(payload) and payload[at] != END:
        token, offset, length = struct.unpack_from("!BHH", payload, at)
        if offset + length > len(payload):
            raise ValueError("PRELOGIN option %d points behind the end" % token)
        options[token] = payload[offset:offset + length]
        at += 5
    return options


def server_answer(version, encryption, mars, fedauth=False):
    """What SQL Server says: its version (major, minor, build), its will to encrypt, MARS."""
    major, minor, build_number = version
    options = [(VERSION, struct.pack("!BBHH", major, minor, build_number, 0)),
               (ENCRYPTION, bytes([encryption])), (INSTANCE, b"\0"), (THREAD, b""),
               (MARS, bytes([1 if mars else 0]))]
    if fedauth:
        options.append((FEDAUTH, b"\1"))
    return build(options)
