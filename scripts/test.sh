#!/usr/bin/env bash
# Builds querytap and runs all of its tests. Installs Debian packages that are missing, and says which.
#
#   scripts/test.sh                       everything, in build/
#   scripts/test.sh --sanitize address    the same under ASan and UBSan, in build-address/
#   scripts/test.sh --sanitize thread     the same under TSan, in build-thread/
#   scripts/test.sh SUITE...              only: unit golden property evasion system fuzz-smoke bench-smoke check
#
# Ends with a line "N passed, N failed, N skipped".
source "$(dirname "$0")/common.sh"

build=$root/build
options="-Dtests=true"
suites=()
while [ $# -gt 0 ]; do
    case $1 in
        --sanitize)
            case ${2:-} in
                address) sanitizers=address,undefined ;;
                thread) sanitizers=thread ;;
                *) echo "$0: --sanitize wants 'address' or 'thread'" >&2; exit 2 ;;
            esac
            build=$root/build-$2
            options="$options -Db_sanitize=$sanitizers -Dbuildtype=debugoptimized"
            shift 2 ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "$0: unknown option $1" >&2; exit 2 ;;
        *) suites+=(--suite "$1"); shift ;;
    esac
done

ensure_packages "${build_packages[@]}" "${test_packages[@]}"
# A build directory that the demo made may have no tests yet.
if [ -f "$build/build.ninja" ] && ! grep -q unit_base "$build/build.ninja"; then
    meson configure "$build" -Dtests=true
fi
MESON_OPTIONS=$options build_querytap "$build"

say "Testing"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "${suites[@]}" >&2 || status=$?
"$root/scripts/count_tests.py" "$build/meson-logs"
exit "$status"
