"""What a scenario says, checked: hosts, sessions, steps, answers. Parsing only; nothing is sent here."""

import datetime
import re
from dataclasses import dataclass, field

from net import ip
from scene import document
from tds.login7 import VERSIONS
from tds.profiles import PROFILES
from tds.types import SqlType, SqlTypeError

REQUESTS = ("batch", "rpc", "executesql", "prepare", "prepexec", "execute", "unprepare")
OTHERS = ("bulk", "transaction", "attention", "wait", "repeat", "raw", "interleave")
_PARAMETER = re.compile(r"^(@\w+)\s+([A-Za-z]\w*(?:\([^)]*\))?)\s*=\s*(.*)$", re.S)
_NEEDS = ("signature", "results", "behaviour")
_DEFAULT_START = "2026-03-02T08:00:00"


@dataclass
class Part:
    """One result set, message or count of an answer."""
    line: int
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    row_count: int = 0
    nbc: bool = False
    affected: int = None
    info: tuple = None
    error: tuple = None


@dataclass
class Reply:
    parts: list = field(default_factory=list)
    procedure: bool = False
    think_ns: int = 1_500_000
    status: int = 0
    silent: bool = False


@dataclass
class Step:
    """One thing a session does; `kind` is a word of REQUESTS or OTHERS."""
    kind: str
    line: int
    text: str = ""
    params: list = field(default_factory=list)  # (name, SqlType, value text or None)
    reply: Reply = field(default_factory=Reply)
    by_name: bool = False
    headers: bool = True
    reset: bool = False
    smp: int = 0
    handle: str = ""
    amount: int = 0  # wait: nanoseconds; repeat: times
    jitter_ns: int = 0
    steps: list = field(default_factory=list)


@dataclass
class Session:
    line: int
    client: str
    server: str
    at_ns: int = 0
    times: int = 1
    every_ns: int = 0
    jitter_ns: int = 0
    login: str = "ok"
    close: str = "client"
    port: int = 0
    steps: list = field(default_factory=list)


@dataclass
class Scenario:
    path: str
    title: str
    source: str
    expect: str
    threat: str
    needs: str  # what must work to tell it: "signature", "results" (text of answers) or "behaviour"
    start_ns: int
    network: dict
    servers: dict
    clients: dict
    sessions: list


def load(path):
    """Reads and checks a scenario file; raises document.ScenarioError with file and line."""
    root = document.read(path)
    top = root.map(("title", "source", "expect", "threat", "start", "network", "servers", "clients",
                    "sessions", "needs"),
                   ("title", "expect", "servers", "clients", "sessions"))
    expect = top["expect"].choice(("malicious", "none"))
    if expect == "malicious" and "threat" not in top:
        root.fail("a malicious scenario names its threat")
    servers = {name: _server(value) for name, value in top["servers"].named()}
    clients = {name: _client(value) for name, value in top["clients"].named()}
    sessions = [_session(value, clients, servers) for value in top["sessions"].list()]
    return Scenario(path, top["title"].text(), top["source"].text() if "source" in top else "",
                    expect, top["threat"].text() if "threat" in top else "",
                    top["needs"].choice(_NEEDS) if "needs" in top else "signature", _start(top),
                    _network(top.get("network")), servers, clients, sessions)


def _start(top):
    text = top["start"].text() if "start" in top else _DEFAULT_START
    try:
        moment = datetime.datetime.fromisoformat(text.rstrip("Z"))
    except ValueError:
        top["start"].fail("expected a time such as %s" % _DEFAULT_START)
    return int((moment - datetime.datetime(1970, 1, 1)).total_seconds()) * 1_000_000_000


def _network(value):
    keys = value.map(("mss", "rtt", "vlan")) if value else {}
    return {"mss": keys["mss"].integer(88, 65535) if "mss" in keys else 1460,
            "rtt": keys["rtt"].duration() if "rtt" in keys else 800_000,
            "vlan": keys["vlan"].integer(1, 4094) if "vlan" in keys else 0}


