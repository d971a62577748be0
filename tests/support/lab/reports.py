"""Aggregate reports as a receiver reads them: mail, gzip, schema, rows; and a second reader, Mail::DMARC.

Nothing here shares code with the programs under test.
"""

import email
import email.policy
import functools
import gzip
import ipaddress
import re
import sqlite3
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"
RFC9990_NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
SUBJECT = re.compile(r"Report Domain: (\S+) Submitter: (\S+) Report-ID: <([A-Za-z0-9.-]+)(?:@[^>\s]*)?>")
FILENAME = re.compile(r"([A-Za-z0-9.-]+)!([A-Za-z0-9.-]+)!(\d+)!(\d+)(?:!([A-Za-z0-9.-]+))?\.xml\.gz")
BACKEND_INI = """\
[organization]
domain = reader.example
org_name = reader
email = reader@reader.example
[report_store]
backend = SQL
dsn = dbi:SQLite:dbname={database}
user =
pass =
[dns]
timeout = 5
public_suffix_list = share/public_suffix_list
"""
# What the program dmarc_receive does, for many files at once.
RECEIVE = "Mail::DMARC::Report::Receive->new->from_file($_) eq 'aggregate' or die $_ for @ARGV"


class ReportError(Exception):
    """What is wrong with a report or with the mail that carries it."""


def _require(condition, text):
    if not condition:
        raise ReportError(text)


@dataclass(frozen=True)
class Row:
    """What one <record> tells, but for its count."""

    source_ip: str
    disposition: str
    dkim: str
    spf: str
    header_from: str
    envelope_from: str
    reasons: tuple = ()  # (type, comment)
    dkim_results: tuple = ()  # (domain, selector, result), sorted
    spf_results: tuple = ()  # (domain, scope, result), sorted


@dataclass
class AggregateReport:
    schema: str
    report_id: str
    org_name: str
    email: str
    begin: int
    end: int
    policy: dict  # element of policy_published: text
    rows: Counter = field(default_factory=Counter)  # Row: count
    records: int = 0

    @property
    def domain(self):
        return self.policy["domain"]

    @property
    def messages(self):
        return sum(self.rows.values())


@dataclass
class ReportMail:
    """A report mail, taken apart. `report` is None for mail that carries no report, such as a notice."""

    message: email.message.EmailMessage
    octets: bytes
    report: AggregateReport | None
    filename: str = ""
    content: bytes = b""  # of the file, compressed

    @property
    def message_id(self):
        return self.message["Message-ID"]


