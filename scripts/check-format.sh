#!/bin/sh
# Fails, and says where, when a tracked C++ file is not as clang-format would write it.
set -eu
cd "$(dirname "$0")/.."
# A clone that belongs to another account than the one that tests it is read all the same.
git -c safe.directory="$PWD" ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format --dry-run --Werror
