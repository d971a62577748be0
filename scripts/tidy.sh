#!/bin/sh
# Runs clang-tidy over the product code with the compile commands of build/dev. Arguments: files; default: all.
set -eu
cd "$(dirname "$0")/.."
[ -e build/dev/compile_commands.json ] || cmake --preset dev
[ $# -gt 0 ] || set -- $(git ls-files 'common/*.cpp' 'milter/*.cpp' 'reporter/*.cpp' 'ctl/*.cpp' 'tools/*.cpp')
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p build/dev
