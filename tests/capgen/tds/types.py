"""Data types (MS-TDS 2.2.5.4-2.2.5.6): TYPE_INFO and values, for columns and parameters alike."""

import datetime
import decimal
import re
import struct
import uuid

COLLATION = bytes.fromhex("0904d00034")  # Latin1_General_CI_AS
PLP_CHUNK = 8000  # SQL Server cuts large values into chunks of about this size
INTEGERS = {"tinyint": (1, "<B"), "smallint": (2, "<h"), "int": (4, "<l"), "bigint": (8, "<q")}
STRINGS = {"nvarchar": 0xE7, "nchar": 0xEF, "varchar": 0xA7, "char": 0xAF, "varbinary": 0xA5,
           "binary": 0xAD}
OLD_LOBS = {"text": 0x23, "ntext": 0x63, "image": 0x22}
OTHERS = ("bit", "float", "datetime", "decimal", "uniqueidentifier", "xml")
_SHAPE = re.compile(r"^([a-z0-9]+)(?:\((max|\d+)(?:,\s*(\d+))?\))?$")


class SqlTypeError(ValueError):
    """A type or a value that cannot be written."""


class SqlType:
    """One type as a scenario names it: `int`, `nvarchar(64)`, `varbinary(max)`, `text`, ..."""

    def __init__(self, text):
        found = _SHAPE.match(text.strip().lower())
        if not found:
            raise SqlTypeError("not a SQL type: %r" % text)
        self.name, size, scale = found.groups()
        known = set(INTEGERS) | set(STRINGS) | set(OLD_LOBS) | set(OTHERS)
        if self.name not in known:
            raise SqlTypeError("unknown SQL type %r; known: %s" % (self.name, ", ".join(sorted(known))))
        self.is_max = size == "max"
        self.size = int(size) if size and not self.is_max else None
        self.scale = int(scale or 0)
        self.wide = self.name in ("nvarchar", "nchar", "ntext")
        self.binary = self.name in ("varbinary", "binary", "image")

    def before_plp(self):
        """What TDS 7.1 and older get for a (max) type: TEXT, NTEXT or IMAGE (2.2.5.5.3)."""
        if not self.is_max:
            return self
        return SqlType("image" if self.binary else "ntext" if self.wide else "text")

    @property
    def declared(self):
        """The text that stands in a parameter declaration."""
        if self.is_max:
            return self.name + "(max)"
        if self.name == "decimal":
            return "decimal(%d,%d)" % (self.size or 18, self.scale)
        return self.name + ("(%d)" % self.size if self.size else "")

    def info(self):
        """TYPE_INFO."""
        if self.name in INTEGERS:
            return bytes([0x26, INTEGERS[self.name][0]])
        if self.name in STRINGS:
            collation = b"" if self.binary else COLLATION
            return struct.pack("<BH", STRINGS[self.name], self._limit()) + collation
        if self.name in OLD_LOBS:
            collation = b"" if self.binary else COLLATION
            return struct.pack("<BL", OLD_LOBS[self.name], 0x7FFFFFFF) + collation
        return {"bit": b"\x68\x01", "float": b"\x6d\x08", "datetime": b"\x6f\x08",
                "uniqueidentifier": b"\x24\x10", "xml": b"\xf1\x00",
                "decimal": struct.pack("<BBBB", 0x6C, 9, self.size or 18, self.scale)}[self.name]

    def value(self, value):
        """A value (None is NULL) as it stands in a row or a parameter."""
        try:
            return self._value(value)
        except (ValueError, struct.error, decimal.InvalidOperation) as error:
            raise SqlTypeError("%r is not a %s: %s" % (str(value)[:40], self.declared, error)) from None

    def null(self):
        if self.is_max or self.name == "xml":
            return b"\xff" * 8
        return b"\xff\xff" if self.name in STRINGS else b"\0"

    def _limit(self):
        if self.is_max:
            return 0xFFFF
        return (self.size or (4000 if self.wide else 8000)) * (2 if self.wide else 1)

    def _value(self, value):
        if value is None:
            return self.null()
        if self.name in INTEGERS:
            width, code = INTEGERS[self.name]
            return bytes([width]) + struct.pack(code, int(value))
        if self.name in STRINGS or self.name == "xml":
            raw = self._raw(value)
            if self.is_max or self.name == "xml":
                return plp(raw)
            if len(raw) > self._limit():
                raise ValueError("%d bytes do not fit" % len(raw))
            return struct.pack("<H", len(raw)) + raw
        if self.name in OLD_LOBS:
            raw = self._raw(value)
            return b"\x10" + b"dummy textptr\0\0\0" + b"dummyTS\0" + struct.pack("<L", len(raw)) + raw
        return getattr(self, "_" + self.name)(value)

    def _raw(self, value):
        if isinstance(value, bytes):
            return value
        if self.binary:
            text = str(value)
            return bytes.fromhex(text[2:] if text.lower().startswith("0x") else text)
        return str(value).encode("utf-16-le" if self.wide or self.name == "xml" else "cp1252")

    @staticmethod
    def _bit(value):
        return b"\1" + (b"\1" if str(value).lower() in ("1", "true") else b"\0")

    @staticmethod
    def _float(value):
        return b"\x08" + struct.pack("<d", float(value))

    @staticmethod
    def _uniqueidentifier(value):
        return b"\x10" + uuid.UUID(str(value)).bytes_le

    @staticmethod
    def _datetime(value):
        moment = datetime.datetime.fromisoformat(str(value))
        days = (moment.date() - datetime.date(1900, 1, 1)).days
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        ticks = round((moment - midnight).total_seconds() * 300)
        return b"\x08" + struct.pack("<lL", days, ticks)

    def _decimal(self, value):
        number = int(decimal.Decimal(str(value)).scaleb(self.scale).to_integral_value())
        return struct.pack("<BBQ", 9, 0 if number < 0 else 1, abs(number))


def plp(raw, chunk=PLP_CHUNK):
    """Partially length-prefixed value: total, chunks, terminator."""
    out = struct.pack("<Q", len(raw))
    for start in range(0, len(raw), chunk):
        piece = raw[start:start + chunk]
        out += struct.pack("<L", len(piece)) + piece
    return out + struct.pack("<L", 0)
