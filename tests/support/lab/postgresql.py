"""A private PostgreSQL: a cluster in a folder of its own, under an account without rights, on a loopback
port.

It can be stopped, killed and started again, so that a test can see what the programs do meanwhile. Needs
root, as initdb refuses to run under it and the server runs under another account.
"""

import contextlib
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
    """`connection` is what the setting store.postgresql takes. `more_conf` are lines for postgresql.conf, where the
    last one that sets a parameter counts; `standby_of` is the server that this one follows from the beginning."""

    def __init__(self, folder, name="postgresql", more_conf="", standby_of=None):
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
        if standby_of:
            self._follow(standby_of)
        else:
            self._make()
        self._add_to_conf(POSTGRESQL_CONF.format(port=self.port) + (more_conf if standby_of else ""))
        self.start()
        if not standby_of:
            self._psql("postgres", f"CREATE DATABASE {USER} TEMPLATE template0 ENCODING 'UTF8'")
            if more_conf:  # such as that commits wait for a standby, which is there only later
                self._add_to_conf(more_conf)
                self.stop()
                self.start()

    def _add_to_conf(self, lines):
        with open(self._data / "postgresql.conf", "a", encoding="ascii") as conf:
            conf.write(lines)

    def _follow(self, other):
        self._data.mkdir(mode=0o700)
        shutil.chown(self._data, self._account.pw_uid, self._account.pw_gid)
        done = subprocess.run([*self._under_account(), str(self._programs / "pg_basebackup"), "-D", str(self._data),
                               "-h", "127.0.0.1", "-p", str(other.port), "-U", USER, "-R", "-c", "fast",
                               "--no-sync"], capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise LabError(f"pg_basebackup: {done.stdout}{done.stderr}")

    def _make(self):
        self._data.mkdir(mode=0o700)
        shutil.chown(self._data, self._account.pw_uid, self._account.pw_gid)
        done = subprocess.run([*self._under_account(), str(self._programs / "initdb"), "-D", str(self._data),
                               "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
                              capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise LabError(f"initdb: {done.stdout}{done.stderr}")

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

    def connection_as(self, user):
        """As `connection`, of another user."""
        return self.connection.replace(f"user={USER}", f"user={user}")

    def promote(self):
        """The standby takes over."""
        self._psql("postgres", "SELECT pg_promote()")

    @contextlib.contextmanager
    def session(self):
        """A connection of somebody else's, held as long as the context lasts."""
        held = subprocess.Popen([str(self._programs / "psql"), "-XAtq", "-h", "127.0.0.1", "-p", str(self.port),
                                 "-U", USER, "-d", "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            held.stdin.write(b"SELECT 1;\n")
            held.stdin.flush()
            held.stdout.readline()
            yield held
        finally:
            held.communicate()

    @contextlib.contextmanager
    def frozen(self):
        """No process of the server runs as long as the context lasts; its sockets stay open."""
        group = [int(path.name) for path in Path("/proc").iterdir()
                 if path.name.isdigit() and _parent(path) == self.process.pid] + [self.process.pid]
        for pid in group:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in group:
                _signal(pid, signal.SIGCONT)

    def rows(self, query):
        """What a query gives: a list of rows, each a list of texts; NULL is an empty text."""
        return self._psql(USER, query)

    def rows(self, query, user=USER):
        """What a query gives: a list of rows, each a list of texts; NULL is an empty text."""
        return self._psql(USER, query, user)

    def _psql(self, database, query, user=USER):
        done = subprocess.run([str(self._programs / "psql"), "-XAtq", "--csv", "-v", "ON_ERROR_STOP=1",
                               "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", database,
                               "-c", query], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(f"psql: {query}: {done.stderr}")
        return list(csv.reader(io.StringIO(done.stdout)))

    def log(self):
        return self.process.log()


def _parent(process):
    """The parent of a process of /proc; 0 where it is gone."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


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