def _address(value):
    try:
        return ip.parse_address(value.text())
    except ValueError:
        value.fail("not an IP address: %r" % value.text())


def _server(value):
    keys = value.map(("address", "port", "name", "version", "database", "os", "program"), ("address",))
    out = {key: keys[key].text() for key in ("name", "database", "program", "version") if key in keys}
    version = out.get("version", "15.0.2000")
    if not re.match(r"^\d+\.\d+\.\d+$", version):
        keys["version"].fail("expected a version such as 15.0.2000")
    out["version"] = tuple(int(n) for n in version.split("."))
    out["address"] = _address(keys["address"])
    out["port"] = keys["port"].integer(1, 65535) if "port" in keys else 1433
    out["os"] = keys["os"].choice(("windows", "linux")) if "os" in keys else "windows"
    return out


def _client(value):
    words = ("host", "user", "password", "app", "database", "server")
    keys = value.map(words + ("address", "profile", "tds", "mars", "os", "packet_size"),
                     ("address",))
    out = {key: keys[key].text() for key in words if key in keys}
    out["profile"] = keys["profile"].choice(sorted(PROFILES)) if "profile" in keys else "sqlclient"
    if "tds" in keys:
        out["tds"] = keys["tds"].choice(sorted(VERSIONS))
    out["address"] = _address(keys["address"])
    if "packet_size" in keys:
        out["packet_size"] = keys["packet_size"].integer(512, 32767)
    out["mars"] = keys["mars"].flag() if "mars" in keys else False
    out["os"] = keys["os"].choice(("windows", "linux")) if "os" in keys else "windows"
    return out


def _session(value, clients, servers):
    keys = value.map(("client", "server", "at", "times", "every", "jitter", "login", "close", "port",
                      "steps"), ("client", "server"))
    for side, known in (("client", clients), ("server", servers)):
        if keys[side].text() not in known:
            keys[side].fail("no %s is called %r" % (side, keys[side].text()))
    session = Session(value.line, keys["client"].text(), keys["server"].text())
    for name, key in (("at_ns", "at"), ("every_ns", "every"), ("jitter_ns", "jitter")):
        if key in keys:
            setattr(session, name, keys[key].duration())
    if "times" in keys:
        session.times = keys["times"].integer(1, 1_000_000)
    if "login" in keys:
        session.login = keys["login"].choice(("ok", "fail", "none"))
    if "close" in keys:
        session.close = keys["close"].choice(("client", "server", "reset", "open"))
    if "port" in keys:
        session.port = keys["port"].integer(1, 65535)
    if "steps" in keys:
        session.steps = _steps(keys["steps"])
    return session


def _steps(value):
    return [_step(item) for item in value.list()]


def _step(value):
    kinds = [key for key in value.keys() if key in REQUESTS + OTHERS]
    if len(kinds) != 1:
        value.fail("a step has exactly one of: %s" % ", ".join(REQUESTS + OTHERS))
    kind = kinds[0]
    step = Step(kind, value.line)
    if kind in REQUESTS:
        return _request(value, step)
    return _OTHER_STEPS[kind](value, step)


def _request(value, step):
    keys = value.map((step.kind, "params", "reply", "by", "headers", "reset", "smp", "handle"))
    step.text = keys[step.kind].text()
    if "params" in keys:
        step.params = [parameter(item) for item in keys["params"].list()]
    if "reply" in keys:
        step.reply = reply(keys["reply"])
    step.by_name = "by" in keys and keys["by"].choice(("name", "id")) == "name"
    step.headers = keys["headers"].flag() if "headers" in keys else True
    step.reset = keys["reset"].flag() if "reset" in keys else False
    step.smp = keys["smp"].integer(0, 65535) if "smp" in keys else 0
    step.handle = keys["handle"].text() if "handle" in keys else ""
    if step.kind in ("prepare", "prepexec") and not step.handle:
        value.fail("`%s` needs `handle: NAME`" % step.kind)
    return step


def _wait(value, step):
    keys = value.map(("wait", "jitter"))
    step.amount = keys["wait"].duration()
    step.jitter_ns = keys["jitter"].duration() if "jitter" in keys else 0
    return step


