#!/usr/bin/python3
"""Load for a long time, through a real Postfix and straight to the milter, with reloads and faults mixed in: DNS that
is silent, broken or slow, PostgreSQL that crashes or hangs, a full disk, a locked file, MTAs that hang up.

One milter process lives through all of it. At the end every message that was let pass is recorded once, and memory,
descriptors, threads and the sizes of journal and WAL are what they were when every fault had been there once.
"""

import contextlib
import dataclasses
import random
import resource
import sqlite3
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import smtp  # noqa: E402
from lab.dns_server import Answer, ScriptedDns, Table  # noqa: E402
from lab.faults import (Footprint, MilterLoad, figure, fill_disk, footprint, limited, mount_small_disk,  # noqa: E402
                        recorded_wrongly, with_own_mounts)
from lab.milter import Milter  # noqa: E402
from lab.milter_client import MilterClient, MilterClosed  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.postgresql import Postgresql  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.zones import GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import plain, signed  # noqa: E402

# Above the longest waits between two tries to open the store and to reach PostgreSQL.
PATIENCE = 180
DNS = {"try_timeout_ms": 400, "tries": 2, "total_timeout_ms": 2500, "failure_ttl": 1}


class Background:
    """Runs its _run() on a thread of its own, until `_stop` is set at the end of the context."""

    def __init__(self):
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


class PostfixLoad(Background):
    """Mail through Postfix on one thread; `accepted` are the queue ids of what it took."""

    def __init__(self, port, messages):
        super().__init__()
        self._port = port
        self._messages = messages
        self.accepted = []
        self.others = {}

    def _run(self):
        count = 0
        while not self._stop.is_set():
            count += 1
            try:
                reply = smtp.send(self._port, self._messages[count % len(self._messages)],
                                  mail_from="ann@good.example", ip=GOOD_IP)
            except OSError as error:
                self.others[repr(error)] = self.others.get(repr(error), 0) + 1
                continue
            if reply.code == 250:
                self.accepted.append(reply.queue_id)
            else:
                self.others[reply.code] = self.others.get(reply.code, 0) + 1


@dataclasses.dataclass
class Sample:
    """What the milter held at one moment, and the last fault that had begun by then."""
    seconds: float
    fault: str
    held: Footprint
    wal_mb: float
    journal_mb: float

    def line(self):
        return (f"{self.seconds:.1f}\t{self.fault}\t{self.held.resident_kb}\t{self.held.descriptors}\t"
                f"{self.held.threads}\t{self.wal_mb:.1f}\t{self.journal_mb:.1f}\n")


