#!/usr/bin/python3
"""Failure reports from end to end: a message fails at the gateway behind a real Postfix, the report about it is
mailed through that Postfix, and what lies in the mailbox is taken apart by Python's own parser."""

import email
import email.policy
import email.utils
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import smtp  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter, merged  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.reporter import Reporter  # noqa: E402
from lab.runner import expect, expect_equal, run_checks  # noqa: E402
from lab.zones import GOOD_IP, STRANGER_IP, Keys, Zone  # noqa: E402
from messages import plain, signed  # noqa: E402

OURS = "reports.example"
AUTHOR = "Ann <ann.secret@asks.example>"
SPF = f"v=spf1 ip4:{GOOD_IP} -all"
POLICIES = {
    "asks.example": "v=DMARC1; p=reject; ruf=mailto:ruf@asks.example",
    "any.example": "v=DMARC1; p=none; fo=1; ruf=mailto:ruf@any.example",
    "spf.example": "v=DMARC1; p=none; fo=s; ruf=mailto:ruf@spf.example",
    "abroad.example": "v=DMARC1; p=none; ruf=mailto:ruf@collector.example,mailto:ruf@stranger.example",
    "often.example": "v=DMARC1; p=none; ruf=mailto:ruf@often.example",
    OURS: f"v=DMARC1; p=none; ruf=mailto:ruf@{OURS}",
}
FOR_ONE_DOMAIN = 2
SETTINGS = {
    "policy": {"mode": "enforce"},
    "report": {"enabled": True, "org_name": "Lab", "email": f"dmarc@{OURS}", "smtp_timeout": 5,
               "dkim_domain": OURS, "dkim_selector": "s1"},
    "failure": {"enabled": True, "max_per_domain_hour": FOR_ONE_DOMAIN},
}
# Mail for any domain goes to the one mailbox.
POSTFIX_CF = """\
default_transport = virtual:
relay_transport = virtual:
local_transport = virtual:
"""


def failure_zone(keys):
    zone = Zone()
    for domain, policy in POLICIES.items():
        zone.txt(domain, SPF)
        zone.txt(f"s1._domainkey.{domain}", keys.rsa.record)
        zone.txt(f"_dmarc.{domain}", policy)
    zone.txt("abroad.example._report._dmarc.collector.example", "v=DMARC1;")
    return zone


class Lab:
    """Postfix has two ports: one for clients out of the world, whose mail the gateway judges, and one for the
    reporter, whose mail it judges as well."""

    def __init__(self, programs):
        self.keys = Keys()
        key_file = programs.folder / "report-key.pem"
        key_file.write_bytes(self.keys.rsa.private_text)
        self.knot = Knot(programs.folder, failure_zone(self.keys).file())
        self.settings = merged(SETTINGS, {"report": {"dkim_key_file": str(key_file)}})
        self.milter = Milter(programs, "gateway", self.settings, self.knot.port)
        self.postfix = Postfix(programs.folder, programs.cache, {"world": self.milter.for_postfix},
                               POSTFIX_CF)
        self.reporter = Reporter(programs, "gateway", {})
        self.configure({})
        self._known = set()

    def configure(self, failure):
        settings = merged(self.settings, {"failure": failure},
                          {"report": {"smtp": f"smtp://127.0.0.1:{self.postfix.port('world')}"}})
        self.milter.configure(settings)
        self.milter.reload("MILTER_RELOADED")
        self.reporter.configure(self.milter.settings)

    def send(self, message, mail_from="bounce.secret@nospf.example", ip=STRANGER_IP):
        return smtp.send(self.postfix.port("world"), message, mail_from=mail_from, ip=ip)

    def report(self, wanted):
        """Has the reporter send what is due; the mails that came to addresses that begin with ruf@, as
        (recipient, message), oldest first."""
        wait_for(lambda: self.made() >= wanted + len(self._known), f"{wanted} new failure reports")
        now = datetime.now(UTC) + timedelta(minutes=1)
        done = self.reporter.once(now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        expect_equal(done.returncode, 0, f"the reporter: {done.stderr}")
        wait_for(lambda: len(self._new()) >= wanted, f"{wanted} mails")
        found = sorted(self._new(), key=lambda path: path.stat().st_mtime_ns)
        self._known.update(found)
        mails = []
        for path in found:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.SMTP)
            mails.append((message["Delivered-To"], message))
        return mails

    def _new(self):
        return [path for path in (self.postfix.inbox / "new").glob("*")
                if path not in self._known and b"\nDelivered-To: ruf@" in b"\n" + path.read_bytes()]

    def deliveries(self):
        done = self.milter.ctl("report", "list", "--json")
        expect_equal(done.returncode, 0, f"report list: {done.stderr}")
        return [one for one in json.loads(done.stdout) if one["kind"] == "failure"]

    def made(self):
        """Deliveries that are sent or will be."""
        return len([one for one in self.deliveries() if one["state"] != "skipped"])

    def stop(self):
        self.postfix.stop()
        self.milter.stop()
        self.knot.stop()
        return self.milter.problems + self.reporter.problems

    def logs(self):
        return [("Postfix", self.postfix.log()), ("reporter", self.reporter.log()), ("milter", self.milter.log())]


def feedback_of(message):
    """The three parts of a report: the text, the fields of the feedback, and the last part."""
    expect_equal(message.get_content_type(), "multipart/report", "Content-Type")
    expect_equal(message.get_param("report-type"), "feedback-report", "report-type")
    text, feedback, original = message.iter_parts()
    expect_equal(text.get_content_type(), "text/plain", "the first part")
    expect_equal(feedback.get_content_type(), "message/feedback-report", "the second part")
    # The parser takes the body of any message/* type as a message of its own.
    return text, feedback.get_payload(0), original


