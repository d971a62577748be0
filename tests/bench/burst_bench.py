#!/usr/bin/python3
"""How long messages wait that come to their end at once, with each front end, where every DNS answer is late.

DNS is asked while a message comes in, so each has to wait for about as long as an answer takes and no longer, however
many there are. Prints, for each front end and each number of sessions, the time from the end of a message to its
answer.
"""

import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from lab.dns_server import Faults, ScriptedDns, Table  # noqa: E402
from lab.faults import footprint  # noqa: E402
from lab.milter import FRONTENDS, Milter  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.runner import Suite, expect_equal, programs_from_arguments  # noqa: E402
from lab.zones import GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import signed  # noqa: E402

DELAY = 1.0
# Beyond the delay itself: what the program, this one and a busy machine may take.
LATE = 1.2
SETTINGS = {"dns": {"cache_records": 0, "try_timeout_ms": 5000, "total_timeout_ms": 15000}}


class Session(threading.Thread):
    """An MTA that sends its message when all the others do."""

    def __init__(self, milter, message, queue_id, together):
        super().__init__()
        self._client = MilterClient(milter.address)
        self._client.connect(GOOD_IP)
        self._client.helo("mail.good.example")
        self._message = message
        self._queue_id = queue_id
        self._together = together
        self.waited = 0.0
        self.verdict = ""

    def run(self):
        self._together.wait()
        self._client.message_until_end(self._message, queue_id=self._queue_id, mail_from="ann@good.example",
                                       connected=True)
        begun = time.monotonic()
        self.verdict = self._client.end_of_message(self._queue_id).verdict
        self.waited = time.monotonic() - begun
        self._client.close()


def burst(milter, message, size, name):
    """The waits of so many sessions, and how many threads the milter had meanwhile."""
    together = threading.Barrier(size + 1)
    sessions = [Session(milter, message, f"{name}x{number}", together) for number in range(size)]
    for session in sessions:
        session.start()
    together.wait()
    time.sleep(DELAY / 2)  # a look in the middle of the wait
    threads = footprint(milter.process.pid).threads
    for session in sessions:
        session.join()
    expect_equal({session.verdict for session in sessions}, {"continue"}, "answers")
    return [session.waited for session in sessions], threads


def measure(programs, frontend, sizes, rounds):
    keys = Keys()
    dns = ScriptedDns(Table(lab_zone(keys).records), Faults(delay=DELAY))
    programs.frontend = frontend
    milter = Milter(programs, frontend, SETTINGS, dns.port)
    message = signed(keys)
    try:
        for size in sizes:
            waits, threads = [], 0
            for number in range(rounds):
                more, threads = burst(milter, message, size, f"{frontend}{size}x{number}")
                waits += more
            late = sum(wait > LATE for wait in waits) / len(waits)
            print(f"      {frontend:9} {size:4} sessions: median {statistics.median(waits):.2f} s, slowest "
                  f"{max(waits):.2f} s, {late:.0%} over {LATE} s; {threads} threads", flush=True)
    finally:
        milter.stop()
        dns.stop()
    expect_equal(milter.problems, [], "the milter")


def main():
    def options(parser):
        parser.add_argument("--sizes", type=int, nargs="+", default=[8, 64, 200], help="sessions of a burst")
        parser.add_argument("--rounds", type=int, default=3, help="bursts of each size")

    programs, arguments = programs_from_arguments(__doc__, options)
    suite = Suite("burst_bench")
    for frontend in FRONTENDS:
        suite.check(frontend, measure, programs, frontend, arguments.sizes, arguments.rounds)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
