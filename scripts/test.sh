#!/bin/bash
# Installs what the tests need, builds the three builds (dev, asan with the fuzz targets, tsan) and runs all their tests
# with one ctest, so that there is one count at the end. Run as root: the end-to-end tests start private mail servers,
# and the packages are installed in a Debian of their own.
#
#   scripts/test.sh [--no-install] [--quick] [--fuzz-seconds N] [--jobs N] [-- CTEST-ARGUMENTS…]
#     --no-install      the packages are there already
#     --quick           the dev build only: unit tests, conformance, end to end; no packages
#     --fuzz-seconds N  how long each fuzz target runs (default 15)
#     --jobs N          builds at a time (default: the processors); tests, which wait a lot, one more
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" >&2
    exit 2
}

# show_failures FOLDER: the last lines of each test that failed, as a log is read from its end.
show_failures() {
    awk 'NR == FNR { sub(/^[0-9]+:/, ""); failed[$0]; next }
        / Testing: / { name = $NF; count = 0 }
        { line[count++] = $0 }
        / end time: / && name in failed {
            print "== " name
            for (i = count > 60 ? count - 60 : 0; i < count; i++) print substr(line[i], 1, 300)
        }' "$1/LastTestsFailed.log" "$1/LastTest.log"
}

install=yes
presets=(dev asan tsan)
fuzz_seconds=15
packages=ON
jobs=$(nproc)
while [ $# -gt 0 ]; do
    case $1 in
        --no-install) install=no ;;
        --quick) presets=(dev); packages=OFF ;;
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
    # The sloppiness is what ccache asks for where headers are precompiled.
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=${CCACHE_DIR:-$PWD/build/ccache}
    export CCACHE_SLOPPINESS=pch_defines,time_macros
fi

for preset in "${presets[@]}"; do
    echo "== building $preset"
    cmake --preset "$preset" -DDEFENDER_FUZZ_SECONDS="$fuzz_seconds" -DDEFENDER_PACKAGE_TESTS="$packages"
    cmake --build "build/$preset" -j "$jobs"
done

# One folder whose tests are those of every build.
mkdir -p build/all
for preset in "${presets[@]}"; do
    echo "subdirs(\"$PWD/build/$preset\")"
done > build/all/CTestTestfile.cmake

echo "== testing ${presets[*]}"
failed=0
ctest --test-dir build/all --output-on-failure --no-tests=error -j "$((jobs + 1))" "$@" || failed=$?
[ "$failed" -eq 0 ] || show_failures build/all/Testing/Temporary
exit "$failed"
