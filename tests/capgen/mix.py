"""Large mixtures for benchmarks: one busy scenario, played by ever new clients at the same time."""

import os

from emit import Writer, summary
from scene import model
from scene.player import Player
from tds.framing import Tally

MIX = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mix-tds.yaml")
STAGGER_NS = 6_000_000  # a new group of clients every 6 ms: some hundred connections live at a time


def write_mix(target, size, seed=1):
    """Writes about `size` bytes and gives the label. Only packets that still overlap are kept in memory."""
    scenario = model.load(MIX)
    tally = Tally()
    player = Player(scenario, tally, seed)
    with Writer(target) as out:
        lap, waiting = 0, []
        while out.bytes + sum(len(packet.data) for packet in waiting) < size:
            waiting += player.play(lap, lap * STAGGER_NS)
            waiting.sort(key=lambda packet: packet.time_ns)
            lap += 1
            border = scenario.start_ns + lap * STAGGER_NS  # nothing that comes later starts before
            ready = sum(packet.time_ns < border for packet in waiting)
            out.write(waiting[:ready])
            del waiting[:ready]
        out.write(waiting)
    return summary(scenario, out.extent, tally)