@functools.lru_cache(maxsize=None)
def read_mail(octets):
    """Takes a mail apart and checks all that RFC 7489 section 7.2.1.1 asks of it. Each mail is read once,
    however often it is asked for."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Auto-Submitted"):
        count = len(message.get_all(name, []))
        _require(count == 1, f"{name} is there {count} times")
    _require(not message.defects, f"defects of the message: {message.defects}")
    files = [part for part in message.walk() if part.get_content_type() == "application/gzip"]
    if not files:
        return ReportMail(message, octets, None)
    _require(message.get_content_type() == "multipart/mixed", f"a {message.get_content_type()}")
    _require(len(files) == 1, f"{len(files)} files")
    _require(message.get_body(("plain",)) is not None, "no text for people")
    part = files[0]
    filename = part.get_filename()
    _require(part.get_param("name") == filename, f"names {part.get_param('name')!r} and {filename!r}")
    report = read_file(part.get_content())
    _check_names(message, filename, report)
    return ReportMail(message, octets, report, filename, part.get_content())


def _check_names(message, filename, report):
    """Subject, filename and file tell of the same domain, period and report."""
    subject = SUBJECT.fullmatch(message["Subject"])
    _require(subject, f"Subject {message['Subject']!r}")
    _require(subject[1] == report.domain, f"Subject of {subject[1]} for {report.domain}")
    _require(subject[3] == report.report_id, f"Report-ID {subject[3]} in the Subject of {report.report_id}")
    named = FILENAME.fullmatch(filename or "")
    _require(named, f"filename {filename!r}")
    _require(named[1] == subject[2], f"receiver {named[1]} in the filename, {subject[2]} in the Subject")
    _require(named[2] == report.domain, f"domain {named[2]} in the filename of {report.domain}")
    _require((int(named[3]), int(named[4])) == (report.begin, report.end), f"period in {filename}")


def read_file(content):
    """A report file, checked against its schema."""
    xml = gzip.decompress(content)
    root = ElementTree.fromstring(xml)
    schema = "rfc9990" if root.tag.startswith("{") else "rfc7489"
    validate(xml, schema)
    return _parse(root, schema)


def validate(xml, schema):
    done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", str(DATA / f"{schema}.xsd"), "-"],
                          input=xml, capture_output=True, check=False)
    _require(done.returncode == 0, f"xmllint, {schema}.xsd: {done.stderr.decode()}\n{xml.decode()[:4000]}")


def _parse(root, schema):
    if schema == "rfc9990":
        _require(root.tag == f"{{{RFC9990_NAMESPACE}}}feedback", f"root {root.tag}")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        text = (element.text or "").strip()
        _require(len(element) or text or element.tag == "envelope_from", f"<{element.tag}> is empty")
    _require(root.tag == "feedback", f"root <{root.tag}>")
    report = AggregateReport(
        schema, root.findtext("report_metadata/report_id"), root.findtext("report_metadata/org_name"),
        root.findtext("report_metadata/email"), int(root.findtext("report_metadata/date_range/begin")),
        int(root.findtext("report_metadata/date_range/end")),
        {element.tag: element.text for element in root.find("policy_published")})
    for record in root.findall("record"):
        # Rows that differ in no more than a remark are one row here.
        report.rows[_row(record)] += int(record.findtext("row/count"))
        report.records += 1
    return report


def _row(record):
    evaluated = record.find("row/policy_evaluated")
    source_ip = record.findtext("row/source_ip")
    _require(str(ipaddress.ip_address(source_ip)) == source_ip, f"{source_ip} is not in canonical form")
    return Row(source_ip, evaluated.findtext("disposition"), evaluated.findtext("dkim"),
               evaluated.findtext("spf"), record.findtext("identifiers/header_from"),
               record.findtext("identifiers/envelope_from") or "",
               tuple((reason.findtext("type"), reason.findtext("comment") or "")
                     for reason in evaluated.findall("reason")),
               _results(record, "dkim", "selector"), _results(record, "spf", "scope"))


def _results(record, method, second):
    return tuple(sorted((result.findtext("domain") or "", result.findtext(second) or "",
                         result.findtext("result")) for result in record.findall(f"auth_results/{method}")))


def read_by_mail_dmarc(mails, folder):
    """What Debian's Mail::DMARC takes in of these mails (octets), as its database then has it:
    {report id in lower case: Counter of (source_ip, disposition, dkim, spf)}.

    It knows no XML namespaces, so it reads reports in the form of RFC 7489 only.
    """
    folder = Path(folder)
    folder.mkdir(parents=True)
    database = folder / "reports.sqlite"
    (folder / "mail-dmarc.ini").write_text(BACKEND_INI.format(database=database))
    paths = []
    for number, mail in enumerate(mails):
        paths.append(folder / f"{number}.eml")
        paths[-1].write_bytes(mail)
    done = subprocess.run(["perl", "-MMail::DMARC::Report::Receive", "-e", RECEIVE, *map(str, paths)],
                          cwd=folder, capture_output=True, text=True, check=False,
                          env={"PATH": "/usr/bin:/bin", "MAIL_DMARC_CONFIG_FILE": "mail-dmarc.ini"})
    _require(done.returncode == 0 and not done.stderr, f"Mail::DMARC: {done.stderr}{done.stdout}")
    return _mail_dmarc_rows(database)


def _mail_dmarc_rows(database):
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT r.uuid, CAST(rr.source_ip AS BLOB), rr.disposition, rr.dkim, rr.spf, rr.count "
            "FROM report r JOIN report_record rr ON rr.report_id = r.id").fetchall()
    for report_id, address, disposition, dkim, spf, count in rows:
        key = (str(ipaddress.ip_address(address)), disposition, dkim, spf)
        found.setdefault(report_id.lower(), Counter())[key] += count
    return found
