#!/bin/bash
# Installs what the tests need besides what the build needs (scripts/install-build-deps.sh), on Debian 12.
# Run as root. No daemon is started: the tests start their own, on loopback ports and in folders of their own.
# Postfix and Sendmail exclude each other as packages, so the tests unpack both without installing either; here
# stand only the libraries that the unpacked programs need.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
    echo "install-test-deps.sh: must be run as root (it calls apt-get)" >&2
    exit 2
fi
export DEBIAN_FRONTEND=noninteractive

packages=(
    libgtest-dev libgmock-dev
    clang libclang-rt-dev clang-format lld llvm
    knot m4 openssl sqlite3 procps iproute2 util-linux
    python3 python3-authres python3-cryptography python3-dkim python3-dnspython python3-nacl python3-yaml
    postgresql libxml2-utils libmail-dmarc-perl libdbd-sqlite3-perl
    debhelper lintian debootstrap systemd binutils
    valgrind
    libicu72 libsasl2-2 libnsl2 liblockfile1 libdb5.3
)

# invoke-rc.d asks this file before it starts anything; 101 means no. One that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi

apt-get update

# Debian's PostgreSQL makes a cluster when it is installed, which the tests have no use for. Settings of it that
# are there already are left alone.
clusters=/etc/postgresql-common/createcluster.conf
if [ ! -e "$clusters" ]; then
    apt-get install -y --no-install-recommends postgresql-common
    echo 'create_main_cluster = false' >> "$clusters"
fi
apt-get install -y --no-install-recommends "${packages[@]}"