class Sampler(Background):
    """What the milter holds, looked at all the time, and written to a file of tab-separated values as it is seen."""

    def __init__(self, pid, store, faults, written_to):
        super().__init__()
        self._pid = pid
        self._store = Path(store)
        self._faults = faults
        self._written_to = written_to
        self.samples = []

    def _run(self):
        begun = time.monotonic()
        with open(self._written_to, "w", buffering=1, encoding="ascii") as table:
            table.write("seconds\tlast fault\tmemory (KB)\tdescriptors\tthreads\tWAL (MB)\tjournal (MB)\n")
            while not self._stop.wait(0.5):
                with contextlib.suppress(FileNotFoundError):
                    self.samples.append(Sample(time.monotonic() - begun, self._faults.last, footprint(self._pid),
                                               _size(f"{self._store}-wal") / 1e6, _size(self._store) / 1e6))
                    table.write(self.samples[-1].line())

    def halves(self, what):
        """The median and the most of the first half and of the second one."""
        values = [what(sample) for sample in self.samples]
        first, second = values[:len(values) // 2], values[len(values) // 2:]
        return (statistics.median(first), max(first)), (statistics.median(second), max(second))


def _size(path):
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0


class Lab:
    def __init__(self, programs):
        self.folder = programs.folder
        self.keys = Keys()
        self.table = Table(lab_zone(self.keys).records)
        self.dns = ScriptedDns(self.table)
        self.server = Postgresql(programs.folder)
        self.disk = programs.folder / "disk"
        mount_small_disk(self.disk, "200m")
        self.base = {"policy": {"mode": "monitor"}, "dns": {**DNS, "servers": [f"127.0.0.1:{self.dns.port}"]},
                     "milter": {"message_deadline": 5},
                     "store": {"path": str(self.disk / "defender.db"), "postgresql": self.server.connection}}
        self.milter = Milter(programs, "soaked", self.base)
        self.postfix = Postfix(programs.folder, programs.cache, {"soaked": self.milter.for_postfix})
        self.messages = [signed(self.keys), plain(), plain("a@none.example"), signed(self.keys, domain="quar.example")]

    def stored(self):
        return {queue_id: int(count) for queue_id, count in self.server.rows(
            "SELECT queue_id, count(*) FROM record GROUP BY queue_id")}

    def stop(self):
        self.postfix.stop()
        self.milter.stop()
        self.server.stop()
        self.dns.stop()


class Faults:
    """The things that go wrong, each for a moment, after which all is well again."""

    def __init__(self, lab, chance):
        self._lab = lab
        self._chance = chance
        self.counts = {}
        self.last = "none"
        self._all = [self.reload, self.dns_silent, self.dns_servfail, self.dns_slow, self.database_crashes,
                     self.database_hangs, self.disk_full, self.file_locked, self.mtas_hang_up, self.no_descriptors]

    def run_each(self):
        for fault in self._chance.sample(self._all, len(self._all)):
            self._run(fault)

    def run_one(self):
        self._run(self._chance.choice(self._all))

    def _run(self, fault):
        self.last = fault.__name__
        fault()
        self.counts[fault.__name__] = self.counts.get(fault.__name__, 0) + 1
        time.sleep(self._chance.uniform(0.2, 1.5))  # calm between two faults, of random length

    def _moment(self, most=3.0):
        # How long a fault lasts is what is random here, so this is a span and not a wait for a condition.
        time.sleep(self._chance.uniform(0.2, most))

    def reload(self):
        dns = {**self._lab.base["dns"], "cache_records": self._chance.choice([0, 1000, 100000])}
        self._lab.milter.configure({**self._lab.base, "dns": dns})
        self._lab.milter.reload("MILTER_RELOADED")

    def _answers(self, answer):
        self._lab.dns.answer = answer
        self._moment()
        self._lab.dns.answer = self._lab.table

    def dns_silent(self):
        self._answers(lambda _name, _kind: Answer(silent=True))

    def dns_servfail(self):
        self._answers(lambda _name, _kind: Answer(rcode="SERVFAIL"))

    def dns_slow(self):
        self._lab.dns.faults.delay = 0.3
        self._moment()
        self._lab.dns.faults.delay = 0

    def database_crashes(self):
        self._lab.server.crash()
        self._moment()
        self._lab.server.start()

    def database_hangs(self):
        with self._lab.server.frozen():
            self._moment()

    def disk_full(self):
        ballast = fill_disk(self._lab.disk)
        self._moment()
        ballast.unlink()

    def file_locked(self):
        with contextlib.closing(sqlite3.connect(self._lab.base["store"]["path"], timeout=30,
                                                isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            self._moment(8)
            other.execute("ROLLBACK")

    def mtas_hang_up(self):
        for _ in range(20):
            with contextlib.suppress(OSError, MilterClosed):
                client = MilterClient(self._lab.milter.address, timeout=5)
                client.message_until_end(plain(), queue_id="hung up")
                if self._chance.random() < 0.5:
                    client.send_end_of_message("hung up")
                client.drop()

    def no_descriptors(self):
        pid = self._lab.milter.process.pid
        with limited(pid, resource.RLIMIT_NOFILE, footprint(pid).descriptors):
            self._moment()


def nothing_lost_and_nothing_grows(lab, seconds, chance):
    pid = lab.milter.process.pid
    faults = Faults(lab, chance)
    direct = MilterLoad(lab.milter.address, lab.messages, 4, "soak", mail_from="ann@good.example", ip=GOOD_IP)
    through = PostfixLoad(lab.postfix.port("soaked"), lab.messages)
    with direct, through:
        # The warm-up: what a fault needs at most was needed once.
        faults.run_each()
        begun = time.monotonic()
        with Sampler(pid, lab.base["store"]["path"], faults, lab.folder / "samples.tsv") as sampler:
            while time.monotonic() - begun < seconds:
                faults.run_one()
        spent = time.monotonic() - begun
    accepted = direct.accepted + through.accepted
    figure(f"{len(accepted)} messages let pass, of {spent:.0f} s and a warm-up ({len(through.accepted)} through Postfix), "
           f"slowest {direct.slowest:.1f} s")
    figure(f"faults: {faults.counts}")
    figure(f"not let pass: {direct.others} {through.others}")
    expect(lab.milter.process.running() and lab.milter.process.pid == pid, "the milter did not live through it")
    all_is_recorded(lab, accepted)
    nothing_has_grown(sampler, pid)


def all_is_recorded(lab, accepted):
    begun = time.monotonic()
    wait_for(lambda: lab.milter.status()["store"]["queued"] == 0, "what was kept to be written", PATIENCE)
    wait_for(lambda: not lab.milter.queue_ids(), "an empty journal", PATIENCE)
    figure(f"all in PostgreSQL {time.monotonic() - begun:.1f} s after the end")
    status = lab.milter.status()
    expect_equal((status["store"]["lost"], status["in_flight"]), (0, 0), "records lost, messages in flight")
    wrongly = recorded_wrongly(accepted, lab.stored())
    expect(not wrongly, f"{len(wrongly)} of {len(accepted)} not recorded once: {list(wrongly.items())[:5]}")


def nothing_has_grown(sampler, pid):
    """Compared are the two halves of what follows the warm-up: the medians of what rises and falls, and the most of a
    file, which does not shrink meanwhile, so that its median tells when it rose and not whether it goes on."""
    margins = {
        "memory (MB)": (lambda sample: sample.held.resident_kb / 1024, 12.0),
        "descriptors": (lambda sample: sample.held.descriptors, 6),
        "threads": (lambda sample: sample.held.threads, 4),
    }
    files = {"WAL (MB)": lambda sample: sample.wal_mb, "journal (MB)": lambda sample: sample.journal_mb}
    grown = []
    for name, (what, margin) in margins.items():
        (median, _), (last_median, _) = _told(name, sampler.halves(what))
        if last_median > median + margin:
            grown.append(f"{name} from {median:.1f} to {last_median:.1f}")
    for name, what in files.items():
        (_, most), (_, last_most) = _told(name, sampler.halves(what))
        if last_most > most + 8.0:
            grown.append(f"{name} from {most:.1f} to {last_most:.1f}")
    figure(f"at rest: {footprint(pid)}")
    expect(not grown, "; ".join(grown))


def _told(name, halves):
    (median, most), (last_median, last_most) = halves
    figure(f"{name}: median {median:.1f}, most {most:.1f}; second half {last_median:.1f}, {last_most:.1f}")
    return halves


def main():
    with_own_mounts()

    def options(parser):
        parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
        parser.add_argument("--seconds", type=float, default=1800)

    programs, arguments = programs_from_arguments(__doc__, options)
    print(f"seed {arguments.seed}", flush=True)
    suite = Suite("soak_e2e")
    lab = Lab(programs)
    suite.logs += [lambda: ("Postfix", lab.postfix.log()), lambda: ("PostgreSQL", lab.server.log()),
                   lambda: ("milter", lab.milter.log())]
    suite.check("nothing is lost and nothing grows", nothing_lost_and_nothing_grows, lab, arguments.seconds,
                random.Random(arguments.seed))
    lab.stop()
    for problem in lab.milter.problems:
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
