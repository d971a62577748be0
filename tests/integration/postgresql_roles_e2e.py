#!/usr/bin/python3
"""The roles of conf/postgresql-roles.sql on a real PostgreSQL: each program does all of its work under its own, and
no role can do what is not its work."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab.dns_server import ScriptedDns, Table  # noqa: E402
from lab.milter import Milter, merged  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.postgresql import Postgresql  # noqa: E402
from lab.process import LabError, wait_for  # noqa: E402
from lab.reporter import Reporter  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.smtp_sink import SmtpSink  # noqa: E402
from lab.zones import GOOD_IP, STRANGER_IP, Keys, Zone  # noqa: E402
from messages import plain, signed  # noqa: E402

ROLES_FILE = Path(__file__).resolve().parents[2] / "conf/postgresql-roles.sql"
OWNER, GATEWAY, REPORTER, READER = (f"defender_{name}" for name in ("owner", "gateway", "reporter", "reader"))
AUTHOR = "good.example"
OURS = "reports.example"

# What no role may do; each is refused for want of rights, not for what the statement says.
REFUSED = {
    GATEWAY: [
        "DELETE FROM record", "UPDATE record SET evidence = ''", "DELETE FROM record_domain", "TRUNCATE record",
        "UPDATE journal SET folded_id = 0", "DELETE FROM journal", "SELECT defender_drop_day(1)",
        "SELECT content FROM document", "SELECT uri FROM delivery", "UPDATE delivery SET state = 'sent'",
        "DELETE FROM document", "SELECT * FROM report", "SELECT * FROM report_row", "SELECT * FROM report_count",
        "SELECT * FROM suppression",
        "INSERT INTO forwarder_ruling VALUES ('192.0.2.1', 'confirmed', 0, '')", "DELETE FROM forwarding_sighting",
        "UPDATE schema_version SET version = 1", "CREATE TABLE defender.mine (id BIGINT)",
        "CREATE TABLE public.mine (id BIGINT)", "DROP TABLE record", "ALTER TABLE record ADD COLUMN mine BIGINT",
        "SET ROLE defender_owner", "CREATE ROLE mine"],
    REPORTER: [
        "DELETE FROM record", "UPDATE record SET evidence = ''", "INSERT INTO record_domain SELECT * FROM record_domain",
        "UPDATE journal SET host = ''", "INSERT INTO journal VALUES ('mine', 'mine', 0)", "SELECT defender_make_day(1)",
        "UPDATE forwarding_sighting SET last_day = 0", "UPDATE schema_version SET version = 1",
        "CREATE TABLE defender.mine (id BIGINT)", "CREATE TEMPORARY TABLE mine (id BIGINT)", "DROP TABLE report",
        "SET ROLE defender_owner", "CREATE ROLE mine"],
    READER: [
        "DELETE FROM record", "INSERT INTO journal VALUES ('mine', 'mine', 0)", "UPDATE report SET state = 'open'",
        "DELETE FROM suppression", "DELETE FROM forwarder_ruling", "SELECT defender_make_day(1)",
        "SELECT defender_drop_day(1)", "UPDATE schema_version SET version = 1", "SELECT nextval('delivery_id_seq')",
        "CREATE TABLE defender.mine (id BIGINT)", "CREATE TEMPORARY TABLE mine (id BIGINT)", "DROP TABLE record",
        "SET ROLE defender_owner", "CREATE ROLE mine"],
}


def zone(keys):
    made = Zone()
    made.txt(AUTHOR, f"v=spf1 ip4:{GOOD_IP} -all")
    made.txt(f"s1._domainkey.{AUTHOR}", keys.rsa.record)
    made.txt(f"_dmarc.{AUTHOR}", f"v=DMARC1; p=none; rua=mailto:rua@{AUTHOR}; ruf=mailto:ruf@{AUTHOR}")
    return made


class Lab:
    """A gateway, a reporter and operators, each under the role that is its own."""

    def __init__(self, programs):
        self.programs = programs
        self.keys = Keys()
        self.dns = ScriptedDns(Table(zone(self.keys).records))
        self.server = Postgresql(programs.folder)
        self.sink = SmtpSink()
        self.gateway = None
        self.now = datetime.now(UTC)
        self._settings = {
            "dns": {"servers": [f"127.0.0.1:{self.dns.port}"]},
            "report": {"enabled": True, "org_name": "Lab", "email": f"dmarc@{OURS}", "smtp": self.sink.url,
                       "smtp_timeout": 5, "delay": 0, "spread": 0},
            "failure": {"enabled": True}}
        self.owner = self._host(OWNER)
        self.reporter = self._host(REPORTER)
        self.reader = self._host(READER)

    def _store(self, role):
        return {"store": {"postgresql": self.server.connection_as(role)}}

    def _host(self, role):
        file = {"store": {"path": str(self.programs.folder / f"{role}.db")}}
        return Reporter(self.programs, role, merged(self._settings, self._store(role), file))

    def start_gateway(self):
        self.gateway = Milter(self.programs, "gateway", merged(self._settings, self._store(GATEWAY)), self.dns.port)

    def send(self, message, queue_id, ip):
        with MilterClient(self.gateway.address) as client:
            client.message(message, queue_id=queue_id, ip=ip, mail_from=f"ann@{AUTHOR}")

    def count(self, table):
        return int(self.server.rows(f"SELECT count(*) FROM defender.{table}")[0][0])

    def report_once(self, days):
        moment = self.now + timedelta(days=days)
        done = self.reporter.once(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
        expect_equal(done.returncode, 0, f"the reporter: {done.stderr}")

    def stop(self):
        self.gateway.stop()
        self.sink.stop()
        self.dns.stop()
        self.server.stop()
        return self.gateway.problems + [problem for host in (self.owner, self.reporter, self.reader)
                                        for problem in host.problems]

    def logs(self):
        return [("PostgreSQL", self.server.log()), ("gateway", self.gateway.log() if self.gateway else ""),
                ("reporter", self.reporter.log())]


def _succeeds(host, *arguments):
    done = host.ctl(*arguments)
    expect_equal(done.returncode, 0, f"defenderctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def the_file_runs_before_and_after_the_tables_are_made(lab):
    lab.server.rows(ROLES_FILE.read_text(encoding="ascii"))
    _succeeds(lab.owner, "migrate")
    for _ in range(2):
        lab.server.rows(ROLES_FILE.read_text(encoding="ascii"))
    owners = lab.server.rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'defender'")
    expect_equal(owners, [[OWNER]], "owners of the tables")
    elsewhere = lab.server.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    expect_equal(elsewhere, [], "tables in the schema that all databases have")


def a_gateway_records_learns_and_hands_on_failure_reports(lab):
    lab.start_gateway()
    lab.send(signed(lab.keys), "roles1", GOOD_IP)
    lab.send(plain(), "roles2", STRANGER_IP)
    lab.send(signed(lab.keys), "roles3", STRANGER_IP)
    for table, rows in (("record", 3), ("record_domain", 3), ("journal", 1), ("forwarding_sighting", 1),
                        ("document", 1), ("delivery", 1)):
        wait_for(lambda table=table, rows=rows: lab.count(table) == rows, f"{rows} rows in {table}")
    expect("permission denied" not in lab.gateway.log(), f"the gateway's log:\n{lab.gateway.log()}")
    _succeeds(lab.gateway, "status")
    _succeeds(lab.gateway, "expire", "--local")


def a_reader_reads(lab):
    explained = json.loads(_succeeds(lab.reader, "explain", "--json", "roles1"))
    expect(explained, "nothing explained")
    for arguments in (["what-if", "--set", "policy.mode=enforce"], ["report", "list"], ["forwarders", "--all"]):
        _succeeds(lab.reader, *arguments)
    for arguments in (["forwarders", "confirm", "192.0.2.1"], ["report", "suppress", AUTHOR]):
        done = lab.reader.ctl(*arguments)
        expect(done.returncode != 0 and "permission denied" in done.stderr, f"{arguments}: {done.stderr}")


def a_reporter_reports_and_expires(lab):
    lab.report_once(days=1)
    expect_equal(sorted(mail.recipient for mail in lab.sink.accepted()), [f"rua@{AUTHOR}", f"ruf@{AUTHOR}"],
                 "report mail")
    for arguments in (["forwarders", "confirm", "192.0.2.1"], ["forwarders", "forget", "192.0.2.1"],
                      ["report", "suppress", "other.example"], ["report", "list"]):
        _succeeds(lab.reporter, *arguments)
    lab.report_once(days=2000)
    for table in ("record", "record_domain", "forwarding_sighting", "document", "delivery", "report"):
        expect_equal(lab.count(table), 0, f"rows left in {table}")


def no_role_can_do_more(lab):
    for role, statements in REFUSED.items():
        for statement in statements:
            try:
                lab.server.rows(statement, role)
            except LabError as refused:
                expect("permission denied" in str(refused) or "must be owner" in str(refused),
                       f"{role}: {statement}: {refused}")
            else:
                expect(False, f"{role} may {statement}")


CHECKS = [the_file_runs_before_and_after_the_tables_are_made, a_gateway_records_learns_and_hands_on_failure_reports,
          a_reader_reads, a_reporter_reports_and_expires, no_role_can_do_more]


def main():
    return run_checks("postgresql_roles_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
