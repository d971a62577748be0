#!/usr/bin/python3
"""The store fails under the milter: the disk is full or read-only, the file is locked or damaged, PostgreSQL has no
connection left, hangs, or hands over to another server.

Each check says that mail flows meanwhile, what the log says, that every message that was let pass is recorded once
when it is over, and that the milter holds no more afterwards than before.
"""

import contextlib
import itertools
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab.faults import (MilterLoad, expect_shrunk, figure, fill_disk, footprint, mount_small_disk,  # noqa: E402
                        open_files, recorded_wrongly, with_own_mounts)
from lab.milter_lab import MilterLab  # noqa: E402
from lab.postgresql import Postgresql  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import GOOD_IP  # noqa: E402
from messages import plain, signed  # noqa: E402

# Above the longest wait between two tries to open the store.
PATIENCE = 90

# To the file, of a milter with PostgreSQL: two of the record writer and one of the mover; and two that it opens later,
# one that copies the WAL once it is long enough and one that moves failure reports.
CONNECTIONS = 5


class Lab(MilterLab):
    def __init__(self, programs):
        super().__init__(programs)
        self.messages = [signed(self.keys), plain(), plain("a@none.example")]

    def load(self, milter, count, prefix, connections=4):
        """Hands over so many messages at least; their queue ids. All of them have to pass."""
        with MilterLoad(milter.address, self.messages, connections, prefix, mail_from="ann@good.example",
                        ip=GOOD_IP) as load:
            load.wait_accepted(count)
        expect_equal(load.others, {}, f"answers of {prefix}")
        figure(f"{prefix}: {len(load.accepted)} messages passed, the slowest in {load.slowest:.2f} s")
        return load.accepted


def wait_all_written(milter):
    begun = time.monotonic()
    wait_for(lambda: milter.status()["store"]["queued"] == 0, "what was kept to be written", PATIENCE)
    figure(f"all written {time.monotonic() - begun:.1f} s after the cause was mended")


def expect_recorded(milter, accepted):
    expect_equal(recorded_wrongly(accepted, milter.queue_ids()), {}, "records")
    expect_equal(milter.status()["store"]["lost"], 0, "records lost")


def expect_told_once(milter, log_id, text):
    lines = [line for line in milter.log().splitlines() if log_id in line]
    expect_equal(len(lines), 1, f"{log_id} lines in the log: {lines}")
    expect(text in lines[0], f"{text!r} in {lines[0]!r}")


def disk_full(lab):
    folder = lab.programs.folder / "full"
    mount_small_disk(folder, "4m")
    milter = lab.milter("full", {"store": {"path": str(folder / "defender.db")}})
    accepted = lab.load(milter, 40, "roomy")
    before = footprint(milter.process.pid)
    ballast = fill_disk(folder)
    accepted += lab.load(milter, 100, "full")
    expect_told_once(milter, "STORE_WRITE_FAILED", "full")
    kept = milter.status()["store"]["queued"]
    expect(kept > 0, "nothing is kept although the disk is full")
    ballast.unlink()
    wait_all_written(milter)
    wait_for(lambda: "STORE_RECOVERED" in milter.log(), "the log to tell that it is over")
    accepted += lab.load(milter, 20, "again")
    expect_recorded(milter, accepted)
    expect_shrunk(milter.process.pid, before)
    figure(f"{kept} records kept; before {before}; afterwards {footprint(milter.process.pid)}")
    milter.stop()


def disk_full_to_the_end(lab):
    """Told to end while the disk is still full: what is lost by that is told with its number."""
    folder = lab.programs.folder / "fullend"
    mount_small_disk(folder, "4m")
    milter = lab.milter("fullend", {"store": {"path": str(folder / "defender.db")}})
    lab.load(milter, 10, "before")
    fill_disk(folder)
    lab.load(milter, 60, "lost")
    kept = milter.status()["store"]["queued"]
    milter.stop()
    lost = re.search(r"STORE_RECORDS_LOST .*records=(\d+)", milter.log())
    expect(lost, "the log does not tell what is lost")
    expect(0 < int(lost[1]) <= kept, f"{lost[0]} with {kept} kept")


def read_only(lab):
    folder = lab.programs.folder / "readonly"
    mount_small_disk(folder, "16m")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    milter = lab.milter("readonly", {"store": {"path": str(folder / "defender.db")}})
    accepted = lab.load(milter, 20, "readonly")
    line = next(line for line in milter.log().splitlines() if "STORE_OPEN_FAILED" in line)
    expect("Read-only file system" in line, line)
    subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
    wait_all_written(milter)
    expect_recorded(milter, accepted)
    milter.stop()


