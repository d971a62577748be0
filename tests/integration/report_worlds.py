"""Whole installations for the suites of reports: gateways, reporters, a store and a way for the mail.

One stands on SQLite alone and hands its report mail to a real Postfix; the other has two gateways and two
reporters on one PostgreSQL and an SMTP sink. Both are sent the same mail.
"""

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from lab.milter import Milter, merged
from lab.milter_client import MilterClient
from lab.policy_service import HANG as POLICY_HANG
from lab.policy_service import PolicyService
from lab.postfix import Postfix
from lab.postgresql import Postgresql
from lab.process import wait_for
from lab.reporter import Reporter
from lab.smtp_sink import HANG, SmtpSink
from report_day import NEW_FORM, OURS, REASON, REFUSED, REPORT_ADDRESS, SELECTOR, TRUSTED_NETWORK

LATER = "451 4.2.0 later"
NO_USER = "550 5.1.1 no such user"
OVERRIDE = {"networks": [TRUSTED_NETWORK], "action": "accept", "reason": REASON[0], "comment": REASON[1]}

# Report mail for any domain goes to the one mailbox, and the policy service is asked first.
POSTFIX_CF = """\
default_transport = virtual:
relay_transport = virtual:
local_transport = virtual:
smtpd_recipient_restrictions = {policy_service}, permit_mynetworks, reject
smtpd_policy_service_timeout = 100s
smtpd_policy_service_max_idle = 300s
"""


@dataclass(frozen=True)
class StoredDocument:
    report_id: str
    kind: str
    filename: str
    content: bytes
    policy_domain: str
    edition: int
    messages: int


@dataclass(frozen=True)
class ArrivedMail:
    recipient: str
    octets: bytes


class Clock:
    """The day of the mail is the present one, as the gateways have no other; reporters are told the time."""

    def __init__(self):
        # The whole day of mail must be one day: close to its end, the next one is waited for.
        wait_for(lambda: datetime.now(UTC).time().isoformat() < "23:50", "the next day", seconds=620,
                 interval=1)
        self.day = datetime.now(UTC).date()

    def next_day(self, hours, minutes=0):
        """A moment of the day after it."""
        return datetime.combine(self.day, time(), UTC) + timedelta(days=1, hours=hours, minutes=minutes)


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    """What both have in common; `settings` are laid over those that every gateway here has."""

    DOCUMENTS = ("SELECT report_id, kind, filename, {content}, policy_domain, edition, messages "
                 "FROM document ORDER BY id")

    def __init__(self, programs, knot_port, key_file, settings):
        self.name = self.NAME
        self.key_file = key_file
        self.gateways = []
        self.reporters = []
        self._programs = programs
        self._knot_port = knot_port
        self._settings = settings
        self._sent = 0

    def _add_host(self, name, smtp_url, store=None):
        report = {"enabled": True, "org_name": "Lab & S\u00f6hne <Mail>", "email": REPORT_ADDRESS,
                  "smtp": smtp_url, "smtp_timeout": 5, "delay": 3600, "spread": 0, "dkim_domain": OURS,
                  "dkim_selector": SELECTOR, "dkim_key_file": str(self.key_file),
                  "destination": [{"domain": NEW_FORM, "schema": "rfc9990"}]}
        settings = merged({"policy": {"mode": "enforce", "override": [OVERRIDE]},
                           "dns": {"servers": [f"127.0.0.1:{self._knot_port}"], "cache_records": 0},
                           "store": store or {}, "report": report}, self._settings)
        gateway = Milter(self._programs, name, settings, self._knot_port)
        self.gateways.append(gateway)
        self.reporters.append(Reporter(self._programs, name, gateway.settings))

    def send(self, mails):
        """Sends them, each gateway its share."""
        for mail in mails:
            for _ in range(mail.count):
                gateway = self.gateways[self._sent % len(self.gateways)]
                with MilterClient(gateway.address) as client:
                    client.message(mail.message, queue_id=f"{self.name}{self._sent}", ip=mail.ip,
                                   helo=mail.helo, mail_from=mail.mail_from, recipient=mail.recipient)
                self._sent += 1

    def wait_until_stored(self):
        """Until every record of what was sent is where the reporters look."""
        wait_for(lambda: self.count_records() >= self._sent, f"{self._sent} records in {self.name}")

    def report_once(self, now, env=None):
        """All reporters at once; their runs."""
        runs = [None] * len(self.reporters)

        def run(number):
            runs[number] = self.reporters[number].once(now, env)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(len(runs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return runs

    def ctl(self, *arguments, env=None):
        return self.reporters[0].ctl(*arguments, env=env)

    def number(self, query):
        """The one number that a query gives."""
        return int(self.rows(query)[0][0])

    def count_records(self):
        return self.number("SELECT count(*) FROM record")

    def queue_ids(self):
        """Every queue id in the store, with how often it is there."""
        return {row[0]: int(row[1]) for row in self.rows(
            "SELECT queue_id, count(*) FROM record GROUP BY queue_id")}

    def aggregates(self):
        """{report id: document} of the aggregate reports."""
        return {document.report_id: document for document in self.documents()
                if document.kind == "aggregate"}

    def problems(self):
        return [problem for part in self.gateways + self.reporters for problem in part.problems]

    def logs(self):
        return [(f"gateway {gateway.name}", gateway.log()) for gateway in self.gateways] + \
            [(f"reporter {reporter.name}", reporter.log()) for reporter in self.reporters]

    def stop(self):
        for gateway in self.gateways:
            gateway.stop()


class SqliteStore(World):
    """A world on one file."""

    NAME = "sqlite"

    def rows(self, query):
        path = self.gateways[0].settings["store"]["path"]
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=30)) as database:
            return database.execute(query).fetchall()

    def documents(self):
        return [StoredDocument(*row) for row in self.rows(self.DOCUMENTS.format(content="content"))]


