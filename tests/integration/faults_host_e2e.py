#!/usr/bin/python3
"""The host fails around the milter: MTAs that hang up anywhere, a clock that steps, no descriptors, threads or
memory left, and the order to end in the middle of the load.

Each check says what mail does meanwhile, what the log says, that every message that was let pass is recorded once,
and that the milter holds no more afterwards than before.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab.faults import (MemoryGroup, MilterLoad, expect_shrunk, figure, footprint, limited, processor_seconds,  # noqa: E402
                        recorded_wrongly)
from lab.milter_client import MilterClient, MilterClosed  # noqa: E402
from lab.milter_lab import MilterLab  # noqa: E402
from lab.packages import unpacked  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import GOOD_IP  # noqa: E402
from messages import plain, signed  # noqa: E402

# An account that nothing else runs under, as the limit of processes counts all of one account.
LONELY_ACCOUNT = 61234
HEADER_FIELDS = 5


class Lab(MilterLab):
    def __init__(self, programs):
        super().__init__(programs)
        self.messages = [signed(self.keys), plain(), plain("a@none.example")]

    def load(self, milter, **options):
        return MilterLoad(milter.address, self.messages, mail_from="ann@good.example", ip=GOOD_IP, **options)

    def expect_served(self, milter, queue_id):
        outcome = milter.send(signed(self.keys), queue_id, mail_from="ann@good.example", ip=GOOD_IP)
        expect_equal(outcome.verdict, "continue", "a good message")
        expect(b"dmarc=pass" in (outcome.header("Authentication-Results") or b""), f"not judged: {outcome}")


def warm_up(lab, milter):
    """What the first messages cost for good: caches, threads, the store."""
    with lab.load(milter, prefix="warm") as load:
        load.wait_accepted(40)


class CutShort(Exception):
    pass


class CuttingClient(MilterClient):
    """An MTA that goes away at its packet number `packets`: in the middle of it, or right behind it."""

    def __init__(self, address, packets, halfway):
        self._left = packets
        self._halfway = halfway
        super().__init__(address)

    def _send(self, command, data=b""):
        self._left -= 1
        if self._left < 0:
            raise CutShort
        packet = (len(data) + 1).to_bytes(4, "big") + command + data
        if self._left == 0 and self._halfway:
            self._socket.sendall(packet[:len(packet) // 2])
            raise CutShort
        self._socket.sendall(packet)


def hang_up_at(lab, milter, packets, halfway, queue_id):
    """True where the MTA was gone before the message was over."""
    try:
        client = CuttingClient(milter.address, packets, halfway)
    except CutShort:
        return True
    try:
        client.message(signed(lab.keys), queue_id=queue_id)
        return False
    except CutShort:
        return True
    finally:
        client.drop()


def mta_hangs_up_in_every_step(lab):
    """Behind each packet, and in the middle of each."""
    milter = lab.milter("hangup")
    warm_up(lab, milter)
    before = footprint(milter.process.pid)
    cut = 0
    for halfway in (False, True):
        packets = 1
        while hang_up_at(lab, milter, packets, halfway, f"cut{int(halfway)}x{packets}"):
            packets += 1
        cut += packets - 1
    expect(cut > 2 * (HEADER_FIELDS + 8), f"only {cut} places where an MTA hung up")
    wait_for(lambda: milter.status()["in_flight"] == 0, "no message in flight")
    wait_for(lambda: milter.status()["connections"] == 0, "the connections to be let go of")
    expect_shrunk(milter.process.pid, before)
    lab.expect_served(milter, "hangup1")
    figure(f"hung up in {cut} places; before {before}; afterwards {footprint(milter.process.pid)}")
    milter.stop()
    stored = milter.queue_ids()
    expect(max(stored.values()) == 1, f"recorded twice: {stored}")


def clock_steps(lab):
    """The time of day jumps by a day either way while messages flow: deadlines are kept by another clock, and
    records have the time of day that it was."""
    library = next(unpacked("faketime", lab.programs.cache).rglob("libfaketimeMT.so.1"))
    offset = lab.programs.folder / "clock"
    offset.write_text("+0\n")
    milter = lab.milter("clock", start=False)
    milter.start(env={"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                      "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"})
    warm_up(lab, milter)
    for step, days in enumerate((1, -1, 0)):
        before = datetime.now(timezone.utc)
        with lab.load(milter, prefix=f"step{step}x") as load:
            load.wait_accepted(20)
            offset.write_text(f"{days:+d}d\n" if days else "+0\n")
            load.wait_accepted(20)
        expect_equal(load.others, {}, f"answers around a step to {days:+d} days")
        expect(load.slowest < 10, f"a message took {load.slowest:.1f} s around a step")
        stored = milter.queue_ids()
        expect_equal(recorded_wrongly(load.accepted, stored), {}, "records around a step")
        lab.expect_served(milter, f"stepped{step}")
        got = milter.record(f"stepped{step}")["evidence"]["received_at"]
        wanted = before + timedelta(days=days)
        late = (parse_time(got) - wanted).total_seconds()
        expect(-2 <= late < 60, f"the record's time is {got} in place of {wanted}")
    milter.stop()


def parse_time(value):
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, timezone.utc)
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def out_of_descriptors(lab):
    """No descriptor is left: the connections that there are go on, those that come wait, the processor is not
    burnt, one line tells of it; and with descriptors all goes on."""
    milter = lab.milter("descriptors")
    warm_up(lab, milter)
    pid = milter.process.pid
    before = footprint(pid)
    with MilterClient(milter.address) as held, limited(pid, resource.RLIMIT_NOFILE, before.descriptors + 1):
        waiting = [socket.create_connection(milter.address, timeout=10) for _ in range(6)]
        milter.process.wait_for_log("MILTER_DESCRIPTORS_EXHAUSTED")
        outcome = held.message(signed(lab.keys), queue_id="held1")
        expect_equal(outcome.verdict, "continue", "a message over a connection that was there before")
        spent, begun = processor_seconds(pid), time.monotonic()
        # How much of the processor it takes is what is measured, so this is a span and not a wait.
        time.sleep(20)
        share = (processor_seconds(pid) - spent) / (time.monotonic() - begun)
        expect(share < 0.2, f"it took {share:.0%} of a processor without descriptors")
        expect(milter.process.running(), f"it ended without descriptors:\n{milter.log()[-2000:]}")
    begun = time.monotonic()
    lab.expect_served(milter, "descriptors1")
    figure(f"{share:.1%} of a processor while there were none; served {time.monotonic() - begun:.2f} s after")
    for peer in waiting:
        peer.close()
    expect_shrunk(pid, before)
    expect_equal(milter.log().count("MILTER_DESCRIPTORS_EXHAUSTED"), 1, "lines about it in the log")
    expect_equal(recorded_wrongly(["held1", "descriptors1"], milter.queue_ids()), {}, "records")
    milter.stop()


def status_without_descriptors(lab):
    """Operators that look at the status when there is no descriptor wait, and do not make it worse."""
    milter = lab.milter("statusless")
    warm_up(lab, milter)
    pid = milter.process.pid
    used = footprint(pid).descriptors
    with limited(pid, resource.RLIMIT_NOFILE, used), raw_unix(milter.status_path):
        spent, begun = processor_seconds(pid), time.monotonic()
        time.sleep(5)  # a span to measure in
        share = (processor_seconds(pid) - spent) / (time.monotonic() - begun)
    expect(share < 0.2, f"the status took {share:.0%} of a processor without descriptors")
    expect_equal(milter.status()["pid"], pid, "the status afterwards")
    milter.stop()


def raw_unix(path):
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    return client


def as_lonely_account(*command):
    return ["setpriv", f"--reuid={LONELY_ACCOUNT}", f"--regid={LONELY_ACCOUNT}", "--clear-groups", "--", *command]


def let_have_threads(milter, most):
    """prlimit has to run under the account of the process, which is all that root may do in a container."""
    subprocess.run(as_lonely_account("prlimit", f"--pid={milter.process.pid}", f"--nproc={most}:"), check=True)


def out_of_threads(lab):
    """No thread can be started: a reload that needs one is refused and says so; libmilter forgets connections that it
    wanted one for, so that their MTA waits in vain, but none of them is let pass; the milter's own front end needs
    none. With threads all goes on."""
    folder = lab.programs.folder / "threads"
    folder.mkdir()
    milter = lab.milter("threads", {"store": {"path": str(folder / "defender.db")}}, start=False)
    for path in (folder, milter.status_path.parent):
        os.chown(path, LONELY_ACCOUNT, LONELY_ACCOUNT)
    milter.start(under=as_lonely_account())
    warm_up(lab, milter)
    pid = milter.process.pid
    before = footprint(pid)
    usual, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    let_have_threads(milter, 1)
    milter.configure({"store": milter.settings["store"], "dns": {**milter.settings["dns"], "tries": 3}})
    said = milter.reload("MILTER_RELOAD_FAILED")
    expect("Resource temporarily unavailable" in said, f"no reason in {said!r}")
    with lab.load(milter, connections=10, prefix="crowd", timeout=3, hang_on=False) as load:
        load.wait_accepted(50)
    in_vain = {"TimeoutError"} if lab.programs.frontend == "libmilter" else set()
    expect(set(load.others) <= in_vain, f"answers without threads: {load.others}")
    figure(f"10 connections and no more threads: {len(load.accepted)} messages passed, {load.others} in vain")
    let_have_threads(milter, "unlimited" if usual == resource.RLIM_INFINITY else usual)
    milter.reload("MILTER_RELOADED")
    lab.expect_served(milter, "threads1")
    expect_equal(recorded_wrongly(load.accepted, milter.queue_ids()), {}, "records")
    forgotten = sum(load.others.values())
    # A connection that is forgotten in the middle of a message keeps the resolver that it began with: epoll, its wake-up
    # and its timer.
    expect_shrunk(pid, before, descriptors=2 + forgotten + 3, threads=8)
    milter.stop()


def out_of_memory(lab):
    """No memory is left while large messages come in: each gets an answer, milter.on_error's where it has to be, or
    its connection is cut; none is let through without a verdict, and with memory all goes on."""
    milter = lab.milter("memory", {"milter": {"on_error": "tempfail"}, "limits": {"header_octets": 16 << 20}},
                        start=False)
    # Address space that malloc keeps in hand for each thread would make a limit of it say little.
    milter.start(env={"MALLOC_ARENA_MAX": "1"})
    warm_up(lab, milter)
    pid = milter.process.pid
    before = footprint(pid)
    in_use = int((Path("/proc") / str(pid) / "statm").read_text().split()[0]) * resource.getpagesize()
    field = b"X-Large: " + b"x" * (4 << 20) + b"\r\n"
    message = field + signed(lab.keys)
    answers = {}
    with limited(pid, resource.RLIMIT_AS, in_use + (6 << 20)):
        clients = {}
        for number in range(12):
            try:
                client = MilterClient(milter.address, timeout=30)
                client.message_until_end(message, queue_id=f"memory{number}")
                clients[number] = client
            except (OSError, MilterClosed) as error:
                answers[number] = type(error).__name__
        for number, client in clients.items():
            answers[number] = answer_of(client, number)
        expect(milter.process.running(), f"it ended without memory:\n{milter.log()[-3000:]}")
    figure(f"answers: { {what: list(answers.values()).count(what) for what in set(answers.values())} }")
    expect(set(answers.values()) != {"judged"}, "memory was not short")
    expect("unjudged" not in answers.values(), f"a message was let through without a verdict: {answers}")
    expect("MILTER_CALLBACK_FAILED" in milter.log(), "the log does not tell of it")
    for client in clients.values():
        client.drop()
    lab.expect_served(milter, "memory99")
    passed = [f"memory{number}" for number, answer in answers.items() if answer == "judged"]
    expect_equal(recorded_wrongly(passed, milter.queue_ids()), {}, "records")
    expect_shrunk(pid, before, more_kb=32768, threads=8)
    milter.stop()


def killed_for_memory(lab):
    """A control group gives it less memory than the headers that are coming in take, and the kernel kills it in the middle
    of the load: the MTA sees its connections cut, what was let pass is recorded once, and a milter that is started again
    serves."""
    if not MemoryGroup.available():
        return figure("not run: no control groups for memory that this account may make")
    milter = lab.milter("group", {"limits": {"header_octets": 16 << 20}})
    warm_up(lab, milter)
    with MemoryGroup("defender-lab", 64 << 20) as group, lab.load(milter, prefix="group") as load:
        group.add(milter.process.pid)
        load.wait_accepted(40)
        clients = []
        while milter.process.running() and len(clients) < 64:
            try:
                clients.append(MilterClient(milter.address, timeout=30))
                header_without_end(clients[-1], f"group{len(clients)}")
            except (OSError, MilterClosed):
                break
        expect_equal(milter.process.wait(), -signal.SIGKILL, "exit status")
        load.stop()
    figure(f"killed with {len(clients)} headers of 4 MB at hand; {len(load.accepted)} had been let pass")
    for client in clients:
        client.drop()
    expect_equal(recorded_wrongly(load.accepted, milter.queue_ids()), {}, "records")
    milter.start()
    lab.expect_served(milter, "group99")
    milter.stop()


def header_without_end(client, queue_id):
    """A session that stands still behind 4 MB of header, which the milter keeps until the header ends."""
    client.connect()
    client.helo("client.example")
    client.mail(b"<ann@good.example>", queue_id=queue_id)
    client.rcpt(b"<user@lab.example>", queue_id)
    client.data(queue_id)
    for number in range(64):
        client.header(f"X-Large-{number}", b"x" * (64 << 10))


def answer_of(client, number):
    try:
        outcome = client.end_of_message(f"memory{number}")
    except (OSError, MilterClosed) as error:
        return type(error).__name__
    if outcome.verdict != "continue":
        return outcome.reply[:9] or outcome.verdict
    return "judged" if outcome.header("Authentication-Results") else "unjudged"


def ends_under_load(lab):
    """SIGTERM in the middle of the load: what was let pass is recorded once, and it ends soon."""
    milter = lab.milter("ending")
    warm_up(lab, milter)
    slowest = 0.0
    for number in range(3):
        with lab.load(milter, connections=8, prefix=f"ending{number}x") as load:
            load.wait_accepted(50)
            begun = time.monotonic()
            milter.process.send(signal.SIGTERM)
            expect_equal(milter.process.wait(), 0, "exit status")
            slowest = max(slowest, time.monotonic() - begun)
            load.stop()
        expect_equal(recorded_wrongly(load.accepted, milter.queue_ids()), {}, "records")
        milter.start()
    figure(f"ended within {slowest:.1f} s")
    expect(slowest < 30, f"it took {slowest:.1f} s to end")
    lab.expect_served(milter, "ending99")
    milter.stop()


CHECKS = [mta_hangs_up_in_every_step, clock_steps, out_of_descriptors, status_without_descriptors, out_of_threads,
          out_of_memory, killed_for_memory, ends_under_load]


def main():
    return run_checks("faults_host_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