def locked_by_another(lab):
    """Another process holds the write lock, as a backup or a shell of sqlite3 does."""
    milter = lab.milter("locked")
    accepted = lab.load(milter, 20, "free")
    before = footprint(milter.process.pid)
    with contextlib.closing(sqlite3.connect(milter.settings["store"]["path"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        accepted += lab.load(milter, 60, "locked")
        expect_told_once(milter, "STORE_WRITE_FAILED", "locked")
        other.execute("ROLLBACK")
    wait_all_written(milter)
    accepted += lab.load(milter, 20, "again")
    expect_recorded(milter, accepted)
    expect_shrunk(milter.process.pid, before)
    milter.stop()


def damaged_file(lab):
    """It is no database any more when the milter starts; moved away, a new one takes its place without a restart."""
    milter = lab.milter("damaged")
    path = Path(milter.settings["store"]["path"])
    lab.load(milter, 20, "sound")
    milter.stop()
    path.write_bytes(b"This is no database. " * 4000)
    milter.start()
    accepted = lab.load(milter, 20, "damaged")
    line = next(line for line in milter.log().splitlines() if "STORE_OPEN_FAILED" in line)
    expect("not a database" in line, line)
    move_away(path)
    wait_all_written(milter)
    expect_recorded(milter, accepted)
    milter.stop()


def file_moved_away(lab):
    """An operator renames or deletes the file under the milter: a new one is made, nothing goes into the old one."""
    milter = lab.milter("moved")
    path = Path(milter.settings["store"]["path"])
    lab.load(milter, 20, "inplace")
    move_away(path)
    accepted = lab.load(milter, 60, "moved")
    expect_told_once(milter, "STORE_WRITE_FAILED", "moved away")
    wait_all_written(milter)
    expect_recorded(milter, accepted)
    milter.stop()


def journal_moved_away(lab):
    """The same with PostgreSQL behind it: the records of the new file move on."""
    server = Postgresql(lab.programs.folder, "behind")
    database = Database(lab, "behind", server.connection, server)
    database.load(20, "inplace")
    database.expect_all_moved()
    move_away(Path(database.milter.settings["store"]["path"]))
    database.load(60, "moved")
    wait_all_written(database.milter)
    database.expect_all_moved()
    database.milter.stop()
    server.stop()


def move_away(path):
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{path}.damaged{suffix}")


class Database:
    """A milter whose records move to PostgreSQL."""

    def __init__(self, lab, name, connection, server):
        self.lab = lab
        self.server = server
        self.milter = lab.milter(name, {"store": {"postgresql": connection}})
        self.accepted = []

    def load(self, count, prefix):
        self.accepted += self.lab.load(self.milter, count, prefix)

    def load_until_all_is_open(self):
        """So that what is counted before a fault is all that the milter ever holds."""
        rounds = itertools.count()
        path = self.milter.settings["store"]["path"]

        def all_open():
            self.load(100, f"opening{next(rounds)}x")
            return open_files(self.milter.process.pid).get(path, 0) >= CONNECTIONS

        wait_for(all_open, "every connection to the file", PATIENCE)

    def state(self):
        return self.milter.status()["store"]["postgresql"]

    def expect_all_moved(self):
        begun = time.monotonic()
        wait_for(lambda: not self.milter.queue_ids(), "an empty journal", PATIENCE)
        stored = {queue_id: int(count) for queue_id, count in self.server.rows(
            "SELECT queue_id, count(*) FROM record GROUP BY queue_id")}
        expect_equal(recorded_wrongly(self.accepted, stored), {}, "records in PostgreSQL")
        figure(f"all {len(self.accepted)} moved after {time.monotonic() - begun:.1f} s")


def no_connection_left(lab):
    server = Postgresql(lab.programs.folder, "crowded", "max_connections = 5\nsuperuser_reserved_connections = 0\n")
    others = []
    with contextlib.ExitStack() as held:
        for _ in range(5):
            others.append(held.enter_context(server.session()))
        database = Database(lab, "crowded", server.connection, server)
        database.load(20, "crowded")
        database.milter.process.wait_for_log("STORE_POSTGRESQL_AWAY")
        expect_told_once(database.milter, "STORE_POSTGRESQL_AWAY", "too many clients")
        expect_equal(database.state(), "away", "the status")
    database.expect_all_moved()
    database.milter.stop()
    server.stop()


def server_hangs(lab):
    """It takes connections and questions, and says nothing."""
    server = Postgresql(lab.programs.folder, "hanging")
    database = Database(lab, "hanging", server.connection, server)
    database.load_until_all_is_open()
    database.expect_all_moved()
    before = footprint(database.milter.process.pid)
    with server.frozen():
        begun = time.monotonic()
        database.load(50, "frozen")
        database.milter.process.wait_for_log("STORE_POSTGRESQL_AWAY", PATIENCE)
        figure(f"told that it is away after {time.monotonic() - begun:.0f} s")
        database.load(20, "away")
    database.expect_all_moved()
    wait_for(lambda: database.state() == "connected", "the status to tell that it is back")
    expect_shrunk(database.milter.process.pid, before)
    with server.frozen():
        database.load(20, "ending")
        begun = time.monotonic()
        database.milter.process.send(signal.SIGTERM)
        expect_equal(database.milter.process.wait(), 0, "exit status")
        figure(f"ended within {time.monotonic() - begun:.1f} s while it hangs")
    database.milter.start()
    database.expect_all_moved()
    database.milter.stop()
    server.stop()


def fails_over(lab):
    """The server is killed and its standby takes its place: one connection string names both."""
    first = Postgresql(lab.programs.folder, "first", "synchronous_standby_names = '*'\n")
    second = Postgresql(lab.programs.folder, "second", "synchronous_standby_names = ''\n", standby_of=first)
    both = (f"host=127.0.0.1,127.0.0.1 port={first.port},{second.port} user=defender dbname=defender "
            "target_session_attrs=read-write")
    database = Database(lab, "failover", both, second)
    database.load(40, "first")
    wait_for(lambda: not database.milter.queue_ids(), "records to move to the first server", PATIENCE)
    first.crash()
    database.load(40, "between")
    database.milter.process.wait_for_log("STORE_POSTGRESQL_AWAY", PATIENCE)
    second.promote()
    database.load(40, "second")
    database.expect_all_moved()
    database.milter.process.wait_for_log("STORE_POSTGRESQL_BACK", PATIENCE)
    database.milter.stop()
    second.stop()


CHECKS = [disk_full, disk_full_to_the_end, read_only, locked_by_another, damaged_file, file_moved_away,
          journal_moved_away, no_connection_left, server_hangs, fails_over]


def main():
    with_own_mounts()
    return run_checks("faults_store_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
