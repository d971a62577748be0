"""What makes a host go wrong around a process: limits that close in while it runs, small disks, hostile loads; and
how much the process holds, so that a test can see that it lets go of it again."""

import contextlib
import os
import re
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from lab.milter_client import MilterClient, MilterClosed
from lab.process import LabError, wait_for

OWN_MOUNTS = "DEFENDER_LAB_OWN_MOUNTS"
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def with_own_mounts():
    """Runs this program again in a mount namespace of its own, so that what it mounts is gone with it."""
    if os.environ.get(OWN_MOUNTS) == str(os.getppid()):
        return
    done = subprocess.run(["unshare", "--mount", sys.executable, *sys.argv], check=False,
                          env={**os.environ, OWN_MOUNTS: str(os.getpid())})
    sys.exit(done.returncode)


def mount_small_disk(path, size):
    """A file system of its own at `path` that is full after `size` (as tmpfs has it: "2m")."""
    Path(path).mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(path)], check=True)


def fill_disk(path):
    """Takes all the room that there is below `path`; the file that has it is given back."""
    ballast = Path(path) / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    return ballast


@dataclass
class Footprint:
    """What a process holds."""

    resident_kb: int
    descriptors: int
    threads: int

    def __str__(self):
        return f"{self.resident_kb / 1024:.1f} MB, {self.descriptors} descriptors, {self.threads} threads"


def footprint(pid):
    folder = Path("/proc") / str(pid)
    return Footprint(int((folder / "statm").read_text().split()[1]) * PAGE_KB,
                     len(os.listdir(folder / "fd")), len(os.listdir(folder / "task")))


def has_sanitizer(pid):
    """By the terabytes of address space that sanitizers reserve."""
    octets = int((Path("/proc") / str(pid) / "statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return octets >> 40 > 0


def expect_shrunk(pid, before, more_kb=8192, descriptors=2, threads=2):
    """Waits until the process holds what it did, but for these margins; LabError where it does not come to that. A
    sanitizer holds back memory that was given back, so what it holds says nothing."""
    sanitized = has_sanitizer(pid)

    def shrunk():
        now = footprint(pid)
        return ((sanitized or now.resident_kb <= before.resident_kb + more_kb)
                and now.descriptors <= before.descriptors + descriptors
                and now.threads <= before.threads + threads)

    try:
        wait_for(shrunk, "the footprint to shrink")
    except LabError:
        raise LabError(f"before {before}; afterwards {footprint(pid)}: {open_files(pid)}") from None


def open_files(pid):
    """What the descriptors of a process stand for, each with how often."""
    names = []
    for link in (Path("/proc") / str(pid) / "fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            names.append(re.sub(r":\[\d+\]$", "", os.readlink(link)))
    return {name: names.count(name) for name in sorted(set(names))}


def processor_seconds(pid):
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def limited(pid, which, most):
    """The process has this soft limit (resource.RLIMIT_…) as long as the context lasts."""
    before = resource.prlimit(pid, which)
    resource.prlimit(pid, which, (most, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, which, before)


class MemoryGroup:
    """A memory control group of the test's own, of version 1 or 2; the kernel kills what is in it where it wants more.

    What a process had before it was moved there does not count. Gone with the context, once it is empty.
    """

    ROOT = Path("/sys/fs/cgroup")

    def __init__(self, name, octets):
        self._first = (self.ROOT / "memory").is_dir()
        above = self.ROOT / "memory" if self._first else self.ROOT
        self._folder = above / f"{name}-{os.getpid()}"
        self._octets = octets

    @classmethod
    def available(cls):
        if (cls.ROOT / "memory").is_dir():
            return os.access(cls.ROOT / "memory" / "cgroup.procs", os.W_OK)
        handed_down = cls.ROOT / "cgroup.subtree_control"
        return os.access(handed_down, os.W_OK) and "memory" in handed_down.read_text().split()

    def __enter__(self):
        self._folder.mkdir()
        self._write("memory.limit_in_bytes" if self._first else "memory.max", self._octets)
        # No way out into swap space, where the kernel counts that.
        if self._first and (self._folder / "memory.memsw.limit_in_bytes").exists():
            self._write("memory.memsw.limit_in_bytes", self._octets)
        elif (self._folder / "memory.swap.max").exists():
            self._write("memory.swap.max", 0)
        return self

    def add(self, pid):
        self._write("cgroup.procs", pid)

    def __exit__(self, *_):
        wait_for(lambda: not (self._folder / "cgroup.procs").read_text(), "the control group to be empty")
        self._folder.rmdir()

    def _write(self, file, value):
        (self._folder / file).write_text(str(value))


class MilterLoad:
    """Connections that hand messages to a milter one after another until they are told to stop.

    `accepted` are the queue ids of the messages that the milter let pass, `others` what was answered or happened
    to the rest. Where the milter is away, or cut a connection, the next try comes a moment later. Unless they
    `hang_on`, each message has a connection of its own.
    """

    def __init__(self, address, messages, connections=4, prefix="load", timeout=60, hang_on=True,
                 **envelope):
        self._address = address
        self._messages = messages
        self._prefix = prefix
        self._timeout = timeout
        self._hang_on = hang_on
        self._envelope = envelope
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.accepted = []
        self.others = {}
        self.slowest = 0.0
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(connections)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_accepted(self, more):
        """Until so many more messages have passed."""
        wanted = len(self.accepted) + more
        wait_for(lambda: len(self.accepted) >= wanted, f"{more} more messages to pass")

    def _run(self, number):
        count = 0
        while not self._stop.is_set():
            try:
                with MilterClient(self._address, timeout=self._timeout) as client:
                    connected = False
                    while not self._stop.is_set() and (self._hang_on or not connected):
                        count += 1
                        message = self._messages[count % len(self._messages)]
                        self._one(client, message, f"{self._prefix}{number}x{count}", connected)
                        connected = True
            except (OSError, MilterClosed) as error:
                self._note(type(error).__name__)
                self._stop.wait(0.05)

    def _one(self, client, message, queue_id, connected):
        begun = time.monotonic()
        outcome = client.message(message, queue_id=queue_id, connected=connected, **self._envelope)
        took = time.monotonic() - begun
        with self._lock:
            self.slowest = max(self.slowest, took)
        if outcome.verdict in ("continue", "accept"):
            with self._lock:
                self.accepted.append(queue_id)
        else:
            self._note(outcome.reply or outcome.verdict)

    def _note(self, what):
        with self._lock:
            self.others[what] = self.others.get(what, 0) + 1


def recorded_wrongly(accepted, stored):
    """Those of the queue ids that are not recorded exactly once, with how often they are."""
    return {queue_id: stored.get(queue_id, 0) for queue_id in accepted if stored.get(queue_id, 0) != 1}


def figure(text):
    """A figure that was measured, printed below the check that it belongs to."""
    print(f"      {text}", flush=True)
