#!/bin/sh
# Builds Defender from this tree, installs it, and starts defender-milter.
# For Debian 12, as root. Run again after an update of the tree; settings that exist are kept.
set -eu

cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "scripts/install.sh: run me as root" >&2; exit 1; }

settings=/etc/defender/defender.toml
postfix_folder=/var/spool/postfix/defender

build_and_install() {
    cmake --preset release
    cmake --build build/release --target defender-milter defender-reporter defenderctl
    cmake --install build/release
}

make_user_and_folders() {
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers /usr/lib/sysusers.d/defender.conf
    elif ! getent passwd defender >/dev/null; then
        useradd --system --user-group --home-dir /var/lib/defender --shell /usr/sbin/nologin defender
    fi
    install -d -o defender -g defender -m 0755 /run/defender
    install -d -o defender -g defender -m 0750 /var/lib/defender
    install -d -m 0755 /etc/defender
}

# Debian's Postfix runs its smtpd chrooted in its queue: the socket goes there, readable for group postfix.
place_socket_for_postfix() {
    getent group postfix >/dev/null && [ -d /var/spool/postfix ] || return 0
    install -m 0644 systemd/defender-postfix.tmpfiles.conf /usr/lib/tmpfiles.d/defender-postfix.conf
    install -d -o defender -g postfix -m 2710 "$postfix_folder"
    sed -i "s|^socket = \"unix:/run/defender/milter.sock\"|socket = \"unix:$postfix_folder/milter.sock\"|" "$settings"
}

install_settings() {
    [ -e "$settings" ] && return 0
    install -m 0644 conf/defender.toml "$settings"
    place_socket_for_postfix
}

start_milter() {
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl enable defender-milter.service defender-expire.timer
        systemctl restart defender-milter.service defender-expire.timer
    else
        # No systemd (a container): the milter runs in the background, its log beside the system's.
        pidfile=/run/defender-milter.pid
        start-stop-daemon --stop --oknodo --quiet --retry 90 --pidfile "$pidfile" --exec /usr/sbin/defender-milter
        start-stop-daemon --start --background --make-pidfile --pidfile "$pidfile" --chuid defender:defender \
            --umask 0027 --output /var/log/defender-milter.log --exec /usr/sbin/defender-milter
    fi
}

wait_until_listening() {
    for _ in $(seq 1 60); do
        # What else may be wrong is told at the end.
        defenderctl status --json 2>/dev/null | grep -q '"listening":true' && return 0
        sleep 0.5
    done
    echo "scripts/install.sh: defender-milter is installed but does not listen; see its log" >&2
    exit 1
}

scripts/install-build-deps.sh
build_and_install
make_user_and_folders
install_settings
defender-milter --check-config
start_milter
wait_until_listening
defenderctl status || :
