#!/usr/bin/python3
"""A day of mail becomes aggregate reports: from real gateways over the store and the reporter to mailboxes,
where each report is unpacked, validated and compared, count by count, with what was sent.

The same mail goes to an installation on SQLite, whose reports travel through a real Postfix, and to one with
two gateways and two reporters on PostgreSQL; both must make the same files, octet by octet.
"""

import json
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import reports  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.process import wait_for  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.zones import Keys  # noqa: E402
from report_day import (DESTINATIONS, OURS, REFUSED, comparable, day_zone, make_day, rows_of,  # noqa: E402
                        schema_of)
from report_worlds import Clock, PostgresqlWorld, SqliteWorld, rfc3339  # noqa: E402

NOTICE_ADDRESS = "small@gamma.example"
EXIT_TRY_AGAIN = 75


@dataclass
class Lab:
    programs: object
    keys: Keys
    knot: Knot
    clock: Clock
    day: object
    worlds: list


def until(world, wanted):
    """The mails of a world once there are so many, each taken apart; more than wanted is wrong, too."""
    wait_for(lambda: len(world.mails()) >= wanted, f"{wanted} mails in {world.name}", 20)
    return [(mail.recipient, reports.read_mail(mail.octets)) for mail in world.mails()]


def whole_day_is_recorded(lab):
    for world in lab.worlds:
        world.send(lab.day.first)
    lab.knot.load(day_zone(lab.keys, later=True).file(2), 2)
    for world in lab.worlds:
        world.send(lab.day.second)
        world.wait_until_stored()


def nothing_is_closed_before_its_time(lab):
    """The day must be over for report.delay."""
    for world in lab.worlds:
        for run in world.report_once(rfc3339(lab.clock.next_day(0, 59))):
            expect_equal(run.returncode, 0, f"{world.name}: {run.stderr}")
        expect_equal(world.documents(), [], f"documents of {world.name}")
        expect_equal(world.mails(), [], f"mails of {world.name}")


def preview_shows_what_will_be_sent(lab):
    """The same octets in every time zone; nothing is closed and nothing sent."""
    for world in lab.worlds:
        previews = []
        for zone in ("Asia/Tokyo", "America/Los_Angeles", "UTC"):
            folder = lab.programs.folder / f"preview-{world.name}-{zone.replace('/', '-')}"
            done = world.ctl("report", "preview", "--json", "--folder", str(folder), "--now",
                             rfc3339(lab.clock.next_day(1)), env={"TZ": zone})
            expect_equal(done.returncode, 0, f"report preview: {done.stderr}")
            listed = json.loads(done.stdout)
            files = sorted(path.name for path in folder.iterdir())
            expect_equal(len(files), len(listed) + sum(len(one["mails"]) for one in listed), "files")
            previews.append({name: (folder / name).read_bytes() for name in files})
        expect(previews[0] == previews[1] == previews[2], f"{world.name}: the time zone shows in a report")
        xml = [octets for name, octets in previews[0].items() if name.endswith(".xml")]
        expect(xml, "no XML in the preview")
        for octets in xml:
            reports.validate(octets, "rfc9990" if b"dmarc-2.0" in octets else "rfc7489")
        expect_equal(world.documents(), [], f"documents of {world.name}")


def reports_are_made_and_sent(lab):
    for world, zone in zip(lab.worlds, ("Asia/Tokyo", "America/Los_Angeles")):
        runs = world.report_once(rfc3339(lab.clock.next_day(2)), {"TZ": zone})
        expect(any(run.returncode == EXIT_TRY_AGAIN for run in runs),
               f"{world.name}: no run says that something waits: {[run.returncode for run in runs]}")
        domains = Counter(document.policy_domain for document in world.aggregates().values())
        wanted = Counter({domain: 2 if domain == "delta.example" else 1
                          for domain in [*DESTINATIONS, "refused.example"]})
        expect_equal(domains, wanted, f"reports of {world.name}")


