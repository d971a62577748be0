#!/bin/bash
# Installs what it takes to build Defender on a fresh Debian 12. Run as root; nothing here calls sudo.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
    echo "install-build-deps.sh: must be run as root (it calls apt-get)" >&2
    exit 2
fi
export DEBIAN_FRONTEND=noninteractive

packages=(
    g++ cmake ninja-build pkg-config ccache git ca-certificates
    libmilter-dev libspf2-dev libopendkim-dev libc-ares-dev libboost-dev
    libpsl-dev publicsuffix libidn2-dev
    libsqlite3-dev nlohmann-json3-dev libtomlplusplus-dev libcli11-dev
    libspdlog-dev libfmt-dev prometheus-cpp-dev libsystemd-dev libssl-dev
    libpq-dev libpugixml-dev zlib1g-dev libcurl4-openssl-dev
)

apt-get update
apt-get install -y --no-install-recommends "${packages[@]}"
