"""A day of mail for the suites of reports: who sends what, and the rows that the reports must have of it.

Every domain's mail stands in one table; what a report must say is written down here, not asked of the
programs.
"""

import ipaddress
from collections import Counter
from dataclasses import dataclass, field, replace

from lab.reports import Row
from lab.signing import dkimpy_sign
from lab.zones import ATTACKER_IP, GOOD_IP, GOOD_IP6, IDN_A, STRANGER_IP, Zone
from messages import plain

OURS = "reports.example"            # the domain of the report mail
REPORT_ADDRESS = f"dmarc-reports@{OURS}"
RECEIVER = "user@lab.example"
SELECTOR = "s1"
TRUSTED_NETWORK = "203.0.113.64/26"
TRUSTED_IP = "203.0.113.70"
REASON = ("trusted_forwarder", "known <list> & \"friends\"")
NOBODY = "bounce@nospf.example"
MANY = 60  # clients of one domain

# The policy of each domain; delta.example publishes another one from the second half of the day on.
POLICIES = {
    "alpha.example": "v=DMARC1; p=none; rua=mailto:dmarc@alpha.example",
    "beta.example": "v=DMARC1; p=reject; adkim=s; rua=mailto:dmarc@beta.example",
    "gamma.example": "v=DMARC1; p=quarantine; rua=mailto:dmarc@gamma.example,mailto:dmarc@collector.example,"
                     "mailto:dmarc@stranger.example,mailto:small@gamma.example!1k,"
                     "https://gamma.example/reports",
    "delta.example": "v=DMARC1; p=none; rua=mailto:dmarc@delta.example",
    "norua.example": "v=DMARC1; p=reject",
    "slow.example": "v=DMARC1; p=none; rua=mailto:slow@slow.example",
    "refused.example": "v=DMARC1; p=none; rua=mailto:refused@refused.example",
    "hang.example": "v=DMARC1; p=none; rua=mailto:hang@hang.example",
    "six.example": "v=DMARC1; p=none; rua=mailto:dmarc@six.example",
    "odd.example": "v=DMARC1; p=none; rua=mailto:dmarc@odd.example",
    "new.example": "v=DMARC1; p=reject; rua=mailto:dmarc@newform.example",
    "corp.example": "v=DMARC1; p=reject; sp=quarantine; rua=mailto:dmarc@corp.example",
    IDN_A: f"v=DMARC1; p=none; rua=mailto:dmarc@{IDN_A}",
    "many.example": "v=DMARC1; p=none; rua=mailto:dmarc@many.example",
    OURS: f"v=DMARC1; p=reject; rua=mailto:dmarc@{OURS}",
}
LATER_POLICY = "v=DMARC1; p=quarantine; rua=mailto:dmarc@delta.example"

# The mailboxes that reports about a domain must come to. Those in NEW_FORM get reports as RFC 9990 has them.
DESTINATIONS = {
    "alpha.example": ["dmarc@alpha.example"],
    "beta.example": ["dmarc@beta.example"],
    "gamma.example": ["dmarc@gamma.example", "dmarc@collector.example"],
    "delta.example": ["dmarc@delta.example"],
    "slow.example": ["slow@slow.example"],
    "hang.example": ["hang@hang.example"],
    "six.example": ["dmarc@six.example"],
    "odd.example": ["dmarc@odd.example"],
    "new.example": ["dmarc@newform.example"],
    "corp.example": ["dmarc@corp.example"],
    IDN_A: [f"dmarc@{IDN_A}"],
    "many.example": ["dmarc@many.example"],
}
REFUSED = "refused@refused.example"
NEW_FORM = "newform.example"


def schema_of(address):
    return "rfc9990" if address.endswith(NEW_FORM) else "rfc7489"


