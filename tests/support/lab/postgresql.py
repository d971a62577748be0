"""A private PostgreSQL: a cluster in a folder of its own, under an account without rights, on a loopback
port.

It can be stopped, killed and started again, so that a test can see what the programs do meanwhile. Needs
root, as initdb refuses to run under it and the server runs under another account.
"""

import csv
import io
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from lab.process import LabError, Process, connects, free_port, wait_for

ACCOUNTS = ("postgres", "nobody")  # the first that is there
USER = "defender"

# A crash of the machine is not what is tested, and what the server has taken survives its own kill all the
# same. The time zone is one that would show in days that are not counted in UTC.
POSTGRESQL_CONF = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
full_page_writes = off
max_connections = 60
shared_buffers = 32MB
timezone = 'Pacific/Kiritimati'
log_line_prefix = '%m [%p] %a '
"""


class Postgresql:
    """`connection` is what the setting store.postgresql takes."""

    def __init__(self, folder, name="postgresql"):
        if os.geteuid() != 0:
            raise LabError("the private PostgreSQL needs root")
        self.name = name
        self._folder = Path(folder)
        self._data = self._folder / name
        self._programs = _programs()
        self._account = _account()
        self.port = free_port()
        self.connection = f"host=127.0.0.1 port={self.port} user={USER} dbname={USER}"
        self.process = None
        self._make()
        self.start()
        self._psql("postgres", f"CREATE DATABASE {USER} TEMPLATE template0 ENCODING 'UTF8'")

    def _make(self):
        self._data.mkdir(mode=0o700)
        shutil.chown(self._data, self._account.pw_uid, self._account.pw_gid)
        done = subprocess.run([*self._under_account(), str(self._programs / "initdb"), "-D", str(self._data),
                               "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
                              capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise LabError(f"initdb: {done.stdout}{done.stderr}")
        with open(self._data / "postgresql.conf", "a", encoding="ascii") as conf:
            conf.write(POSTGRESQL_CONF.format(port=self.port))

    def _under_account(self):
        return ["setpriv", f"--reuid={self._account.pw_uid}", f"--regid={self._account.pw_gid}",
                "--clear-groups", "--"]

    def start(self):
        """Starts the server; after a kill it first mends what the kill left."""
        command = [*self._under_account(), str(self._programs / "postgres"), "-D", str(self._data)]
        self.process = Process(self.name, command, self._folder, cwd="/")
        self.process.wait_alive(self._answers, f"{self.name} to answer")

    def _answers(self):
        if not connects(self.port):
            return False
        done = subprocess.run([str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)], check=False)
        return done.returncode == 0

    def stop(self):
        """An orderly end that cuts every connection off."""
        self.process.stop(signal.SIGINT)

    def crash(self):
        """An end without any order, after which the server has to recover."""
        self.process.stop(signal.SIGQUIT)
        wait_for(lambda: not (self._data / "postmaster.pid").exists() or not connects(self.port),
                 f"the end of {self.name}")

    def rows(self, query):
        """What a query gives: a list of rows, each a list of texts; NULL is an empty text."""
        return self._psql(USER, query)

    def _psql(self, database, query):
        done = subprocess.run([str(self._programs / "psql"), "-XAtq", "--csv", "-v", "ON_ERROR_STOP=1",
                               "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database,
                               "-c", query], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"psql: {query}: {done.stderr}")
        return list(csv.reader(io.StringIO(done.stdout)))

    def log(self):
        return self.process.log()


def _programs():
    """The folder of the newest server that is installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders:
        raise LabError("PostgreSQL is not installed below /usr/lib/postgresql")
    return folders[-1]


def _account():
    for name in ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LabError(f"none of the accounts {', '.join(ACCOUNTS)} is there")
