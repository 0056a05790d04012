#!/usr/bin/env python3
"""Fails when a room of src/ includes a room above it, or when a room but the dataplane includes DPDK.

The order of the rooms is the list in meson.build, which the build follows too.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
DPDK = re.compile(r"rte_\w+\.h")


def rooms_in_order() -> list[str]:
    text = (ROOT / "meson.build").read_text()
    found = re.search(r"^rooms = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    if not found:
        sys.exit("check_layers.py: meson.build has no list 'rooms'")
    return re.findall(r"'(\w+)'", found.group(1)) + ["cli"]


def complaints(rooms: list[str]):
    level = {room: i for i, room in enumerate(rooms)}
    for top in (ROOT / "src", ROOT / "include" / "querytap"):
        for path in sorted(top.rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            room = path.relative_to(top).parts[0]
            if room not in level:
                yield f"{path.relative_to(ROOT)}: '{room}' is not a room in meson.build"
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                where = f"{path.relative_to(ROOT)}:{number}"
                target = found.group(1)
                if DPDK.fullmatch(target) and room != "dataplane":
                    yield f"{where}: only the dataplane includes DPDK, not '{room}'"
                parts = target.split("/")
                if parts[0] != "querytap":
                    continue
                if parts[1] not in level:
                    yield f"{where}: '{parts[1]}' is not a room"
                elif level[parts[1]] > level[room]:
                    yield f"{where}: '{room}' includes '{parts[1]}', which is above it"


def main() -> int:
    found = list(complaints(rooms_in_order()))
    for complaint in found:
        print(complaint)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