def day_zone(keys, later=False):
    """The names of the day; `later`: in its second half."""
    zone = Zone()
    for name, policy in POLICIES.items():
        zone.txt(name, f"v=spf1 ip4:{GOOD_IP} ip6:{GOOD_IP6} -all")
        zone.txt(f"{SELECTOR}._domainkey.{name}", keys.rsa.record)
        zone.txt(f"_dmarc.{name}", LATER_POLICY if later and name == "delta.example" else policy)
    zone.txt("gamma.example._report._dmarc.collector.example", "v=DMARC1;")
    zone.txt("*._report._dmarc.newform.example", "v=DMARC1")
    zone.txt("spf._report._dmarc.stranger.example", "v=spf1 -all")
    zone.txt("attack.example", f"v=spf1 ip4:{ATTACKER_IP} -all")
    return zone


@dataclass(frozen=True)
class Mail:
    """`count` messages that are alike, and the row that they must become; None where they are not reported.
    Where `exact` is false, names of the sender are not compared, as they cannot stand in XML as they came."""

    domain: str  # policy domain
    message: bytes
    mail_from: object
    ip: str
    row: Row | None
    count: int
    helo: object = "client.example"
    recipient: str = RECEIVER
    exact: bool = True


@dataclass
class Day:
    """The mail of both halves of the day, and of the time after its reports were made."""

    first: list = field(default_factory=list)
    second: list = field(default_factory=list)
    late: list = field(default_factory=list)


def _passes(domain, ip=GOOD_IP):
    """What SPF and DKIM give to a message of the domain itself."""
    return {"disposition": "none", "dkim": "pass", "spf": "pass", "source_ip": ip, "envelope_from": domain,
            "dkim_results": ((domain, SELECTOR, "pass"),), "spf_results": ((domain, "mfrom", "pass"),)}


def _fails(disposition):
    return {"disposition": disposition, "dkim": "fail", "spf": "fail", "source_ip": STRANGER_IP,
            "envelope_from": "nospf.example", "spf_results": (("nospf.example", "mfrom", "none"),)}


class Writer:
    """Makes mails; each text is signed once, however often it is sent."""

    def __init__(self, keys, short):
        self._keys = keys
        self._short = short

    def _count(self, count):
        return min(count, 2) if self._short else count

    def signed(self, author, signer=None):
        return dkimpy_sign(plain(f"Ann <ann@{author}>"), self._keys.rsa, signer or author, SELECTOR)

    def good(self, author, count, ip=GOOD_IP):
        return Mail(author, self.signed(author), f"ann@{author}", ip,
                    Row(header_from=author, **_passes(author, ip)), self._count(count))

    def forwarded(self, author, count):
        """The signature holds, the way of the mail is not the domain's."""
        row = {**_fails("none"), "dkim": "pass", "dkim_results": ((author, SELECTOR, "pass"),)}
        return Mail(author, self.signed(author), NOBODY, STRANGER_IP, Row(header_from=author, **row),
                    self._count(count))

    def forged(self, author, disposition, count, domain=None, ip=STRANGER_IP, **options):
        canonical = str(ipaddress.ip_address(ip))
        row = Row(header_from=author, **{**_fails(disposition), "source_ip": canonical})
        return Mail(domain or author, plain(f"Ann <ann@{author}>"), NOBODY, ip, row, self._count(count),
                    **options)

    def broken(self, author, disposition, count):
        """The body was changed behind the signature."""
        row = Row(header_from=author, **_fails(disposition),
                  dkim_results=((author, SELECTOR, "fail"),))
        return Mail(author, self.signed(author) + b"more\r\n", NOBODY, STRANGER_IP, row, self._count(count))

    def excused(self, author, count):
        row = Row(header_from=author, **{**_fails("none"), "source_ip": TRUSTED_IP}, reasons=(REASON,))
        return Mail(author, plain(f"Ann <ann@{author}>"), NOBODY, TRUSTED_IP, row, self._count(count))

    def bounce(self, author, count):
        """A null sender: SPF is asked of postmaster at the HELO name (RFC 7208 section 2.4), and that is the
        name that the report has, as the schema requires one."""
        row = Row(header_from=author, source_ip=GOOD_IP, disposition="none", dkim="fail", spf="pass",
                  envelope_from=author, spf_results=((author, "mfrom", "pass"),))
        return Mail(author, plain(f"Mailer <mailer@{author}>"), "", GOOD_IP, row, self._count(count),
                    helo=author)

    def odd(self, count):
        """Octets that XML cannot hold, and those that mean something to it."""
        author = "odd.example"
        base = {"header_from": author, "disposition": "none", "dkim": "fail", "spf": "fail",
                "source_ip": STRANGER_IP, "envelope_from": ""}
        display = plain(b"\"<b>&amp; \xff\x01 ]]>\" <x@odd.example>")
        return [Mail(author, display, sender, STRANGER_IP, Row(**base), self._count(count), helo=helo,
                     exact=False)
                for sender, helo in ((b"a&b<c>@x\xff<y>&\"'.example", "client.example"),
                                     (b"\x02\x7f@nospf.example", b"<&>\"'\xff\x1b]]>"),
                                     ("", b"<&>\"'\xff\xfe.example"),
                                     ("x@nospf.example", "h\u00e9lo \u2028.example"))]


