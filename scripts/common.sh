# Shared by the scripts beside it: what to install, how to build. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(
    g++ meson ninja-build pkg-config ccache
    libdpdk-dev libhyperscan-dev libtbb-dev libhwy-dev libxxhash-dev libssl-dev
    libpcap-dev zlib1g-dev libzstd-dev libyaml-cpp-dev libfmt-dev libspdlog-dev
    rapidjson-dev libcli11-dev prometheus-cpp-dev libcivetweb-dev
)
test_packages=(
    libgtest-dev libgmock-dev libbenchmark-dev
    python3 python3-yaml python3-tds tshark tcpreplay tcpdump iproute2 ethtool procps curl
    freetds-bin dpdk-dev prometheus zstd gzip
)

say() { printf '\n== %s\n' "$*" >&2; }

# Installs those of the packages named that are missing, and says which.
ensure_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "Please install, as root: apt-get install ${missing[*]}" >&2; exit 1; }
        as_root=(sudo)
    fi
    say "Installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build_querytap DIR TARGETS...: configures once, then builds what changed.
build_querytap() {
    local dir=$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        say "Configuring $dir"
        meson setup "$dir" "$root" ${MESON_OPTIONS:-} >"$dir.log" 2>&1 ||
            { tail -n 30 "$dir.log" >&2; exit 1; }
        rm -f "$dir.log"
    fi
    say "Building $dir"
    ninja -C "$dir" "$@" >&2
}