def tempfailures_end_well(lab):
    """4xx twice, then 250; silence, then 250: tried again after waits that grow."""
    for world in lab.worlds:
        expect(not [mail for mail in world.mails() if mail.recipient.startswith(("slow@", "hang@"))],
               "a mail that was not taken")
        for minutes, last in ((6, EXIT_TRY_AGAIN), (30, 0)):
            at = rfc3339(lab.clock.next_day(2, minutes))
            world.report_once(at)
            # Of several reporters one may end while another still has something at hand.
            expect_equal(world.reporters[0].once(at).returncode, last, f"{world.name}: at {at}")


def every_report_counts_what_was_sent(lab):
    sent = lab.day.first + lab.day.second
    for world in lab.worlds:
        wanted = Counter(address for addresses in DESTINATIONS.values() for address in addresses)
        wanted["dmarc@delta.example"] += 1
        wanted[NOTICE_ADDRESS] += 1
        mails = until(world, sum(wanted.values()))
        expect_equal(Counter(recipient for recipient, _ in mails), wanted, f"mails of {world.name}")
        for recipient, mail in mails:
            if recipient != NOTICE_ADDRESS:
                check_report(lab, mail, recipient)
        for domain, addresses in DESTINATIONS.items():
            exact = domain != "odd.example"
            for address in addresses:
                # The two reports under the two policies of a day make up the day together.
                rows = sum((mail.report.rows for recipient, mail in mails if recipient == address), Counter())
                wanted_rows = rows_of(sent, domain, schema_of(address))
                expect_equal(comparable(rows, exact), comparable(wanted_rows, exact),
                             f"{world.name}: rows of {domain} for {address}")


def check_report(lab, mail, recipient):
    report = mail.report
    expect(report is not None, f"no report in the mail to {recipient}")
    begin = int(datetime.combine(lab.clock.day, datetime.min.time(), UTC).timestamp())
    expect_equal((report.begin, report.end), (begin, begin + 86399), f"period of {report.report_id}")
    expect_equal(report.schema, schema_of(recipient), f"schema for {recipient}")
    expect_equal(report.org_name, "Lab & S\u00f6hne <Mail>", "org_name")
    expect(OURS in mail.message["From"], f"From {mail.message['From']}")
    expect_equal(mail.message["To"], recipient, "To")


def changed_policy_has_two_reports(lab):
    """Each of the two tells its own policy and the messages under it."""
    for world in lab.worlds:
        found = {}
        for recipient, mail in until(world, 1):
            if recipient == "dmarc@delta.example":
                found[mail.report.policy["p"]] = mail.report
        expect_equal(sorted(found), ["none", "quarantine"], "policies")
        for policy, mails in (("none", lab.day.first), ("quarantine", lab.day.second)):
            expect_equal(comparable(found[policy].rows), comparable(rows_of(mails, "delta.example")),
                         f"rows under p={policy}")
        expect_equal(len({report.report_id for report in found.values()}), 2, "report ids")


def too_large_report_is_a_notice(lab):
    """RFC 7489 section 7.2.2."""
    for world in lab.worlds:
        notices = [mail for recipient, mail in until(world, 1) if recipient == NOTICE_ADDRESS]
        expect_equal(len(notices), 1, "notices")
        text = notices[0].octets.decode()
        for name in ("Report-Date:", "Report-Domain:", "Report-ID:", "Report-Size:", "Submitter:",
                     "Submitting-URI:"):
            expect(name in text, f"no {name} in:\n{text}")


def mail_dmarc_reads_every_report(lab):
    for world in lab.worlds:
        # One mail of each report: it takes in the rows of a report that comes to two mailboxes twice.
        mails = {mail.report.report_id: mail for _, mail in until(world, 1)
                 if mail.report and mail.report.schema == "rfc7489"}.values()
        read = reports.read_by_mail_dmarc([mail.octets for mail in mails],
                                          lab.programs.folder / f"mail-dmarc-{world.name}")
        wanted = {}
        for mail in mails:
            rows = Counter()
            for row, count in mail.report.rows.items():
                rows[row.source_ip, row.disposition, row.dkim, row.spf] += count
            wanted[mail.report.report_id.lower()] = rows
        expect_equal(sorted(read), sorted(wanted), f"reports that Mail::DMARC has of {world.name}")
        for report_id, rows in wanted.items():
            expect_equal(read[report_id], rows, f"{world.name}: rows that Mail::DMARC has of {report_id}")


