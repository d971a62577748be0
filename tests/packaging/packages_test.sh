#!/bin/bash
# Builds the Debian packages, installs them in a Debian 12 of their own, upgrades, removes and purges them, and looks
# after each step whether all is as it should be. Run as root; Debian's mirror must be in reach.
#
#   tests/packaging/packages_test.sh [--built FOLDER]
#     --built FOLDER  packs the programs that are built in that CMake folder, instead of building them as a release
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/build/packaging
. tests/packaging/debian_root.sh
in_namespaces "$@"

built=
[ "${1:-}" != --built ] || built=$(realpath "${2:?--built wants a folder}")
debian=$work/root
store=/var/lib/defender/defender.db
settings=/etc/defender/defender.toml
packages=(defender-common defender-tools defender-milter defender-reporter)
old_version=0.0.9~test

mkdir -p "$work"
. tests/packaging/build_packages.sh

# Packages of these programs under an older version, as an upgrade comes from one.
make_old_packages() {
    rm -rf "$work/old"
    mkdir "$work/old"
    local package unpacked
    for package in "$work"/debs/*.deb; do
        unpacked=$work/old/$(basename "$package" .deb)
        dpkg-deb -R "$package" "$unpacked"
        sed -i "s/^Version: .*/Version: $old_version/; s/(= $version)/(= $old_version)/g" "$unpacked/DEBIAN/control"
        dpkg-deb -Znone --root-owner-group -b "$unpacked" "$work/old" > /dev/null
        rm -rf "$unpacked"
    done
}

# install_from FOLDER: the packages in it, and what they need from Debian.
install_from() {
    rm -rf "$debian/packages"
    cp -r "$1" "$debian/packages"
    inside "$debian" sh -c 'apt-get install -y --no-install-recommends /packages/*.deb'
}

# Every path of the root but what dpkg, apt and accounts keep for themselves.
paths() {
    find "$debian" -xdev \( -path "$debian/var/lib/dpkg" -o -path "$debian/var/cache" -o -path "$debian/var/log" \
        -o -path "$debian/packages" -o -path "$debian/proc" -o -path "$debian/tmp" \) -prune -o -print | sort
}

under_defender='setpriv --reuid defender --regid defender --init-groups'
as_defender() {
    # shellcheck disable=SC2086 # words on purpose
    inside "$debian" $under_defender "$@"
}

schema_version() {
    sqlite3 "$debian$store" 'PRAGMA user_version'
}

is_installed() {
    [ "$(inside "$debian" dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$1" 2> /dev/null)" = "ii $2" ]
}

mode_of() {
    inside "$debian" stat -c '%a %U %G' "$1"
}

has_mode() {
    [ "$(mode_of "$1")" = "$2" ]
}

check_installation() {
    local package
    for package in "${packages[@]}"; do
        expect "$package is installed as $1" is_installed "$package" "$1"
    done
    expect "the user is there, and nobody can log in as it" \
        inside "$debian" sh -c 'getent passwd defender | grep -q ":/usr/sbin/nologin$"'
    expect "the state belongs to it alone" has_mode /var/lib/defender "750 defender defender"
    expect "the sockets' folder can be passed by the MTA" has_mode /run/defender "755 defender defender"
    expect "only root writes the settings" has_mode "$settings" "644 root root"
    expect "dpkg knows the settings as a conffile" \
        inside "$debian" sh -c "dpkg-query -W -f '\${Conffiles}' defender-common | grep -q '^ $settings '"
    expect "the milter is enabled" inside "$debian" systemctl is-enabled defender-milter.service
    expect "the reporter is enabled" inside "$debian" systemctl is-enabled defender-reporter.service
    expect "the timer is enabled" inside "$debian" systemctl is-enabled defender-expire.timer
    expect "an instance can be enabled" inside "$debian" systemctl enable defender-milter@second.service
    inside "$debian" systemctl -q disable defender-milter@second.service
    expect "the milter takes the settings" as_defender defender-milter --check-config
    expect "the reporter takes them" as_defender defender-reporter --check-config
    expect "the manuals are there" inside "$debian" sh -c 'ls /usr/share/man/man8/defender-milter.8.gz \
        /usr/share/man/man8/defender-reporter.8.gz /usr/share/man/man1/defenderctl.1.gz \
        /usr/share/man/man5/defender.toml.5.gz /usr/share/man/man7/defender-log.7.gz'
    expect "the roles of the database are there" \
        test -s "$debian/usr/share/doc/defender-common/examples/postgresql-roles.sql"
}

# As the unit starts it, without systemd.
check_milter_runs() {
    # shellcheck disable=SC2086 # words on purpose
    (exec $programs_of_debian chroot "$debian" $under_defender defender-milter) > "$work/milter.log" 2>&1 &
    local milter=$!
    wait_until "the milter listens" as_defender defenderctl status
    expect "its socket is the MTA's to use" has_mode /run/defender/milter.sock "660 defender defender"
    kill "$milter"
    wait "$milter" || fail "the milter ended with status $?"
    expect "it ended in order" grep -q MILTER_STOPPED "$work/milter.log"
    }

build_packages "$built"
version=$(dpkg-parsechangelog -S Version)
make_old_packages
make_base
fresh_root "$debian"
expect "apt knows its packages" inside "$debian" apt-get update
# What the packages need stays behind when they go, so it is there before the paths are noted.
needed=$(for package in "$work"/debs/*.deb; do dpkg-deb -f "$package" Depends; done | tr ',' '\n' | sed 's/|.*//; s/(.*//' |
    grep -v defender | sort -u)
# shellcheck disable=SC2086 # words on purpose
expect "what they need is installed" inside "$debian" apt-get install -y --no-install-recommends $needed
paths > "$work/paths.before"

say "an older version"
expect "it is installed" install_from "$work/old"
check_installation "$old_version"
sqlite3 "$debian$store" < tests/data/store/version-1.sql
inside "$debian" chown defender:defender "$store"
expect "the store is of schema version 1" test "$(schema_version)" = 1
sed -i 's/^level = "info"/level = "debug"/' "$debian$settings"

say "the upgrade"
expect "it is installed" install_from "$work/debs"
check_installation "$version"
expect "the store was migrated" test "$(schema_version)" -gt 1
expect "nothing of the state belongs to anybody else" \
    inside "$debian" sh -c 'test -z "$(find /var/lib/defender ! -user defender)"'
queue_id=$(sqlite3 "$debian$store" 'SELECT queue_id FROM record LIMIT 1')
expect "its record is explained" as_defender defenderctl explain "$queue_id"
expect "the operator's change of the settings stays" grep -q '^level = "debug"' "$debian$settings"
check_milter_runs

say "removal"
expect "they are removed" inside "$debian" apt-get remove -y "${packages[@]}"
for program in usr/sbin/defender-milter usr/sbin/defender-reporter usr/bin/defenderctl; do
    expect_not "$program is gone" test -e "$debian/$program"
done
expect "the settings stay" test -e "$debian$settings"
expect "the records stay" test -e "$debian$store"

say "purge"
expect "they are purged" inside "$debian" apt-get purge -y "${packages[@]}"
expect_not "the settings are gone" test -e "$debian/etc/defender"
expect_not "the records are gone" test -e "$debian/var/lib/defender"
paths > "$work/paths.after"
expect "nothing else is left" diff "$work/paths.before" "$work/paths.after"
say "all is as it should be"
