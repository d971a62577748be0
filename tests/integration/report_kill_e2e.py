#!/usr/bin/python3
"""Reporters are killed at every step of their work, and PostgreSQL goes away while mail flows: each report is
delivered all the same, as one document with one id and one content, and no record is lost or counted twice.

A round gives each domain new mail, so that there are reports to close, starts the reporters and kills one at
a moment of its own. Moments that an SMTP or DNS server can see are chosen exactly; for others a reporter is
stopped again and again, looked at, and killed in the state that is wanted. Some are random; the seed is
printed.
"""

import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import reports  # noqa: E402
from lab.dns_server import Answer, ScriptedDns, Table  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.zones import STRANGER_IP, Keys, Zone  # noqa: E402
from messages import plain  # noqa: E402
from report_day import NOBODY, OURS, SELECTOR, Mail  # noqa: E402
from report_worlds import Clock, PostgresqlWorld, SqliteSinkWorld, rfc3339  # noqa: E402

DOMAINS = [f"d{number:02}.example" for number in range(24)]
EXTERNAL = {domain: f"{domain.partition('.')[0]}@collector.example" for domain in DOMAINS[::4]}
ROUND = timedelta(minutes=40)
LEASES_OVER = timedelta(minutes=20)


def address_of(domain):
    return EXTERNAL.get(domain, f"dmarc@{domain}")


def forged(domain, count):
    return Mail(domain, plain(f"ann@{domain}"), NOBODY, STRANGER_IP, None, count)


def zone_of(keys):
    zone = Zone()
    for domain in DOMAINS:
        zone.txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:{address_of(domain)}")
        zone.txt(f"{domain}._report._dmarc.collector.example", "v=DMARC1")
    zone.txt(f"{SELECTOR}._domainkey.{OURS}", keys.rsa.record)
    return zone


class Names:
    """The zone, whose answers about external destinations can be held back."""

    def __init__(self, zone):
        self._table = Table(zone.records)
        self._released = threading.Event()
        self._released.set()
        self.asked = threading.Event()

    def hold(self):
        self.asked.clear()
        self._released.clear()

    def release(self):
        self._released.set()

    def __call__(self, name, kind):
        if "._report._dmarc." in name and not self._released.is_set():
            self.asked.set()
            self._released.wait(30)
            return Answer(silent=True)
        return self._table(name, kind)


