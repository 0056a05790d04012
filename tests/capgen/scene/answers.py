"""Turns a scenario's reply into the token stream of one answer."""

from scene.text import expand
from tds.tokens import (COMMAND_INSERT, COMMAND_SELECT, DONE, DONEINPROC, DONEPROC, ERROR_BIT, HANDLE,
                        MORE, TokenStream)


def answer(version, server, reply, tally, fill, in_procedure, handle=None):
    """The payload of the answer.

    Results of a procedure (every RPC, and batches marked `proc: yes`) end in DONEINPROC, then
    RETURNSTATUS, the RETURNVALUE with a prepared handle, and DONEPROC; plain batches end in DONE.
    `handle` is (parameter name as the client gave it, number). `fill(text, row)` expands the `${...}`
    of a cell.
    """
    stream = TokenStream(version, server, tally)
    nested = in_procedure or reply.procedure
    failed = False
    for index, part in enumerate(reply.parts):
        last = index == len(reply.parts) - 1 and not nested
        failed = _part(stream, part, fill, DONEINPROC if nested else DONE, last) or failed
    if nested:
        stream.returnstatus(reply.status)
        if handle is not None:
            stream.returnvalue(0, handle[0], HANDLE, handle[1])
        stream.done(DONEPROC, ERROR_BIT if failed else 0, 0xE0)
    elif not reply.parts:
        stream.done()
    return stream.data


def _part(stream, part, fill, token, last):
    """Writes one part; true when it was an error."""
    if part.info:
        stream.info(part.info[0], fill(part.info[1], 0))
    if part.error:
        stream.error(part.error[0], fill(part.error[1], 0))
    count, command = part.affected, COMMAND_INSERT
    if part.columns:
        count, command = rows(stream, part, fill), COMMAND_SELECT
    more = 0 if last else MORE
    if part.error:
        stream.done(token, ERROR_BIT | more)
    elif count is not None:
        stream.done(token, more, command, count)
    elif last:
        stream.done(token)
    return bool(part.error)


def rows(stream, part, fill):
    """COLMETADATA and the rows; one template row may stand for many. Gives the number of rows."""
    stream.colmetadata(part.columns)
    templates = part.rows
    if part.row_count and templates:
        templates = [templates[i % len(templates)] for i in range(part.row_count)]
    write = stream.nbcrow if part.nbc else stream.row
    for number, template in enumerate(templates, 1):
        cells = [None if cell is None else fill(cell, number) for cell in template]
        write(part.columns, cells)
    return len(templates)


def plain_fill(counters, rng, now_ns):
    """A `fill` for `answer`."""
    return lambda text, row: expand(text, dict(counters, row=row), rng, now_ns)
