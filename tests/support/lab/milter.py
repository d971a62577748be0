"""The programs under test: defender-milter with a settings file, and defenderctl on the same file."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.milter_client import MilterClient
from lab.process import (SANITIZER_EXIT, LabError, Process, connects, free_port, sanitizer_env,
                         sanitizer_reports, short_folder, wait_for)

FRONTENDS = ("asio", "libmilter")  # the default first


@dataclass
class Programs:
    """Paths of the programs, the folders that a suite works in, and the milter's front end."""

    milter: Path
    ctl: Path
    folder: Path
    cache: Path
    reporter: Path | None = None
    frontend: str = FRONTENDS[0]


def toml(settings):
    """TOML text of {section: {key: value}}; a list of dicts becomes an array of tables."""
    lines = []
    for section, keys in settings.items():
        tables = []
        lines.append(f"[{section}]")
        for key, value in keys.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                tables += [(key, table) for table in value]
            else:
                lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        for key, table in tables:
            lines.append(f"[[{section}.{key}]]")
            lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in table.items()]
    return "\n".join(lines) + "\n"


def merged(*layers):
    """{section: {key: value}} of several layers, the later ones winning key by key."""
    out = {}
    for layer in layers:
        for section, keys in layer.items():
            out.setdefault(section, {}).update(keys)
    return out


class Milter:
    """One defender-milter on a port of its own.

    `settings` are laid over what the lab needs. Started at once unless `start` is false. stop() says what a
    sanitizer found, and which exit status was not 0, in `problems`.
    """

    def __init__(self, programs, name, settings=None, dns_port=None, start=True, unix=False):
        self._programs = programs
        self.name = name
        self.folder = programs.folder / f"milter-{name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = None if unix else free_port()
        short = short_folder()
        self.socket_path = short / "milter.sock" if unix else None
        self.status_path = short / "status.sock"
        self.conf = self.folder / "defender.toml"
        self.problems = []
        self.process = None
        self._base = {
            "milter": {"socket": f"unix:{self.socket_path}" if unix else f"inet:{self.port}@127.0.0.1",
                       "authserv_id": "mx.lab.example", "status_socket": str(self.status_path),
                       "frontend": programs.frontend},
            "dns": {"servers": [f"127.0.0.1:{dns_port}"] if dns_port else ["127.0.0.1:9"]},
            "trust": {"networks": []},
            "store": {"path": str(self.folder / "defender.db")},
        }
        if unix:
            self._base["milter"]["socket_mode"] = "0666"
        self.configure(settings or {})
        if start:
            self.start()

    @property
    def address(self):
        """For MilterClient."""
        return self.socket_path if self.socket_path else ("127.0.0.1", self.port)

    @property
    def for_postfix(self):
        return f"unix:{self.socket_path}" if self.socket_path else f"inet:127.0.0.1:{self.port}"

    def configure(self, settings):
        """Writes the settings file; a running milter takes it at reload()."""
        self.settings = merged(self._base, settings)
        self.conf.write_text(toml(self.settings))

    def start(self, env=None, wait=True, under=()):
        """`under`: a command that runs the milter in its own process, such as setpriv with its options."""
        command = [*under, str(self._programs.milter), "-c", str(self.conf)]
        self.process = Process(f"{self.name}.milter", command, self._programs.folder,
                               env={**sanitizer_env(self.folder), **(env or {})})
        if wait:
            self.process.wait_alive(self._listens, f"{self.name} to listen")

    def _listens(self):
        if not self.socket_path:
            return connects(self.port)
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_path))
                return True
            except OSError:
                return False

    def reload(self, wait_for_text):
        """SIGHUP, then waits for a log line that holds the text, written after the signal."""
        before = len(self.process.log())
        self.process.send(signal.SIGHUP)
        wait_for(lambda: wait_for_text in self.process.log()[before:], f"{wait_for_text} after a reload")
        return self.process.log()[before:]

    def stop(self):
        try:
            status = self.process.stop()
            if status != 0:
                self.problems.append(f"{self.name} ended with status {status}")
        except LabError as error:
            self.problems.append(str(error))
        self.look_for_reports()

    def look_for_reports(self):
        for report in sanitizer_reports(self.folder):
            self.problems.append(f"{self.name}: sanitizer report\n{report[:6000]}")

    def log(self):
        return self.process.log() if self.process else ""

    def send(self, message, queue_id, **options):
        """Plays a message over a connection of its own; its Outcome."""
        with MilterClient(self.address) as client:
            return client.message(message, queue_id=queue_id, **options)

    def status(self):
        """The status as the socket gives it."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(30)
            client.connect(str(self.status_path))
            text = b""
            while chunk := client.recv(65536):
                text += chunk
        return json.loads(text)

    def ctl(self, *arguments):
        """Runs defenderctl on this milter's settings."""
        env = {**os.environ, **sanitizer_env(self.folder)}
        done = subprocess.run([str(self._programs.ctl), "-c", str(self.conf), *arguments], env=env,
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == SANITIZER_EXIT or done.returncode < 0:
            self.problems.append(f"defenderctl {' '.join(arguments)}: {done.returncode} {done.stderr}")
        return done

    def explain(self, queue_id):
        """A message as `defenderctl explain --json` gives it; None where the queue id is not known."""
        done = self.ctl("explain", "--json", queue_id)
        if done.returncode == 1:
            return None
        if done.returncode != 0:
            raise LabError(f"defenderctl explain {queue_id}: {done.returncode} {done.stdout}{done.stderr}")
        found = json.loads(done.stdout)
        return found[0] if isinstance(found, list) else found

    def record(self, queue_id):
        """The newest record of a message, as {"evidence", "judgement", "reply", "error"}; None where there is
        none. Read from the file by SQLite itself, so that the programs do not vouch for each other."""
        rows = self._rows("SELECT evidence, judgement, reply, error FROM record WHERE queue_id = ? "
                          "ORDER BY id DESC LIMIT 1", queue_id)
        if not rows:
            return None
        evidence, judgement, reply, error = rows[0]
        return {"evidence": json.loads(evidence), "judgement": json.loads(judgement), "reply": reply,
                "error": error}

    def queue_ids(self):
        """Every queue id in the store, with how often it is there."""
        return dict(self._rows("SELECT queue_id, count(*) FROM record GROUP BY queue_id"))

    def _rows(self, query, *parameters):
        """What a query gives; nothing while the milter has no store yet, which looking must not make."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{self.settings['store']['path']}?mode=rw",
                                                    uri=True, timeout=30)) as database:
                return database.execute(query, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if "unable to open" in str(error) or "no such table" in str(error):
                return []
            raise