class Killer:
    """Kills the first reporter of a world at a moment, once in a round; says whether the moment came."""

    def __init__(self, world, names, chance):
        self._world = world
        self._names = names
        self._chance = chance
        self.last = 0  # the last delivery of the rounds before

    def while_closing(self, process):
        return self._at_state(process, "SELECT count(*) FROM report WHERE state = 'closing'")

    def while_documents_are_made(self, process):
        """Some reports are closed, and nothing was done for their deliveries."""
        return self._at_state(process, f"SELECT count(*) FROM delivery WHERE id > {self.last} AND NOT EXISTS "
                                       f"(SELECT * FROM delivery WHERE id > {self.last} AND state <> 'made')")

    def while_verified(self, process):
        return self._at_state(process, "SELECT count(*) FROM delivery WHERE state = 'verified'")

    def between_sent_and_waiting(self, process):
        return self._at_state(process, f"SELECT count(*) FROM delivery WHERE id > {self.last} AND "
                                       "state = 'sent' AND EXISTS "
                                       "(SELECT * FROM delivery WHERE state <> 'sent')")

    def while_dns_is_asked(self, process):
        """Claimed, and nothing of it written yet."""
        self._names.hold()
        try:
            wait_for(lambda: self._names.asked.is_set() or not process.running(), "a question")
            return self._kill(process)
        finally:
            self._names.release()

    def at_recipient(self, process):
        """Before the server has said anything to the recipient: what is being sent is on disk."""
        return self._at_step(process, "rcpt")

    def before_the_answer(self, process):
        """The server has the mail whole, the reporter does not know."""
        return self._at_step(process, "taken")

    def after_the_answer(self, process):
        """The reporter may know, and may have written it down."""
        return self._at_step(process, "answered")

    def at_random(self, process):
        time.sleep(self._chance.uniform(0, 0.6))  # the moment is what is random here
        return self._kill(process)

    @staticmethod
    def _kill(process):
        running = process.running()
        process.kill()
        return running

    def _at_step(self, process, wanted):
        countdown = self._chance.randrange(6)
        reached = threading.Event()
        lock = threading.Lock()

        def look(step, _):
            nonlocal countdown
            with lock:
                if step != wanted or reached.is_set():
                    return
                countdown -= 1
                if countdown < 0:
                    process.kill()
                    reached.set()

        self._world.sink.on_step = look
        try:
            wait_for(lambda: reached.is_set() or not process.running(), f"the step {wanted}")
            return reached.is_set()
        finally:
            self._world.sink.on_step = None

    def _at_state(self, process, query):
        while process.running():
            process.send(signal.SIGSTOP)
            if self._is_so(query):
                return self._kill(process)
            process.send(signal.SIGCONT)
            time.sleep(self._chance.uniform(0, 0.002))  # a step of the process, as far as one can choose it
        return False

    def _is_so(self, query):
        try:
            return self._world.number(query) > 0
        except sqlite3.OperationalError:
            return False  # stopped in the middle of a commit, where SQLite lets nobody read

    MOMENTS = ("while_closing", "while_documents_are_made", "while_dns_is_asked", "while_verified",
               "at_recipient", "before_the_answer", "after_the_answer", "between_sent_and_waiting",
               "at_random", "at_random", "at_random")


class Rounds:
    """Rounds in one world, and what was sent to it in all."""

    def __init__(self, world, clock, names, seed):
        self.world = world
        self.chance = random.Random(seed)
        self._killer = Killer(world, names, self.chance)
        self._now = clock.next_day(2)
        self.sent = Counter()
        self.reached = Counter()

    def run(self, moment):
        self._give_mail()
        self._killer.last = self.world.number("SELECT coalesce(max(id), 0) FROM delivery")
        processes = [reporter.start_once(rfc3339(self._now)) for reporter in self.world.reporters]
        self.reached[moment] += getattr(self._killer, moment)(processes[0])
        for process in processes[1:]:
            process.wait()
        self._finish()
        self._now += ROUND
        self._check()

    def _give_mail(self):
        mails = []
        for domain in DOMAINS:
            count = self.chance.randrange(1, 4)
            self.sent[domain] += count
            mails.append(forged(domain, count))
        self.world.send(mails)
        self.world.wait_until_stored()

    def _finish(self):
        """What the dead held is taken over once their leases are over; then there is nothing more to do."""
        later = self._now + LEASES_OVER
        runs = self.world.report_once(rfc3339(later))
        for run in runs:
            expect(run.returncode in (0, 75), f"reporter: {run.returncode} {run.stderr[-2000:]}")
        last = self.world.reporters[0].once(rfc3339(later + timedelta(minutes=8)))
        expect_equal(last.returncode, 0, f"the last run ({last.stderr[-2000:]})")

    def _check(self):
        world = self.world
        expect_equal(world.number("SELECT count(*) FROM report WHERE state IN ('open', 'closing')"), 0,
                     "reports that are not closed")
        counted = Counter()
        for document in world.aggregates().values():
            counted[document.policy_domain] += document.messages
        expect_equal(counted, self.sent, "messages in the reports")
        expect_equal(world.number("SELECT count(*) FROM delivery WHERE state <> 'sent'"), 0, "undelivered")
        self._check_mails()

    def _check_mails(self):
        """One id, one name, one content for each report, however often it was handed over."""
        documents = self.world.aggregates()
        by_report = {}
        for mail in self.world.sink.all():
            read = reports.read_mail(mail.message)
            by_report.setdefault(read.report.report_id, []).append((mail, read))
        expect_equal(sorted(by_report), sorted(documents), "reports that came")
        for report_id, came in by_report.items():
            document = documents[report_id]
            expect_equal({mail.recipient for mail, _ in came}, {address_of(document.policy_domain)},
                         f"recipients of {report_id}")
            expect_equal(len({mail.message for mail, _ in came}), 1, f"contents of the mails of {report_id}")
            read = came[0][1]
            expect_equal((read.filename, read.content), (document.filename, document.content),
                         f"the file of {report_id}")
            expect_equal(read.report.messages, document.messages, f"messages of {report_id}")

    def finish(self):
        twice = len(self.world.sink.all()) - len(self.world.aggregates())
        print(f"{self.world.name}: reached {dict(self.reached)}; {len(self.world.aggregates())} reports, "
              f"{twice} mails came again", flush=True)
        missed = [moment for moment in Killer.MOMENTS if moment != "at_random" and not self.reached[moment]]
        expect(not missed, f"moments that never came: {missed}")
        expect(self.reached["at_random"], "no reporter was killed at random")