def make_day(keys, short=False):
    writer = Writer(keys, short)
    day = Day()
    for domain in ("alpha.example", "slow.example", "refused.example", "hang.example", IDN_A):
        day.first += [writer.good(domain, 7), writer.forged(domain, "none", 5)]
    day.first += [writer.forwarded("alpha.example", 11), writer.broken("alpha.example", "none", 3),
                  writer.bounce("alpha.example", 4)]
    day.first += [writer.good("beta.example", 9), writer.forged("beta.example", "reject", 13),
                  writer.excused("beta.example", 6)]
    day.first += [writer.good("gamma.example", 5), writer.forged("gamma.example", "quarantine", 8),
                  writer.broken("gamma.example", "quarantine", 2)]
    day.first += [writer.good("delta.example", 4), writer.forged("delta.example", "none", 3)]
    day.first += [writer.good("norua.example", 5), writer.forged("norua.example", "reject", 5)]
    day.first += [writer.good("six.example", 6, GOOD_IP6),
                  writer.forged("six.example", "none", 4, ip="2001:db8:0:0:1::66")]
    day.first += writer.odd(3)
    day.first += [writer.good("new.example", 10), writer.forged("new.example", "reject", 10)]
    day.first += [writer.good("corp.example", 2),
                  writer.forged("corp.example", "reject", 3),
                  writer.forged("sub.corp.example", "quarantine", 6, domain="corp.example")]
    first_client = ipaddress.ip_address("198.18.0.1")
    day.first += [writer.forged("many.example", "none", 1, ip=str(first_client + number))
                  for number in range(MANY)]
    # Bounces that come to the address of our reports are reported to nobody.
    to_us = writer.forged("alpha.example", "none", 3, recipient=REPORT_ADDRESS)
    day.first.append(Mail(to_us.domain, to_us.message, to_us.mail_from, to_us.ip, None, to_us.count,
                          recipient=to_us.recipient))
    day.second = [writer.good("delta.example", 6), writer.forged("delta.example", "quarantine", 7),
                  writer.good("alpha.example", 2)]
    day.late = [writer.good("alpha.example", 5), writer.forged("beta.example", "reject", 1)]
    return day


def rows_of(mails, domain, schema="rfc7489"):
    """What the report about a domain must count, of these mails. RFC 9990 has a word of its own for what was
    done with mail that passed."""
    rows = Counter()
    for mail in mails:
        if mail.domain != domain or mail.row is None:
            continue
        passed = "pass" in (mail.row.dkim, mail.row.spf)
        row = replace(mail.row, disposition="pass") if schema == "rfc9990" and passed else mail.row
        rows[row] += mail.count
    return rows


def comparable(rows, exact=True):
    """Rows as they can be compared: an SPF result of the HELO name beside that of MAIL FROM is left out;
    where names are not exact, only what is evaluated and counted."""
    out = Counter()
    for row, count in rows.items():
        senders = tuple(result for result in row.spf_results if result[1] == "mfrom")
        if exact:
            key = (row.source_ip, row.disposition, row.dkim, row.spf, row.header_from, row.envelope_from,
                   row.reasons, row.dkim_results, senders or row.spf_results)
        else:
            key = (row.source_ip, row.disposition, row.dkim, row.spf, row.header_from)
        out[key] += count
    return out
