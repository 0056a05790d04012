"""What clients ask: SQLBatch, RPC, bulk load, transaction manager (MS-TDS 2.2.6)."""

import struct

from tds.login7 import TDS_72
from tds.types import SqlType

PROCEDURES = {"sp_cursor": 1, "sp_cursoropen": 2, "sp_cursorprepare": 3, "sp_cursorexecute": 4,
              "sp_cursorprepexec": 5, "sp_cursorunprepare": 6, "sp_cursorfetch": 7,
              "sp_cursoroption": 8, "sp_cursorclose": 9, "sp_executesql": 10, "sp_prepare": 11,
              "sp_execute": 12, "sp_prepexec": 13, "sp_prepexecrpc": 14, "sp_unprepare": 15}
BY_REFERENCE = 0x01
BEGIN, COMMIT, ROLLBACK = 5, 7, 8


def all_headers(version, transaction=0):
    """The transaction descriptor header: 22 bytes from TDS 7.2 on, nothing before (2.2.5.3)."""
    if version < TDS_72:
        return b""
    return struct.pack("<LLHQL", 22, 18, 2, transaction, 1)


def batch(version, text, headers=True, transaction=0):
    return (all_headers(version, transaction) if headers else b"") + text.encode("utf-16-le")


def parameter(name, sql_type, value, status=0):
    """One RPC parameter; a name may be empty (positional)."""
    wide = name.encode("utf-16-le")
    return bytes([len(name)]) + wide + bytes([status]) + sql_type.info() + sql_type.value(value)


def text_parameter(version, text, name=""):
    """A statement: NVARCHAR up to 4,000 characters, then NVARCHAR(MAX), or NTEXT before 7.2."""
    if len(text) <= 4000:
        return parameter(name, SqlType("nvarchar(4000)"), text)
    if version >= TDS_72:
        return parameter(name, SqlType("nvarchar(max)"), text)
    raw = text.encode("utf-16-le")
    wide = name.encode("utf-16-le")
    return (bytes([len(name)]) + wide + b"\0" + SqlType("ntext").info()
            + struct.pack("<L", len(raw)) + raw)


def rpc(version, procedure, parameters, by_name=False, options=0, headers=True, transaction=0):
    """`parameters` are encoded bytes; well-known procedures go by number unless `by_name`."""
    number = PROCEDURES.get(procedure.lower())
    if number and not by_name:
        target = struct.pack("<HH", 0xFFFF, number)
    else:
        target = struct.pack("<H", len(procedure)) + procedure.encode("utf-16-le")
    start = all_headers(version, transaction) if headers else b""
    return start + target + struct.pack("<H", options) + b"".join(parameters)


def declarations(typed):
    """`@a int, @b nvarchar(40)` from [(name, SqlType), ...]."""
    return ",".join("%s %s" % (name, kind.declared) for name, kind in typed)


def transaction(version, kind, descriptor=0):
    """Transaction manager request (2.2.6.9); isolation level 0 (unchanged), no name."""
    # BEGIN: level, empty name; COMMIT and ROLLBACK: empty name, flags. Two zero bytes either way.
    return all_headers(version, descriptor) + struct.pack("<HH", kind, 0)
