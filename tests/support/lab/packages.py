"""Postfix, Sendmail, OpenDKIM, OpenDMARC, rspamd and promtool from Debian's packages, unpacked into a folder, not
installed.

The mail servers conflict with each other, and none of them may be started by its maintainer scripts on a machine
that only runs tests. `apt-get download` fetches them, `dpkg -x` unpacks them; both are kept in the build
tree.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from lab.process import LabError

PACKAGES = {
    "postfix": ["postfix"],
    "sendmail": ["sendmail-bin", "sendmail-base", "sendmail-cf", "libwrap0"],
    "faketime": ["libfaketime"],
    "peers": ["opendkim", "opendmarc", "libopendmarc2", "libhashkit2", "liblua5.3-0", "libmemcached11",
              "libopendbx1", "librbl1", "libvbr2"],
    "promtool": ["prometheus"],
    "rspamd": ["rspamd", "libhyperscan5", "libluajit-5.1-2", "libluajit-5.1-common"],
}


def unpacked(name, cache):
    """The folder that holds the unpacked packages of `name`; fetched at the first call, then kept in
    `cache`."""
    cache = Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / name
    with open(cache / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several suites may want it at the same moment
        if not folder.exists():
            _fetch(name, cache, folder)
    return folder


def _fetch(name, cache, folder):
    downloads = cache / f"{name}.debs"
    half = cache / f"{name}.new"
    for path in (downloads, half):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    # Root's download folder is private; apt must not try to drop its rights before it writes there.
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "-q", "download", *PACKAGES[name]]
    done = subprocess.run(command, cwd=downloads, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"cannot fetch {name} (is `apt-get update` needed?):\n{done.stdout}{done.stderr}")
    for package in sorted(downloads.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(half)], check=True)
    for program in half.glob("usr/libexec/sendmail/sendmail"):
        os.chmod(program, 0o755)  # without the set-group-id bit it runs under the account that starts it
    half.rename(folder)
    shutil.rmtree(downloads)
