#!/bin/sh
# Fetches the SPF test suite for RFC 7208 into the folder $1: rfc7208-tests.yml.gz as Debian's package python3-spf ships
# it (as documentation; the package itself is not installed), and rfc7208-tests.json made from it.
set -eu
folder=${1:?usage: fetch-spf-suite.sh FOLDER}
here=$(dirname "$(readlink -f "$0")")
mkdir -p "$folder"
if ! [ -s "$folder/rfc7208-tests.yml.gz" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get -q download python3-spf)
    dpkg -x "$work"/python3-spf_*.deb "$work/unpacked"
    cp "$work/unpacked/usr/share/doc/python3-spf/rfc7208-tests.yml.gz" "$folder/"
fi
# Debian's interpreter, by path: it is the one that has the module yaml.
/usr/bin/python3 "$here/../tests/conformance/spf_suite_to_json.py" \
    "$folder/rfc7208-tests.yml.gz" "$folder/rfc7208-tests.json"