def report_mail_passes_dmarc(lab):
    """Report mail that comes to a Defender is signed, passes, and is told of in no report."""
    world = lab.worlds[0]
    for _, mail in until(world, 1):
        results = [value for value in mail.message.get_all("Authentication-Results", [])]
        expect_equal(len(results), 1, f"Authentication-Results: {results}")
        expect(re.search(r"dmarc=pass header\.from=" + re.escape(OURS), results[0]), results[0])
        expect(re.search(r"dkim=pass header\.d=" + re.escape(OURS), results[0]), results[0])


def show(world, *arguments):
    done = world.ctl("report", *arguments, "--json")
    expect_equal(done.returncode, 0, f"report {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout)


def operator_sees_what_became_of_each(lab):
    for world in lab.worlds:
        gamma = show(world, "list", "--domain", "gamma.example", "--day", str(lab.clock.day))
        states = {one["uri"]: one["state"] for one in gamma if one["kind"] == "aggregate"}
        expect_equal(states, {"mailto:dmarc@gamma.example": "sent", "mailto:dmarc@collector.example": "sent",
                              "mailto:dmarc@stranger.example": "skipped",
                              "mailto:small@gamma.example": "skipped",
                              "https://gamma.example/reports": "skipped"}, "states")
        report_id = next(one["report_id"] for one in gamma if one["kind"] == "aggregate")
        story = show(world, "show", report_id)
        expect_equal(story["messages"], sum(rows_of(lab.day.first, "gamma.example").values()), "messages")
        for delivery in story["deliveries"]:
            expect(delivery["history"], f"no history of {delivery}")
            expect(delivery["state"] != "skipped" or delivery["answer"], f"no reason for {delivery}")
        slow = show(world, "list", "--domain", "slow.example")
        expect_equal([(one["state"], one["attempts"]) for one in slow], [("sent", 3)], "slow.example")
        history = show(world, "show", slow[0]["report_id"])["deliveries"][0]["history"]
        expect_equal([step["state"] for step in history].count("retry"), 2, f"history {history}")
        refused = show(world, "list", "--state", "given_up")
        expect_equal([one["address"] for one in refused], [REFUSED], "given up")
        expect("no such user" in refused[0]["answer"], f"answer {refused[0]['answer']!r}")
        expect(REFUSED in [one["destination"] for one in show(world, "suppress", "--list")], "not suppressed")
        expect_equal(world.ctl("report", "show", "no.such.report").returncode, 1, "an unknown report")
        text = world.ctl("report", "list").stdout
        expect("dmarc@many.example" in text, f"the table:\n{text}")


def stores_make_the_same_files(lab):
    first, *others = [{report_id: (document.filename, document.content)
                       for report_id, document in world.aggregates().items()} for world in lab.worlds]
    for other in others:
        expect_equal(sorted(first), sorted(other), "report ids")
        differing = [report_id for report_id in first if first[report_id] != other[report_id]]
        expect(not differing, f"differing files: {differing}")


def late_records_open_another_edition(lab):
    for world in lab.worlds:
        before = set(world.aggregates())
        mails_before = len(world.mails())
        world.send(lab.day.late)
        world.wait_until_stored()
        world.report_once(rfc3339(lab.clock.next_day(4)))
        late = {report_id: document for report_id, document in world.aggregates().items()
                if report_id not in before}
        expect_equal(sorted((document.policy_domain, document.edition) for document in late.values()),
                     [("alpha.example", 2), ("beta.example", 2)], f"late reports of {world.name}")
        found = {mail.report.domain: mail.report for _, mail in until(world, mails_before + 2)
                 if mail.report and mail.report.report_id in late}
        for domain in ("alpha.example", "beta.example"):
            expect_equal(comparable(found[domain].rows), comparable(rows_of(lab.day.late, domain)),
                         f"late rows of {domain}")
        expect(OURS not in {document.policy_domain for document in world.documents()},
               "a report about our own report mail")


def report_is_sent_again_as_it_was(lab):
    for world in lab.worlds:
        report_id = next(report_id for report_id, document in world.aggregates().items()
                         if document.policy_domain == "six.example")
        before = len(world.mails())
        done = world.ctl("report", "resend", report_id, "--now", rfc3339(lab.clock.next_day(5)))
        expect_equal(done.returncode, 0, f"report resend: {done.stderr}")
        world.report_once(rfc3339(lab.clock.next_day(5)))
        twins = [mail for _, mail in until(world, before + 1)
                 if mail.report and mail.report.report_id == report_id]
        expect_equal(len(twins), 2, "mails of the report")
        for name in ("message_id", "filename", "content"):
            expect_equal(getattr(twins[1], name), getattr(twins[0], name), name)


def suppressed_destination_gets_nothing(lab):
    """By the operator: held back while it lasts, sent when it is lifted."""
    for world in lab.worlds:
        at = rfc3339(lab.clock.next_day(6))
        done = world.ctl("report", "suppress", "dmarc@alpha.example", "--for", "2", "--now", at)
        expect_equal(done.returncode, 0, f"report suppress: {done.stderr}")
        before = len(world.mails())
        world.send(lab.day.late[:1])
        world.wait_until_stored()
        world.report_once(at)
        expect_equal(len(world.mails()), before, "mails while suppressed")
        expect_equal(world.ctl("report", "suppress", "dmarc@alpha.example", "--lift").returncode, 0, "lift")
        expect_equal(world.ctl("report", "suppress", "dmarc@alpha.example", "--lift").returncode, 1,
                     "lifted twice")


def operator_sends_now(lab):
    """`report send` closes and delivers what the operator asks for, without the reporter's delay."""
    for world in lab.worlds:
        before = len(world.mails())
        world.send(lab.day.late)
        world.wait_until_stored()
        done = world.ctl("report", "send", "--json", "--day", str(lab.clock.day), "--domain", "beta.example",
                         "--now", rfc3339(lab.clock.next_day(7)))
        expect_equal(done.returncode, 0, f"report send: {done.stderr}{done.stdout}")
        counts = json.loads(done.stdout)
        expect_equal((counts["closed"], counts["sent"]), (1, 1), f"counts {counts}")
        added = [mail.report.domain for _, mail in until(world, before + 1)[before:]] \
            if world.name == "postgresql" else ["beta.example"]
        expect_equal(added, ["beta.example"], "what was sent")


CHECKS = [
    whole_day_is_recorded, nothing_is_closed_before_its_time, preview_shows_what_will_be_sent,
    reports_are_made_and_sent, tempfailures_end_well, every_report_counts_what_was_sent,
    changed_policy_has_two_reports, too_large_report_is_a_notice, mail_dmarc_reads_every_report,
    report_mail_passes_dmarc, operator_sees_what_became_of_each, stores_make_the_same_files,
    late_records_open_another_edition, report_is_sent_again_as_it_was, suppressed_destination_gets_nothing,
    operator_sends_now,
]


def main():
    def options(parser):
        parser.add_argument("--short", action="store_true", help="fewer messages, for slow programs")
        parser.add_argument("--only", default="", help="worlds whose name has this text")

    programs, arguments = programs_from_arguments(__doc__, options)
    suite = Suite("report_e2e")
    begun = time.monotonic()
    clock = Clock()
    keys = Keys()
    key_file = programs.folder / "report-key.pem"
    key_file.write_bytes(keys.rsa.private_text)
    knot = Knot(programs.folder, day_zone(keys).file())
    worlds = [make(programs, knot.port, key_file) for make in (SqliteWorld, PostgresqlWorld)
              if arguments.only in make.NAME]
    lab = Lab(programs, keys, knot, clock, make_day(keys, arguments.short), worlds)
    print(f"the lab is up after {time.monotonic() - begun:.1f} s", flush=True)
    suite.check_all(CHECKS, lab)
    for world in worlds:
        logs = world.logs()
        suite.logs += [lambda title=title, text=text: (title, text[-5000:]) for title, text in logs]
        world.stop()
        for problem in world.problems():
            suite.problem(problem)
    knot.stop()
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