def failing_message_is_reported(lab):
    """RFC 6591 section 3 and RFC 7489 section 7.3.1; without the body and without local parts."""
    reply = lab.send(plain(AUTHOR, subject="Look here", body=b"The body is nobody's business.\r\n"))
    expect_equal(reply.code, 550, reply.text)
    ((recipient, message),) = lab.report(1)
    expect_equal(recipient, "ruf@asks.example", "recipient")
    expect_equal(message["From"].addresses[0].addr_spec, f"dmarc@{OURS}", "From")
    expect(message["Auto-Submitted"], "no Auto-Submitted")
    results = message["Authentication-Results"]
    expect(f"dmarc=pass header.from={OURS}" in results, f"report mail does not pass itself: {results}")
    text, fields, original = feedback_of(message)
    expect("asks.example" in text.get_content(), text.get_content())
    wanted = {"Feedback-Type": "auth-failure", "Version": "1", "Auth-Failure": "dmarc",
              "Identity-Alignment": "dkim, spf", "Delivery-Result": "reject",
              "Reported-Domain": "asks.example", "Source-IP": STRANGER_IP}
    expect_equal({name: fields[name] for name in wanted}, wanted, "fields")
    expect(fields["User-Agent"].startswith("Defender/"), fields["User-Agent"])
    expect("dmarc=fail" in fields["Authentication-Results"], fields["Authentication-Results"])
    expect(email.utils.parsedate_to_datetime(fields["Arrival-Date"]), "no Arrival-Date")
    expect(re.fullmatch(r"<[^@>]+@nospf\.example>", fields["Original-Mail-From"]),
           fields["Original-Mail-From"])
    expect_equal(original.get_content_type(), "text/rfc822-headers", "the last part")
    header = original.get_content()
    expect("Subject: Look here" in header and "@asks.example" in header, header)
    whole = message.as_string()
    expect("secret" not in whole, f"a local part is told:\n{whole}")
    expect("nobody's business" not in whole, "the body is told")


def options_of_the_domain_are_obeyed(lab):
    """fo=1 asks for a report as soon as one mechanism gives no aligned pass, s where SPF fails, the default only
    where nothing passes."""
    reported = {}
    for domain in ("asks.example", "any.example", "spf.example"):
        message = signed(lab.keys, domain, author=f"a@{domain}")
        expect_equal(lab.send(message, mail_from=f"a@{domain}").code, 250, "a message that DKIM passes")
    for recipient, message in lab.report(2):
        _, reported[recipient], _ = feedback_of(message)
    expect_equal(sorted(reported), ["ruf@any.example", "ruf@spf.example"], "recipients")
    for recipient, failure in (("ruf@any.example", "dmarc"), ("ruf@spf.example", "spf")):
        fields = reported[recipient]
        expect_equal((fields["Auth-Failure"], fields["Identity-Alignment"]), (failure, "spf"), recipient)
        expect_equal(fields["SPF-DNS"], f'txt : {recipient.partition("@")[2]} : "{SPF}"', "SPF-DNS")


def strangers_are_not_written_to(lab):
    """An address of another organization has to consent (RFC 7489 section 7.1)."""
    lab.send(plain("a@abroad.example"))
    ((recipient, _),) = lab.report(1)
    expect_equal(recipient, "ruf@collector.example", "recipient")
    refused = [one for one in lab.deliveries() if one["uri"] == "mailto:ruf@stranger.example"]
    expect_equal([one["state"] for one in refused], ["skipped"], "the other destination")


def own_reporting_is_never_reported(lab):
    before = lab.made()
    lab.send(plain(f"dmarc@{OURS}"))
    lab.send(plain("a@any.example"))  # what is behind it in the queue comes out
    ((recipient, _),) = lab.report(1)
    expect_equal(recipient, "ruf@any.example", "recipient")
    expect_equal(lab.made(), before + 1, "reports made")


def one_domain_gets_few(lab):
    for _ in range(FOR_ONE_DOMAIN + 3):
        lab.send(plain("a@often.example"))
    lab.send(plain("a@abroad.example"))
    found = [recipient for recipient, _ in lab.report(FOR_ONE_DOMAIN + 1)]
    expect_equal(found, ["ruf@often.example"] * FOR_ONE_DOMAIN + ["ruf@collector.example"], "recipients")


def whole_messages_by_setting(lab):
    lab.configure({"body": True, "redact": False})
    lab.send(plain(AUTHOR, body=b"Everybody's business.\r\n"))
    ((_, message),) = lab.report(1)
    _, fields, original = feedback_of(message)
    expect_equal(fields["Original-Mail-From"], "<bounce.secret@nospf.example>", "Original-Mail-From")
    expect_equal(original.get_content_type(), "message/rfc822", "the last part")
    inner = original.get_payload(0)
    expect_equal(inner["From"].addresses[0].addr_spec, "ann.secret@asks.example", "From")
    expect("Everybody's business." in inner.get_content(), "the body is not told")


CHECKS = [failing_message_is_reported, options_of_the_domain_are_obeyed, strangers_are_not_written_to,
          own_reporting_is_never_reported, one_domain_gets_few, whole_messages_by_setting]


def main():
    return run_checks("failure_report_e2e", __doc__, Lab, CHECKS)


if __name__ == "__main__":
    sys.exit(main())
