"""demo.pcap: three minutes at a tap where ordinary database work goes on, and two clients that do not belong."""

import os

from emit import Output, Writer, summary
from net.ip import address_text
from scene import model
from scene.player import Player
from tds.framing import Tally

NAME = "demo.pcap"
TITLE = "ordinary database work with one SQLC2 agent and one Impacket xp_cmdshell session in it"
S = 1_000_000_000
PLAYED = [("orm-app", 2 * S), ("monitoring-agent", 0), ("job-queue", 11 * S), ("pool-health", 1 * S),
          ("ssms-browse", 47 * S), ("ticket-text", 64 * S), ("jtds-app", 71 * S),
          ("sqlc2-agent", 5 * S), ("xp-cmdshell-impacket", 93 * S)]
THREAT = "sqlc2"  # the session that the demonstration is about


def make_demo(scenarios, data):
    """Plays all into one file; the label says which client is what."""
    tally, packets, clients = Tally(), [], {}
    for name, shift in PLAYED:
        scene = model.load(os.path.join(scenarios, name + ".yaml"))
        packets += Player(scene, tally).play(shift_ns=shift)
        for client in scene.clients.values():
            clients[address_text(client["address"])] = scene.threat or "none"
    packets.sort(key=lambda packet: packet.time_ns)
    with Writer(Output(os.path.join(data, NAME))) as out:
        out.write(packets)
    label = summary(scene, out.extent, tally)
    label.update(expect="malicious", threat=THREAT, needs="signature", title=TITLE,
                 source="", clients=clients)
    return {NAME: label}
