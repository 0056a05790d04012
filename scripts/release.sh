#!/usr/bin/env bash
# Builds querytap as it should run on a tap: with the profile of its own work (which branches are
# taken, what is called often), worth a tenth of the speed on SQL traffic. Builds twice, therefore;
# between the builds it inspects generated traffic and the captures of the tests.
#
#   scripts/release.sh [DIR]        into build-release/, or DIR
#
# Then: DIR/querytap, or `meson install -C DIR`. The benchmarks are built, too:
#   tests/bench/bars.py --build DIR
source "$(dirname "$0")/common.sh"

case ${1:-} in
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "$0: unknown option $1" >&2; exit 2 ;;
esac
build=$(realpath -m "${1:-$root/build-release}")
targets=(querytap tests/bench/bench_{inspector,packets,flow,workers})

ensure_packages "${build_packages[@]}" "${test_packages[@]}"
rm -rf "$build"
MESON_OPTIONS="-Db_pgo=generate" build_querytap "$build" querytap tests/bench/bench_packets

say "Learning from generated traffic"
# Of another seed than the benchmarks': they would praise what was learnt by heart.
"$root/tests/capgen/capgen.py" --mix tds --size 16M --seed 2 -o "$build/learn.pcap" >/dev/null
"$build/querytap" replay --signatures "$root/signatures" --json /dev/null "$build/learn.pcap" >/dev/null
for capture in "$root"/tests/data/*.pcap; do
    # 1: there is something to report in it.
    "$build/querytap" replay --signatures "$root/signatures" --json /dev/null "$capture" >/dev/null 2>&1 || true
done
"$build/tests/bench/bench_packets" --flows 65536 --packets 262144 --floods 200000 --idle 2000 >/dev/null

meson configure "$build" -Db_pgo=use
build_querytap "$build" "${targets[@]}"
rm "$build/learn.pcap"
say "Built $build/querytap"
