#!/bin/bash
# Installs what the tests need, builds the four builds (dev, asan, tsan, fuzz) and runs all their tests with one ctest,
# so that there is one count at the end. Run as root: the end-to-end tests start private mail servers.
#
#   scripts/test.sh [--no-install] [--quick] [--fuzz-seconds N] [--jobs N] [-- CTEST-ARGUMENTS…]
#     --no-install      the packages are there already
#     --quick           the dev build only: unit tests, conformance, end to end
#     --fuzz-seconds N  how long each fuzz target runs (default 30)
#     --jobs N          builds and tests at a time (default: the processors)
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" >&2
    exit 2
}

install=yes
presets=(dev asan tsan fuzz)
fuzz_seconds=30
jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
        --no-install) install=no ;;
        --quick) presets=(dev) ;;
        --fuzz-seconds) fuzz_seconds=${2:?$(usage)}; shift ;;
        --jobs) jobs=${2:?$(usage)}; shift ;;
        --) shift; break ;;
        *) usage ;;
    esac
    shift
done

if [ "$install" = yes ]; then
    scripts/install-build-deps.sh
    scripts/install-test-deps.sh
fi
if command -v ccache > /dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}
fi

for preset in "${presets[@]}"; do
    echo "== building $preset"
    cmake --preset "$preset" -DDEFENDER_FUZZ_SECONDS="$fuzz_seconds"
    cmake --build "build/$preset" -j "$jobs"
done

# One folder whose tests are those of every build.
mkdir -p build/all
for preset in "${presets[@]}"; do
    echo "subdirs(\"$PWD/build/$preset\")"
done > build/all/CTestTestfile.cmake

echo "== testing ${presets[*]}"
ctest --test-dir build/all --output-on-failure --no-tests=error -j "$jobs" "$@"
