#!/usr/bin/python3
"""Records a real driver talking to the responder, between two network namespaces, with tcpdump.

usage: record.py SESSION.yaml... [--data DIR] [--node-modules DIR]   (root)

Addresses, MACs, the host name and the clock's start are chosen here, so that captures hold nothing
of the machine they were made on.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "capgen"))

import wirecheck  # noqa: E402
from corpus import read_labels, write_labels  # noqa: E402
from net.capture import PcapWriter  # noqa: E402
from net.link import ETHERNET  # noqa: E402
from scene import document  # noqa: E402

SERVER, CLIENT, PORT = "10.66.0.5", "10.66.0.21", 1433
HOST_NAME = "ws-driver"
START_NS = 1_772_438_400_000_000_000  # 2026-03-02 08:00:00, as generated captures
JTDS_JAR = "/usr/share/java/jtds.jar"
DRIVERS = ("tsql", "pytds", "tedious", "jtds")
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def load_session(path):
    """A session file, checked."""
    root = document.read(path)
    keys = root.map(("driver", "tds", "title", "expect", "threat", "user", "app", "database", "mars",
                     "encrypt", "tls", "needs", "steps"),
                    ("driver", "title", "expect", "steps"))
    session = {key: keys[key].text() if key in keys else default for key, default in (
        ("title", ""), ("threat", ""), ("user", "app"), ("app", "Orders"), ("database", "orders"))}
    session["driver"] = keys["driver"].choice(DRIVERS)
    session["tds"] = keys["tds"].choice(("7.1", "7.2", "7.3", "7.4")) if "tds" in keys else "7.4"
    session["expect"] = keys["expect"].choice(("malicious", "none"))
    session["encrypt"] = keys["encrypt"].choice(("refuse", "login", "all", "strict")) if "encrypt" in keys else "refuse"
    session["tls"] = keys["tls"].choice(("1.2", "1.3")) if "tls" in keys else None
    session["needs"] = keys["needs"].text() if "needs" in keys else "signature"
    session["mars"] = "mars" in keys and keys["mars"].flag()
    session["steps"] = [load_step(item) for item in keys["steps"].list()]
    session["name"] = os.path.splitext(os.path.basename(path))[0]
    return session


def load_step(item):
    keys = item.map(("wait", "sql", "params", "prepare", "fails", "rpc"))
    if "wait" in keys:
        return {"wait": keys["wait"].duration() / 1e9}
    if "sql" not in keys:
        item.fail("a step has `sql` or `wait`")
    step = {"sql": keys["sql"].text()}
    if "params" in keys:
        step["params"] = [value.text() for value in keys["params"].list()]
    if "prepare" in keys:
        step["prepare"] = keys["prepare"].integer(1, 100)
    for flag in ("fails", "rpc"):
        if flag in keys:
            step[flag] = keys[flag].flag()
    return step


class Namespaces:
    """A client and a server namespace joined by a veth pair; gone when the block ends."""

    def __init__(self):
        self.server, self.client = "qts%d" % os.getpid(), "qtc%d" % os.getpid()

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        run("ip", "netns", "add", self.server)
        run("ip", "netns", "add", self.client)
        run("ip", "link", "add", "tap0", "netns", self.server, "address", "02:51:0a:42:00:05", "type",
            "veth", "peer", "name", "tap1", "netns", self.client, "address", "02:51:0a:42:00:15")
        for space, name, address in ((self.server, "tap0", SERVER), (self.client, "tap1", CLIENT)):
            run("ip", "-n", space, "addr", "add", address + "/24", "dev", name)
            run("ip", "-n", space, "link", "set", name, "up")
            run("ip", "-n", space, "link", "set", "lo", "up")
            # With offloads on, veth carries frames above the MTU and wrong checksums.
            run("ip", "netns", "exec", space, "ethtool", "-K", name, "tso", "off", "gso", "off", "gro",
                "off", "tx", "off")

    def __exit__(self, *_problem):
        for space in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", space], check=False, **QUIET)

    def start(self, space, *command, **options):
        return subprocess.Popen(["ip", "netns", "exec", space, *command], **options)


def run(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                          text=True)
    if done.returncode:
        raise OSError("%s: %s" % (" ".join(command), done.stderr.strip()))


def client_command(session, work, node_modules):
    """(command, environment) of the driver's client program."""
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    clients = os.path.join(HERE, "clients")
    if session["driver"] == "tsql":
        environment["TDSVER"] = session["tds"]
        environment["FREETDSCONF"] = os.path.join(work, "freetds.conf")
        with open(environment["FREETDSCONF"], "w", encoding="ascii") as stream:
            required = session["encrypt"] == "all"
            stream.write("[global]\n\tencryption = %s\n" % ("require" if required else "request"))
        return ["tsql", "-H", SERVER, "-p", str(PORT), "-U", session["user"], "-P", "Not-A-Secret-1",
                "-D", session["database"]], environment
    if session["driver"] == "pytds":
        return ["/usr/bin/python3", os.path.join(clients, "pytds_client.py"), SERVER, str(PORT)], environment
    if session["driver"] == "tedious":
        environment["NODE_PATH"] = node_modules or install_tedious(work)
        # TDS 8.0 knows no trustServerCertificate, and the responder's certificate nobody knows.
        environment["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
        return ["node", os.path.join(clients, "tedious_client.js"), SERVER, str(PORT)], environment
    run("javac", "-d", work, os.path.join(clients, "JtdsClient.java"))
    return ["java", "-cp", work + ":" + JTDS_JAR, "JtdsClient", SERVER, str(PORT)], environment


def install_tedious(work):
    """Into the temporary folder only."""
    run("npm", "install", "--prefix", work, "--no-audit", "--no-fund", "tedious@18")
    return os.path.join(work, "node_modules")


def feed(process, session):
    """Gives the driver its session, in the form that its client program reads."""
    if session["driver"] in ("pytds", "tedious"):
        process.communicate(json.dumps(session).encode(), timeout=120)
        return
    write = lambda text: (process.stdin.write(text.encode()), process.stdin.flush())
    if session["driver"] == "jtds":
        write("\t".join(("login", session["user"], session["app"], session["database"])) + "\n")
        for step in session["steps"]:
            write(jtds_line(step))
    else:
        time.sleep(0.5)  # tsql logs in before it reads
        for step in session["steps"]:
            if "wait" in step:
                time.sleep(step["wait"])
            else:
                write(step["sql"] + "\ngo\n")
                time.sleep(0.3)
        write("exit\n")
    process.stdin.close()
    process.wait(timeout=120)


def jtds_line(step):
    if "wait" in step:
        return "wait\t%s\n" % step["wait"]
    sql = " ".join(step["sql"].split("\n"))
    if "params" in step:
        return "\t".join(["query", str(step.get("prepare", 1)), *step["params"], sql]) + "\n"
    return "\t".join(["batch", "fails" if step.get("fails") else "ok", sql]) + "\n"


def wait_for(stream, text):
    """Reads lines until one holds `text`."""
    for line in iter(stream.readline, b""):
        if text in line:
            return
    raise OSError("it ended before it said %r" % text.decode())


def record(session, capture, key_log, node_modules, verbose):
    """Runs responder, tcpdump and driver; leaves the raw capture and, with `tls`, the secrets."""
    with Namespaces() as spaces, tempfile.TemporaryDirectory() as work:
        command, environment = client_command(session, work, node_modules)
        started = []
        try:
            responder = spaces.start(spaces.server, "/usr/bin/python3", os.path.join(HERE, "responder.py"),
                                     "--address", SERVER, "--port", str(PORT),
                                     "--encrypt", session["encrypt"],
                                     *(("--tls", session["tls"], "--keylog", key_log) if session["tls"] else ()),
                                     stdout=subprocess.PIPE,
                                     stderr=None if verbose else subprocess.DEVNULL)
            started.append(responder)
            wait_for(responder.stdout, b"listening")
            sniffer = spaces.start(spaces.server, "tcpdump", "-i", "tap0", "--immediate-mode", "-U", "-s",
                                   "0", "-w", capture, "tcp", "port", str(PORT), stderr=subprocess.PIPE)
            started.append(sniffer)
            wait_for(sniffer.stderr, b"listening on")
            client = spaces.start(spaces.client, "unshare", "--uts", "sh", "-c",
                                  'hostname %s; exec "$@"' % HOST_NAME, "sh", *command,
                                  stdin=subprocess.PIPE, env=environment,
                                  stdout=None if verbose else subprocess.DEVNULL)
            started.append(client)
            feed(client, session)
            if client.returncode:
                raise OSError("%s ended with status %d" % (session["driver"], client.returncode))
            time.sleep(0.7)  # the last FINs and delayed ACKs
        finally:
            for process in reversed(started):
                if process.poll() is None:
                    process.terminate()
                process.wait(timeout=20)
                for pipe in (process.stdin, process.stdout, process.stderr):
                    if pipe is not None:
                        pipe.close()


def normalise(raw, target):
    """Moves the clock to START_NS and writes plain microsecond pcap."""
    kept = list(wirecheck.frames(raw))
    if not kept:
        raise OSError("nothing was captured")
    first = kept[0][0]
    with open(target, "wb") as stream:
        writer = PcapWriter(stream, ETHERNET, False)
        for when, frame in kept:
            writer.write(START_NS + when - first, frame)


def key_log_of(capture):
    return os.path.splitext(capture)[0] + ".keys"


def label_of(session, path):
    """Counts come from the bytes: here nothing else knows them."""
    counts = wirecheck.count(path)
    needs = {"needs": session["needs"]} if session["expect"] == "malicious" else {}
    if session["tls"]:
        needs["key_log"] = key_log_of(os.path.basename(path))
    return {"expect": session["expect"], "threat": session["threat"], **needs,
            "title": session["title"], "driver": session["driver"], "tds": session["tds"],
            "encrypt": session["encrypt"], **counts}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", nargs="+", metavar="SESSION.yaml")
    parser.add_argument("--data", default=os.path.join(HERE, "..", "data"), metavar="DIR")
    parser.add_argument("--node-modules", metavar="DIR", help="a node_modules folder that holds tedious")
    parser.add_argument("--verbose", action="store_true", help="show what responder and driver say")
    options = parser.parse_args(argv)
    for tool in ("ip", "tcpdump", "ethtool", "unshare"):
        if not shutil.which(tool):
            print("record: %s is missing" % tool, file=sys.stderr)
            return 2
    try:
        for path in options.sessions:
            session = load_session(path)
            name = "driver-%s.pcap" % session["name"]
            target = os.path.join(options.data, name)
            with tempfile.TemporaryDirectory() as work:
                os.chmod(work, 0o777)  # tcpdump drops its privileges before it writes
                raw = os.path.join(work, "raw.pcap")
                secrets = os.path.join(work, "secrets")
                record(session, raw, secrets, options.node_modules, options.verbose)
                normalise(raw, target)
                if session["tls"]:
                    shutil.copyfile(secrets, os.path.join(options.data, key_log_of(name)))
            labels = read_labels(options.data)
            labels[name] = label_of(session, target)
            write_labels(options.data, labels)
            print("%s: %d frames" % (name, labels[name]["frames"]))
    except (document.ScenarioError, OSError, subprocess.TimeoutExpired, struct.error) as error:
        print("record: %s" % error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
