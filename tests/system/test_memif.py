#!/usr/bin/python3
"""querytap run on net_memif, fed by another DPDK process: testpmd reads a capture and sends it on."""

import os
import re
import signal
import unittest

from harness import SLOWNESS, InFolder, content, data, labels, need, of_type, replay, running, sids
from harness import wait_until, worst_level
from live import Live

# Both processes; so many packets fit into the ring between them, whatever the scheduler does.
MEMIF = "net_memif0,id=0,socket-abstract=no,rsize=12,role=%s,socket=%s"


def setUpModule():
    need("dpdk-testpmd", "stdbuf")


class Testpmd:
    """Forwards from a net_pcap port to the memif port, once told to."""

    def __init__(self, test, folder, capture, role, socket):
        self.log = os.path.join(folder, "testpmd.log")
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        command = ["stdbuf", "-oL", "dpdk-testpmd", "--lcores", "0@(%s),1@(%s)" % (cores, cores),
                   "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--no-telemetry",
                   "--vdev=net_pcap0,rx_pcap=" + capture, "--vdev=" + MEMIF % (role, socket),
                   "--", "-i", "--forward-mode=io", "--nb-cores=1", "--no-mlockall",
                   "--total-num-mbufs=16384",
                   "--no-flush-rx"]  # it would read the capture to its end, and start then
        read_end, self.commands = os.pipe()
        environment = {**os.environ, "RUNTIME_DIRECTORY": folder}
        holder = running(command, self.log, stdin=read_end, env=environment)
        self.process = holder.__enter__()
        os.close(read_end)
        test.addCleanup(os.close, self.commands)
        test.addCleanup(holder.__exit__, None, None, None)

    def command(self, text):
        os.write(self.commands, text.encode() + b"\n")

    def link_is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("testpmd ended:\n" + content(self.log))
        self.command("show port summary 1")
        return re.search(r"net_memif +up ", content(self.log))

    def stop(self):
        self.command("stop")
        self.command("quit")
        return self.process.wait(10 * SLOWNESS)


class Memif(InFolder):
    def check(self, workers, role, other_role):
        socket = os.path.join(self.folder, "m.sock")

        def start():
            return Live(self, self.folder, [MEMIF % (role, socket)],
                        workers={"count": workers, "spin": False})

        def start_sender():
            return Testpmd(self, self.folder, data("demo.pcap"), other_role, socket)

        # A client does not start before its server listens.
        if role == "server":
            live, sender = start(), start_sender()
        else:
            sender = start_sender()
            wait_until("testpmd listens", lambda: os.path.exists(socket), 20)
            live = start()
        wait_until("the link is up", sender.link_is_up, 20)
        sender.command("start")
        frames = labels()["demo.pcap"]["frames"]
        live.wait_for_packets(frames)
        self.assertEqual(live.total("querytap_packets_total"), frames)
        self.assertEqual(live.total("querytap_drops_total"), 0)
        self.assertEqual(sender.stop(), 0)
        self.assertEqual(live.stop(signal.SIGINT), 0, live.said())
        self.assertEqual(live.packets_in_summary(), frames)
        self.assertEqual(sids(live.events()), sids(replay(data("demo.pcap"), "--json", "-").events))
        self.assertEqual(len(of_type(live.events(), "flow")), labels()["demo.pcap"]["flows"])
        self.assertEqual(worst_level(live.events()), "malicious")

    def test_server_with_one_worker(self):
        self.check(1, "server", "client")

    def test_client_with_a_distributor_and_two_workers(self):
        self.check(2, "client", "server")


if __name__ == "__main__":
    unittest.main()
