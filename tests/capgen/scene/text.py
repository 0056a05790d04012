"""`${...}` in scenario texts: counters and seeded noise, so that loops do not repeat themselves byte for byte.

    ${n} ${row} ${lap}   counters of the loop, the result row and the lap
    ${n+100}             a counter plus a constant
    ${b64 300}           base64 of 300 seeded bytes
    ${hex 16}            hex of 16 seeded bytes
    ${word 8}            8 seeded lower-case letters
    ${int 1 500}         a number from 1 to 500
    ${guid}              a GUID
    ${now}               the capture's time as SQL Server prints it
    ${pe 20000}          hex of a harmless file of that size with the head of a PE image (4D5A90...)
    ${pe64 20000}        the same in base64
    ${repeat 50 text}    `text` fifty times
"""

import base64
import datetime
import re
import uuid

_FIELD = re.compile(r"\$\{([^}]*)\}")
_COUNTER = re.compile(r"^([a-z]+)(?:\+(\d+))?$")
_PE_HEAD = bytes.fromhex("4d5a90000300000004000000ffff0000b8000000000000004000000000000000")
_PE_STUB = b"!This program cannot be run in DOS mode.\r\r\n$"


class TextError(ValueError):
    """A `${...}` that means nothing."""


def moment(time_ns):
    """SQL Server's datetime text with milliseconds."""
    when = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=time_ns // 1000)
    return when.isoformat(" ", "milliseconds")


def pe_image(size, rng):
    """A head that signatures know, then noise: nothing that could run."""
    body = _PE_HEAD + b"\0" * 28 + b"\x80\0\0\0" + _PE_STUB
    return (body + rng.randbytes(max(0, size - len(body))))[:size]


def expand(text, counters, rng, now_ns):
    """The text with every `${...}` replaced."""
    return _FIELD.sub(lambda found: _field(found.group(1).strip(), counters, rng, now_ns), text)


def _field(word, counters, rng, now_ns):
    counter = _COUNTER.match(word)
    if counter and counter.group(1) in counters:
        return str(counters[counter.group(1)] + int(counter.group(2) or 0))
    name, _space, rest = word.partition(" ")
    try:
        return _FIELDS[name](rest, rng, now_ns)
    except (KeyError, ValueError, IndexError):
        raise TextError("cannot read ${%s}; known: counters %s, and %s"
                        % (word, ", ".join(sorted(counters)), ", ".join(sorted(_FIELDS)))) from None


def _integer(rest, rng, _now):
    low, high = map(int, rest.split())
    return str(rng.randint(low, high))


def _repeat(rest, _rng, _now):
    count, _space, text = rest.partition(" ")
    return text * int(count)


_FIELDS = {
    "b64": lambda rest, rng, _now: base64.b64encode(rng.randbytes(int(rest))).decode(),
    "hex": lambda rest, rng, _now: rng.randbytes(int(rest)).hex(),
    "word": lambda rest, rng, _now: "".join(rng.choice("abcdefghijklmnopqrstuvwxyz")
                                            for _ in range(int(rest))),
    "int": _integer,
    "guid": lambda _rest, rng, _now: str(uuid.UUID(bytes=rng.randbytes(16), version=4)),
    "now": lambda _rest, _rng, now: moment(now),
    "pe": lambda rest, rng, _now: pe_image(int(rest), rng).hex().upper(),
    "pe64": lambda rest, rng, _now: base64.b64encode(pe_image(int(rest), rng)).decode(),
    "repeat": _repeat,
}
