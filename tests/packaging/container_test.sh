#!/bin/bash
# Takes the steps of the Containerfile's last stage in a Debian 12 in a folder, where there is no builder of containers,
# and runs what comes of it as a container would: as its user, its root read-only, its volumes mounted. Run as root;
# Debian's mirror must be in reach.
#
#   tests/packaging/container_test.sh [--built FOLDER]
#     --built FOLDER  packs the programs that are built in that CMake folder, instead of building them as a release
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$PWD/build/packaging/container
. tests/packaging/debian_root.sh
in_namespaces "$@"

built=
[ "${1:-}" != --built ] || built=$(realpath "${2:?--built wants a folder}")
image=$work/root

mkdir -p "$work"
. tests/packaging/build_packages.sh

# The lines of the last stage, a continued one as one.
last_stage() {
    sed -e ':more' -e '/\\$/N' -e 's/\\\n *//' -e 't more' Containerfile | awk '/^FROM/ { stage = "" } { stage = stage $0 "\n" }
        END { printf "%s", stage }'
}

# value_of INSTRUCTION: what stands behind it in the last stage.
value_of() {
    last_stage | sed -n "s/^$1 //p"
}

take_steps() {
    local instruction rest
    while read -r instruction rest; do
        case $instruction in
            RUN) expect "RUN $rest" inside "$image" sh -c "$rest" < /dev/null ;;
            COPY) copy_from_build "$rest" ;;
            FROM | ENV | USER | VOLUME | ENTRYPOINT | '#'* | '') ;;
            *) fail "the Containerfile has $instruction, which this test does not know" ;;
        esac
    done < <(last_stage)
}

# What the stage "build" hands on are the packages, which were built here.
copy_from_build() {
    [ "$1" = "--from=build /*.deb /packages/" ] || fail "the Containerfile copies $1"
    mkdir "$image/packages"
    cp "$work"/debs/*.deb "$image/packages"
}

# The container's own view: root read-only, the volumes and the settings mounted.
mount_as_container() {
    umount "$image/var/cache/apt/archives"
    printf '[milter]\nauthserv_id = "mx.example.net"\n[dns]\nservers = ["127.0.0.1:9"]\n' > "$work/defender.toml"
    mount --bind "$image" "$image"
    local volume
    for volume in $(value_of VOLUME); do
        [ "$(inside "$image" stat -c %U "$volume")" = "$user" ] || fail "$volume is not the user's"
        mount -t tmpfs -o "uid=$(inside "$image" id -u "$user"),gid=$(inside "$image" id -g "$user")" tmpfs "$image$volume"
    done
    mount --bind "$work/defender.toml" "$image/etc/defender/defender.toml"
    mount -t proc proc "$image/proc"
    mount -o remount,bind,ro "$image"
}

as_user="env $(value_of ENV) setpriv --reuid $(value_of USER) --regid $(value_of USER) --init-groups --no-new-privs --bounding-set -all"
in_container() {
    # shellcheck disable=SC2086 # words on purpose
    inside "$image" $as_user "$@"
}

build_packages "$built"
make_base
fresh_root "$image"
take_steps
user=$(value_of USER)
entrypoint=$(value_of ENTRYPOINT | tr -d '[]"')
expect_not "there is no systemd in it" test -e "$image/usr/bin/systemctl"
expect_not "nothing of the building is left" test -e "$image/packages"
expect "it does not run as root" test "$(inside "$image" id -u "$user")" -ne 0
mount_as_container

expect "the settings are taken" in_container "$entrypoint" --check-config
# shellcheck disable=SC2086 # words on purpose
(exec $programs_of_debian chroot "$image" $as_user "$entrypoint") > "$work/out" 2> "$work/err" &
milter=$!
wait_until "the milter listens" in_container defenderctl status
expect "it has its environment" grep -qz "^$(value_of ENV)\$" "/proc/$milter/environ"
expect "it logs to the standard error stream" grep -q MILTER_READY "$work/err"
expect_not "it can write nothing but its volumes" in_container sh -c 'echo > /etc/defender/other || echo > /tmp/other'
kill "$milter"
wait "$milter" || fail "the milter ended with status $?"
expect "it ended in order" grep -q MILTER_STOPPED "$work/err"
expect "its store is in the volume" in_container test -s /var/lib/defender/defender.db
expect "the reporter is in it" in_container defender-reporter --once
say "all is as it should be"
