"""Processes, ports, folders and waiting: what every part of the lab stands on."""

import atexit
import errno
import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SANITIZER_EXIT = 66  # what a sanitized program ends with after a report
# A machine that builds and tests at once can be slow; a condition that holds ends its wait at once.
PATIENCE = float(os.environ.get("DEFENDER_LAB_PATIENCE", "60"))


class LabError(Exception):
    """The lab itself did not come up, as opposed to a test that failed."""


def wait_for(condition, what, seconds=PATIENCE, interval=0.02):
    """Calls `condition` until it gives something true, and gives that back; LabError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(interval)


def connects(port, host="127.0.0.1"):
    """Whether something listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


class Ports:
    """Loopback ports below the ephemeral range, each held by a lock so that suites can run side by side."""

    def __init__(self):
        self._folder = Path(tempfile.gettempdir()) / "defender-lab-ports"
        self._folder.mkdir(mode=0o1777, exist_ok=True)
        self._held = []

    def take(self):
        for _ in range(500):
            port = random.SystemRandom().randrange(20000, 32000)
            lock = open(self._folder / str(port), "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            if self._free(port):
                self._held.append(lock)
                return port
            lock.close()
        raise LabError("no free port between 20000 and 32000")

    @staticmethod
    def _free(port):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:
                        return False
                    raise
        return True


PORTS = Ports()


def free_port():
    return PORTS.take()


def make_folder(wanted):
    """An empty folder at `wanted`; under /tmp where accounts without rights could not reach into `wanted`.

    Postfix and Sendmail deliver under accounts of their own, which must be able to pass every folder above.
    """
    path = Path(wanted).resolve()
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    path.chmod(0o755)
    if all(parent.stat().st_mode & 0o001 for parent in path.parents):
        return path
    other = Path(tempfile.mkdtemp(prefix="defender-lab-"))
    other.chmod(0o755)
    atexit.register(shutil.rmtree, other, ignore_errors=True)
    return other


def short_folder():
    """A folder whose path leaves room for the name of a unix socket (107 octets); removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="dfl-", dir="/tmp"))
    path.chmod(0o755)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


class Process:
    """One program: its output goes to a file, it is ended by its own process id."""

    def __init__(self, name, command, folder, env=None, cwd=None):
        self.name = name
        self.log_path = Path(folder) / f"{name}.log"
        self._log = open(self.log_path, "ab")
        self.started_at = self.log_path.stat().st_size
        full_env = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        full_env.update(env or {})
        self._popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                       env=full_env, cwd=cwd, start_new_session=True)
        self.pid = self._popen.pid
        atexit.register(self.kill)

    def running(self):
        return self._popen.poll() is None

    def send(self, number):
        if self.running():
            self._popen.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """The exit status, negative for a signal; LabError where it does not end."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name} did not end within {seconds:.0f} s") from None

    def stop(self, number=signal.SIGTERM, seconds=PATIENCE):
        """Asks it to end; kills it and raises where it does not."""
        self.send(number)
        try:
            return self.wait(seconds)
        finally:
            self.kill()

    def kill(self):
        if self.running():
            self._popen.kill()
            self._popen.wait()
        self._log.close()

    def log(self):
        """What it has written since it was started."""
        with open(self.log_path, "rb") as file:
            file.seek(self.started_at)
            return file.read().decode("utf-8", "replace")

    def wait_for_port(self, port, host="127.0.0.1"):
        self.wait_alive(lambda: connects(port, host), f"{self.name} to listen on port {port}")

    def wait_for_log(self, text, seconds=PATIENCE):
        self.wait_alive(lambda: text in self.log(), f"{text!r} in the log of {self.name}", seconds)

    def wait_alive(self, condition, what, seconds=PATIENCE):
        ended = []

        def look():
            # The condition is looked at once more after the end, so that a last line is not missed.
            if not self.running():
                ended.append(True)
            return condition() or ended

        wait_for(look, what, seconds)
        if ended and not condition():
            raise LabError(f"{self.name} ended while waiting for {what}:\n{self.log()[-4000:]}")


def sanitizer_env(folder):
    """Settings under which a sanitized program writes its reports to `folder` and fails after one."""
    prefix = Path(folder) / "sanitizer"
    common = f"log_path={prefix}:exitcode={SANITIZER_EXIT}"
    suppressions = Path(__file__).with_name("tsan.supp")
    return {
        "ASAN_OPTIONS": f"{common}:detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1",
        "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
        "TSAN_OPTIONS": f"{common}:second_deadlock_stack=1:suppressions={suppressions}",
    }


def sanitizer_reports(folder):
    """The text of every report that sanitized programs have left in `folder`."""
    texts = [path.read_text(errors="replace") for path in sorted(Path(folder).glob("sanitizer.*"))]
    return [text for text in texts if text.strip()]