def _repeat(value, step):
    keys = value.map(("repeat", "steps"), ("steps",))
    step.amount = keys["repeat"].integer(1, 1_000_000)
    step.steps = _steps(keys["steps"])
    return step


def _interleave(value, step):
    step.steps = _steps(value.map(("interleave",))["interleave"])
    for inner in step.steps:
        if inner.kind not in ("batch", "rpc", "executesql"):
            value.fail("only batch, rpc and executesql can be interleaved")
    return step


def _raw(value, step):
    keys = value.map(("raw", "text", "hex"))
    step.text = keys["raw"].choice(("client", "server"))
    if ("text" in keys) == ("hex" in keys):
        value.fail("`raw` needs either `text` or `hex`")
    form = "text" if "text" in keys else "hex"
    step.params = [(form, None, keys[form].text())]
    return step


def _attention(value, step):
    step.smp = value.map(("attention",))["attention"].integer(0, 65535)
    return step


def _transaction(value, step):
    step.text = value.map(("transaction",))["transaction"].choice(("begin", "commit", "rollback"))
    return step


def _bulk(value, step):
    keys = value.map(("bulk", "columns", "rows", "row_count"), ("columns", "rows"))
    step.text = keys["bulk"].text()
    part = _part(value, ("bulk",))
    step.reply = Reply([part])
    return step


_OTHER_STEPS = {"bulk": _bulk, "transaction": _transaction, "attention": _attention, "wait": _wait,
                "repeat": _repeat, "raw": _raw, "interleave": _interleave}


def parameter(value):
    """`@name type = value`; NULL is null."""
    found = _PARAMETER.match(value.text())
    if not found:
        value.fail("expected `@name type = value`, got %r" % value.text())
    name, kind, text = found.groups()
    return name, sql_type(value, kind), None if text.strip() == "NULL" else text


def sql_type(value, text):
    try:
        return SqlType(text)
    except SqlTypeError as error:
        value.fail(str(error))


def reply(value):
    """One part, or a list of parts, or `{parts: [...], proc: yes, think: 5ms}`."""
    out = Reply()
    if value.is_map() and set(value.keys()) & {"parts", "proc", "think", "status", "silent"}:
        keys = value.map(("parts", "proc", "think", "status", "silent"))
        out.procedure = "proc" in keys and keys["proc"].flag()
        out.silent = "silent" in keys and keys["silent"].flag()
        out.think_ns = keys["think"].duration() if "think" in keys else out.think_ns
        out.status = keys["status"].integer(-2**31, 2**31 - 1) if "status" in keys else 0
        value = keys.get("parts")
    if value is not None:
        out.parts = [_part(item) for item in (value.list() if value.is_list() else [value])]
    return out


def _part(value, extra=()):
    keys = value.map(("columns", "rows", "row_count", "nbc", "affected", "info", "error") + extra)
    part = Part(value.line)
    if "columns" in keys:
        part.columns = [_column(item) for item in keys["columns"].list()]
    if "rows" in keys:
        part.rows = [[cell.cell() for cell in row.list()] for row in keys["rows"].list()]
        for row, cells in zip(keys["rows"].list(), part.rows):
            if len(cells) != len(part.columns):
                row.fail("%d values for %d columns" % (len(cells), len(part.columns)))
    part.row_count = keys["row_count"].integer(0, 1_000_000) if "row_count" in keys else 0
    part.nbc = "nbc" in keys and keys["nbc"].flag()
    part.affected = keys["affected"].integer() if "affected" in keys else None
    part.info = _message(keys["info"]) if "info" in keys else None
    part.error = _message(keys["error"]) if "error" in keys else None
    return part


def _message(value):
    number, _space, text = value.text().partition(" ")
    if not number.isdigit():
        value.fail("expected a message number, then its text")
    return int(number), text


def _column(value):
    name, _space, kind = value.text().rpartition(" ")
    if not kind:
        value.fail("expected `name type`")
    return name, sql_type(value, kind)
