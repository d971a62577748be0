# Debian 12 in a folder, for the tests of packages and container: sourced by them, after `work` is set to the folder of
# the test. The base is kept in build/packaging for both. Nothing of the host is touched but these folders; the programs
# run in a mount and a process namespace of their own and end with the test.
# shellcheck shell=bash disable=SC2154

mirror=${DEFENDER_MIRROR:-http://deb.debian.org/debian}
shared=$PWD/build/packaging
programs_of_debian="env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root"

say() { echo "== $*" >&2; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# expect WHAT COMMAND…: fails, and says what was expected, where the command does.
expect() {
    local what=$1
    shift
    "$@" > "$work/last.log" 2>&1 || { cat "$work/last.log" >&2; fail "$what ($*)"; }
    echo "ok    $what" >&2
}

# expect_not WHAT COMMAND…: the other way round.
expect_not() {
    local what=$1
    shift
    if "$@" > "$work/last.log" 2>&1; then cat "$work/last.log" >&2; fail "$what ($*)"; fi
    echo "ok    $what" >&2
}

# in_namespaces ARGUMENT…: runs the script itself once more, where its mounts and processes are its own.
in_namespaces() {
    [ "$(id -u)" = 0 ] || fail "needs root"
    [ -n "${DEFENDER_IN_NAMESPACES:-}" ] ||
        DEFENDER_IN_NAMESPACES=yes exec unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
}

# inside FOLDER COMMAND…: in that Debian, with nothing of the caller's environment.
inside() {
    local folder=$1
    shift
    # shellcheck disable=SC2086 # words on purpose
    $programs_of_debian chroot "$folder" "$@"
}

# Several tests may want the base at the same moment; it is made once and kept.
make_base() {
    mkdir -p "$shared"
    exec 9> "$shared/base.lock"
    flock 9
    if [ ! -e "$shared/base" ]; then
        say "making Debian 12 in $shared/base"
        rm -rf "$shared/base.new"
        debootstrap --variant=minbase --include=ca-certificates bookworm "$shared/base.new" "$mirror" \
            > "$shared/debootstrap.log" 2>&1 || { tail -20 "$shared/debootstrap.log" >&2; fail debootstrap; }
        # invoke-rc.d asks this file before it starts anything; 101 means no.
        printf '#!/bin/sh\nexit 101\n' > "$shared/base.new/usr/sbin/policy-rc.d"
        chmod 755 "$shared/base.new/usr/sbin/policy-rc.d"
        mv "$shared/base.new" "$shared/base"
    fi
    exec 9>&-
}

# fresh_root FOLDER: a copy of the base there, with /proc, and the packages that were fetched before at hand.
fresh_root() {
    local folder=$1
    rm -rf "$folder"
    cp -a "$shared/base" "$folder"
    cp /etc/resolv.conf "$folder/etc/resolv.conf"
    mount -t proc proc "$folder/proc"
    mkdir -p "$shared/archives"
    mount --bind "$shared/archives" "$folder/var/cache/apt/archives"
}

# copy_tree FOLDER: the tracked files as they are now, with what a build left in FOLDER/build.
copy_tree() {
    local folder=$1
    mkdir -p "$folder"
    find "$folder" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    git -c safe.directory="$PWD" ls-files -z | tar --null -T - -c | tar -x -C "$folder"
}

# wait_until WHAT COMMAND…: until the command succeeds, for a minute at most.
wait_until() {
    local what=$1 end=$((SECONDS + 60))
    shift
    until "$@" > "$work/last.log" 2>&1; do
        [ $SECONDS -lt $end ] || { cat "$work/last.log" >&2; fail "waited in vain: $what"; }
        sleep 0.1
    done
    echo "ok    $what" >&2
}
