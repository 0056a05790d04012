#!/usr/bin/env bash
# Builds querytap and shows it at work: a capture with a C2 session among ordinary database traffic
# goes through the whole data path (DPDK port, pinned worker, flows, TCP, TDS, SQL, Hyperscan, verdict).
#
#   scripts/demo.sh              the capture that ships with the project
#   scripts/demo.sh FILE...      your own captures
#
# Needs no network card, no hugepages and no set-up. Installs Debian packages that are missing, and
# says which. The second run builds and installs nothing.
source "$(dirname "$0")/common.sh"

ensure_packages "${build_packages[@]}"
build=$root/build
[ -f "$build/build.ninja" ] || MESON_OPTIONS=-Dtests=false
build_querytap "$build" querytap

captures=("$@")
[ $# -gt 0 ] || captures=("$root/tests/data/demo.pcap")
say "querytap replay ${captures[*]}"
exec "$build/querytap" replay --signatures "$root/signatures" --json "$build/demo-eve.json" "${captures[@]}"