def killed_at(rounds, moment):
    """A state that is passed quickly is tried for again, and so is a step of which the other reporter has all."""
    for _ in range(12):
        rounds.run(moment)
        if rounds.reached[moment]:
            return


def postgresql_goes_and_comes_back(world, chance):
    """Mail flows on meanwhile, and a gateway is killed; every record comes, and comes once."""
    before = world.count_records()
    queue_ids = set(world.queue_ids())
    mail = forged(DOMAINS[0], 40)
    for away in (world.server.crash, world.server.stop):
        world.send([mail])
        away()
        world.send([mail])
        killed = chance.choice(world.gateways)
        killed.process.kill()
        killed.start()
        world.send([mail])
        world.server.start()
        world.send([mail])
        world.wait_until_stored()
    expect_equal(world.count_records(), before + 8 * mail.count, "records")
    expect_equal(world.number("SELECT count(*) FROM (SELECT DISTINCT journal, id FROM record) k"),
                 world.count_records(), "keys of records")
    came = world.queue_ids()
    expect_equal({queue_id: count for queue_id, count in came.items() if count != 1}, {}, "came twice")
    expect_equal(len(set(came) - queue_ids), 8 * mail.count, "new queue ids")
    wait_for(lambda: not any(gateway.queue_ids() for gateway in world.gateways), "the journals to be empty")
    for gateway in world.gateways:
        expect("STORE_POSTGRESQL_AWAY" in gateway.log(), f"{gateway.name} does not log that it was away")


def main():
    def options(parser):
        parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
        parser.add_argument("--only", default="", help="worlds whose name has this text")

    programs, arguments = programs_from_arguments(__doc__, options)
    print(f"seed {arguments.seed}", flush=True)
    suite = Suite("report_kill_e2e")
    clock = Clock()
    keys = Keys()
    key_file = programs.folder / "report-key.pem"
    key_file.write_bytes(keys.rsa.private_text)
    names = Names(zone_of(keys))
    dns = ScriptedDns(names)
    for make in (SqliteSinkWorld, PostgresqlWorld):
        if arguments.only not in make.NAME:
            continue
        world = make(programs, dns.port, key_file, {"policy": {"mode": "monitor"}})
        rounds = Rounds(world, clock, names, arguments.seed)
        for moment in Killer.MOMENTS:
            suite.check(f"{world.name}: killed {moment.replace('_', ' ')}", killed_at, rounds, moment)
        suite.check(f"{world.name}: every moment came", rounds.finish)
        if make is PostgresqlWorld:
            suite.check("PostgreSQL goes away and comes back", postgresql_goes_and_comes_back, world,
                        rounds.chance)
        suite.logs += [lambda entry=entry: entry for entry in world.logs()]
        world.stop()
        for problem in world.problems():
            suite.problem(problem)
    dns.stop()
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
