"""What tshark says of TDS in a capture, by conversation: {(client, port, server): Heard}."""

import collections
import subprocess

AGGREGATOR, SEPARATOR = "\x1f", "\x1e"
BATCH, RPC, RESULT = 1, 3, 4
DONES = ("done", "doneproc", "doneinproc")
LOGIN_FIELDS = {"clientname": "host", "username": "user", "appname": "application",
                "servername": "server", "libraryname": "library", "databasename": "database",
                "packet_size": "packet_size"}
FIELDS = (["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
           "tds.type", "tds.status.eom", "tds.length", "tds.query", "tds.rpc.name", "tds.rpc.proc_id",
           "tds.type_varbyte.data.string", "tds.error.number", "tds.error.msgtext", "tds.row",
           "tds.nbcrow", "tds.colmetadata.columns", "tds.loginack.tdsversion", "tds.loginack.progname",
           "tds.prelogin.option.encryption", "tds.7login.version"]
          + ["tds.7login." + name for name in LOGIN_FIELDS]
          + ["tds.%s.%s" % (token, field) for token in DONES
             for field in ("status", "donerowcount", "donerowcount64")])
# ENCRYPTION, MS-TDS 2.2.6.5, as EVE names them.
ENCRYPTION = {0: "off", 1: "on", 2: "not_supported", 3: "required"}


class Heard:
    """One conversation."""

    def __init__(self):
        self.requests, self.results = [], []          # payload sizes, in order
        self.batches, self.calls, self.strings = [], [], []
        self.logins, self.acks, self.encryption = [], [], []
        self.errors = []
        self.rows = self.affected = self.result_sets = 0
        self._sizes = {True: 0, False: 0}

    def packet(self, to_server, kind, last, length, prelogin):
        """A TDS packet; its message ends with the last one. Servers answer PRELOGIN with a result."""
        self._sizes[to_server] += length - 8
        if not last:
            return
        size, self._sizes[to_server] = self._sizes[to_server], 0
        if kind in (BATCH, RPC):
            self.requests.append(size)
        elif kind == RESULT and not prelogin:
            self.results.append(size)


def number(text):
    return int(text, 0)


def truth(text):
    return text in ("1", "True")


def hear(capture, port=1433):
    """Runs tshark once."""
    command = ["tshark", "-r", capture, "-d", "tcp.port==%d,tds" % port, "-T", "fields",
               "-E", "separator=" + SEPARATOR, "-E", "occurrence=a", "-E", "aggregator=" + AGGREGATOR,
               "-Y", "tds"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    conversations = collections.defaultdict(Heard)
    # Texts may hold line breaks, and then a frame takes several lines.
    for line in records(done.stdout.decode("utf-8", "replace")):
        values = dict(zip(FIELDS, (cell.split(AGGREGATOR) if cell else []
                                   for cell in line.split(SEPARATOR))))
        to_server = values["tcp.dstport"][0] == str(port)
        ends = [(values["ip." + end] or values["ipv6." + end])[0] for end in ("src", "dst")]
        ports = [int(values["tcp.%sport" % end][0]) for end in ("src", "dst")]
        key = (ends[0], ports[0], ends[1]) if to_server else (ends[1], ports[1], ends[0])
        take(conversations[key], to_server, values)
    return conversations


def records(text):
    held = ""
    for line in text.split("\n"):
        held = held + "\n" + line if held else line
        if held.count(SEPARATOR) >= len(FIELDS) - 1:
            yield held
            held = ""


def take(heard, to_server, values):
    """One frame."""
    prelogin = bool(values["tds.prelogin.option.encryption"])
    for kind, last, length in zip(values["tds.type"], values["tds.status.eom"], values["tds.length"]):
        heard.packet(to_server, number(kind), truth(last), number(length), prelogin)
    heard.batches += values["tds.query"]
    heard.calls += values["tds.rpc.name"] + [number(v) for v in values["tds.rpc.proc_id"]]
    heard.strings += values["tds.type_varbyte.data.string"]
    heard.errors += list(zip(map(number, values["tds.error.number"]), values["tds.error.msgtext"]))
    heard.rows += len(values["tds.row"]) + len(values["tds.nbcrow"])
    heard.result_sets += sum(number(v) != 0xffff for v in values["tds.colmetadata.columns"])
    heard.acks += list(zip(values["tds.loginack.tdsversion"], values["tds.loginack.progname"]))
    heard.encryption += [ENCRYPTION[number(v)] for v in values["tds.prelogin.option.encryption"]]
    if values["tds.7login.version"]:
        heard.logins.append({ours: (values["tds.7login." + theirs] or [""])[0]
                             for theirs, ours in LOGIN_FIELDS.items()})
    for token in DONES:
        counts = values["tds.%s.donerowcount64" % token] or values["tds.%s.donerowcount" % token]
        for status, count in zip(values["tds.%s.status" % token], counts):
            if number(status) & 0x10:
                heard.affected += number(count)