class SqliteSinkWorld(SqliteStore):
    """One host, one file, and an SMTP sink that takes everything."""

    def __init__(self, programs, knot_port, key_file, settings=None):
        super().__init__(programs, knot_port, key_file, settings or {})
        self.sink = SmtpSink()
        self._add_host("sqlite", self.sink.url)

    def stop(self):
        super().stop()
        self.sink.stop()


class SqliteWorld(SqliteStore):
    """One host, one file, a Postfix that asks a policy service, and whose report mail the gateway judges."""

    def __init__(self, programs, knot_port, key_file, settings=None):
        super().__init__(programs, knot_port, key_file, settings or {})
        self.policy = PolicyService({"slow@slow.example": [LATER, LATER], REFUSED: [NO_USER] * 9,
                                     "hang@hang.example": [POLICY_HANG]})
        # Postfix needs the gateway's socket, and the reporter the port of Postfix.
        self._add_host("sqlite", "smtp://127.0.0.1:1")
        self.postfix = Postfix(programs.folder, programs.cache, {"reports": self.gateways[0].for_postfix},
                               POSTFIX_CF.format(policy_service=self.policy.for_postfix))
        settings = merged(self.gateways[0].settings,
                          {"report": {"smtp": f"smtp://127.0.0.1:{self.postfix.port('reports')}"}})
        self.reporters[0].configure(settings)

    def mails(self):
        """What has come to the mailbox."""
        found = []
        for path in (self.postfix.inbox / "new").glob("*"):
            octets = path.read_bytes()
            recipient = next(line for line in octets.splitlines() if line.startswith(b"Delivered-To: "))
            found.append(ArrivedMail(recipient.partition(b" ")[2].decode(), octets))
        return found

    def stop(self):
        self.policy.stop()
        self.postfix.stop()
        super().stop()


class PostgresqlWorld(World):
    """Two hosts that share one PostgreSQL; the sink takes their mail."""

    NAME = "postgresql"

    def __init__(self, programs, knot_port, key_file, settings=None):
        super().__init__(programs, knot_port, key_file, settings or {})
        self.server = Postgresql(programs.folder)
        self.sink = SmtpSink({"slow@slow.example": [LATER, f"data {LATER}"], REFUSED: [NO_USER] * 9,
                              "hang@hang.example": [HANG]})
        for name in ("postgresql-a", "postgresql-b"):
            self._add_host(name, self.sink.url, {"postgresql": self.server.connection})

    def documents(self):
        rows = self.rows(self.DOCUMENTS.format(content="encode(content, 'hex')"))
        return [StoredDocument(*row[:3], bytes.fromhex(row[3]), row[4], int(row[5]), int(row[6]))
                for row in rows]

    def rows(self, query):
        return self.server.rows(query)

    def mails(self):
        return [ArrivedMail(mail.recipient, mail.message) for mail in self.sink.accepted()]

    def stop(self):
        super().stop()
        self.sink.stop()
        self.server.stop()
