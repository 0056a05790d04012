#!/usr/bin/python3
"""Makes labelled TDS captures from scenarios in text. `capgen.py --help` shows how."""

import argparse
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from corpus import make_all  # noqa: E402
from emit import Output, write_capture  # noqa: E402
from mix import write_mix  # noqa: E402
from net import capture, encapsulation, link  # noqa: E402
from scene import model  # noqa: E402
from scene.document import ScenarioError  # noqa: E402

EXAMPLES = """examples:
  capgen.py ../scenarios/sqlc2.yaml -o sqlc2.pcap              one capture
  capgen.py ../scenarios/sqlc2.yaml -o x.pcapng --format pcapng --link sll2
  capgen.py ../scenarios/orm-app.yaml -o many.pcap --laps 50   fifty clients, fresh addresses
  capgen.py ../scenarios/sqlc2.yaml -o x.pcap --encapsulate vxlan   as a mirror sends it
  capgen.py --list                                             the scenarios with their labels
  capgen.py make all                                           everything under tests/data
  capgen.py --mix tds --size 64M -o /tmp/mix.pcap              for benchmarks

exit status: 0 written, 2 bad input or bad arguments
"""
ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
SCENARIOS = os.path.join(ROOT, "scenarios")
DATA = os.path.join(ROOT, "data")


def parse_size(text):
    """`64M`, `500K`, `1G` or plain bytes."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    try:
        factor = units.get(text[-1:].upper(), 1)
        number = int(text[:-1] if factor > 1 else text) * factor
    except ValueError:
        raise argparse.ArgumentTypeError("expected a size such as 64M, got %r" % text) from None
    if number <= 0:
        raise argparse.ArgumentTypeError("the size must be more than nothing")
    return number


def probability(text):
    number = float(text)
    if not 0 <= number <= 0.5:
        raise argparse.ArgumentTypeError("a probability from 0 to 0.5")
    return number


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO",
                        help="a scenario file, or `make all` to rewrite tests/data")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="capture to write; .gz and .zst compress it")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same bytes (default 1)")
    parser.add_argument("--link", choices=sorted(link.BY_NAME), default="ethernet")
    parser.add_argument("--format", choices=capture.FORMATS, default="pcap")
    parser.add_argument("--laps", type=int, default=1, metavar="N",
                        help="play N times, each with fresh client addresses (default 1)")
    parser.add_argument("--mss", type=int, metavar="N", help="TCP maximum segment size")
    parser.add_argument("--reorder", type=probability, default=0, metavar="P",
                        help="swap neighbouring data segments with probability P")
    parser.add_argument("--duplicate", type=probability, default=0, metavar="P",
                        help="repeat data segments with probability P")
    parser.add_argument("--encapsulate", choices=sorted(encapsulation.KINDS), default="",
                        help="what stands around each frame, or fragments")
    parser.add_argument("--list", action="store_true", help="list the scenarios and stop")
    parser.add_argument("--mix", choices=("tds",), help="a large mixture instead of a scenario")
    parser.add_argument("--size", type=parse_size, default=64 << 20, metavar="SIZE",
                        help="about this many bytes for --mix (default 64M)")
    parser.add_argument("--data", default=DATA, metavar="DIR", help="where `make all` writes")
    parser.add_argument("--label", metavar="FILE", help="also write the label (JSON)")
    options = parser.parse_args(argv)
    if options.laps < 1 or (options.mss is not None and not 88 <= options.mss <= 65535):
        parser.error("--laps starts at 1, --mss goes from 88 to 65535")
    if options.encapsulate and options.link != "ethernet":
        parser.error("--encapsulate is for --link ethernet")
    wanted = options.list or options.mix or options.scenario
    if not wanted:
        parser.error("nothing to do: name a scenario, `make all`, --mix or --list")
    if not options.list and options.scenario != ["make", "all"] and not options.output:
        parser.error("-o FILE is needed")
    if options.scenario != ["make", "all"] and len(options.scenario) > 1:
        parser.error("one scenario at a time")
    return options


def list_scenarios():
    for name in sorted(os.listdir(SCENARIOS)):
        if name.endswith(".yaml"):
            scene = model.load(os.path.join(SCENARIOS, name))
            print("%-28s %-10s %-18s %s" % (name[:-5], scene.expect, scene.threat or "-", scene.title))


def report(label, options):
    """One line on standard error: what is in the file; and the label, if asked for."""
    if options.label:
        with open(options.label, "w", encoding="utf-8") as out:
            json.dump(label, out, indent=2)
            out.write("\n")
    print("%s: %d frames, %d flows, %d TDS messages, %d payload bytes" % (
        options.output, label["frames"], label["flows"], sum(label["tds_messages"].values()),
        label["payload_bytes"]), file=sys.stderr)


def main(argv=None):
    options = arguments(argv)
    try:
        if options.list:
            list_scenarios()
        elif options.scenario == ["make", "all"]:
            make_all(SCENARIOS, options.data)
        else:
            target = Output(options.output, link.BY_NAME[options.link], options.format,
                            options.reorder, options.duplicate, options.encapsulate)
            if options.mix:
                report(write_mix(target, options.size, options.seed), options)
            else:
                label = write_capture(model.load(options.scenario[0]), target, options.seed, options.laps,
                                      options.mss)
                report(label, options)
    except ScenarioError as error:
        print("capgen: %s" % error, file=sys.stderr)
        return 2
    except OSError as error:
        print("capgen: %s" % error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
