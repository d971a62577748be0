# Sourced by the tests of this folder: build_packages [FOLDER] makes the Debian packages in $work/debs, of the programs
# that are built in FOLDER or, without one, as a release. An earlier build is taken up again.
# shellcheck shell=bash disable=SC2154

build_packages() {
    local built=$1
    say "building the packages"
    copy_tree "$shared/tree"
    rm -rf "$work/debs"
    (
        cd "$shared/tree"
        [ -z "$built" ] || export DEFENDER_BUILT=$built
        DEB_BUILD_OPTIONS="noautodbgsym parallel=${DEFENDER_JOBS:-1} ${DEB_BUILD_OPTIONS:-}" \
            dpkg-buildpackage -b -us -uc -nc > "$work/build.log" 2>&1
    ) || { tail -40 "$work/build.log" >&2; fail "dpkg-buildpackage"; }
    mkdir "$work/debs"
    mv "$shared"/defender-*.deb "$work/debs"
    mv "$shared"/defender_*.buildinfo "$shared"/defender_*.changes "$work/debs"
    expect "lintian has nothing to say" \
        lintian --allow-root --fail-on error,warning "$work/debs"/*.changes
    [ -n "$built" ] || check_hardening
}

check_hardening() {
    local unpacked=$work/unpacked package
    rm -rf "$unpacked"
    for package in "$work"/debs/*.deb; do dpkg -x "$package" "$unpacked"; done
    expect "the programs are hardened" /usr/bin/python3 tests/release/hardening_test.py \
        "$unpacked"/usr/sbin/defender-milter "$unpacked"/usr/sbin/defender-reporter "$unpacked"/usr/bin/defenderctl
}
