#!/usr/bin/python3
"""The milter under Sendmail: a pass is delivered with its field on top, a forgery is refused, both are
recorded."""

import smtplib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from lab import auth_results, smtp  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.sendmail import Sendmail  # noqa: E402
from lab.zones import Keys, lab_zone  # noqa: E402
from messages import plain, signed  # noqa: E402


class Lab:
    def __init__(self, programs):
        self.keys = Keys()
        self.knot = Knot(programs.folder, lab_zone(self.keys).file())
        self.milter = Milter(programs, "sendmail", {"policy": {"mode": "enforce"}}, self.knot.port)
        self.sendmail = Sendmail(programs.folder, programs.cache, f"inet:{self.milter.port}@127.0.0.1")

    def send(self, message, mail_from):
        return smtp.send(self.sendmail.port, message, mail_from=mail_from, helo="client.example")


def pass_is_delivered(lab):
    forged = "Authentication-Results: mx.lab.example; dmarc=pass header.from=forged.example"
    reply = lab.send(signed(lab.keys, headers=[forged], subject="delivered-by-sendmail"),
                     "bounce@nospf.example")
    expect_equal(reply.code, 250, f"SMTP answer ({reply.text})")
    message = lab.sendmail.wait_delivered("delivered-by-sendmail")
    fields = auth_results.fields_named(message, "Authentication-Results")
    expect_equal(len(fields), 1, f"Authentication-Results fields: {fields}")
    results = auth_results.parse(fields[0])
    expect_equal(results.authserv_id, "mx.lab.example", "authserv-id")
    for method in ("dkim", "dmarc"):
        expect_equal([result.result for result in results.of(method)], ["pass"], method)
    expect_equal(results.of("dmarc")[0].properties["header.from"], "good.example", "header.from")
    expect(reply.queue_id, f"no queue id in {reply.text!r}")
    record = lab.milter.record(reply.queue_id)
    expect(record is not None, f"no record of {reply.queue_id}")
    expect_equal(record["judgement"]["result"], "pass", "the record's result")


def forgery_is_refused(lab):
    reply = lab.send(plain(), "bounce@nospf.example")
    expect_equal(reply.code, 550, f"SMTP answer ({reply.text})")
    expect(reply.text.startswith("5.7.1 "), f"5.7.1 in {reply.text!r}")
    expect("good.example" in reply.text, f"the author domain in {reply.text!r}")
    expect(reply.queue_id, f"no queue id in {reply.text!r}")
    record = lab.milter.record(reply.queue_id)
    expect(record is not None, f"no record of {reply.queue_id!r} ({reply.text})")
    expect_equal(record["judgement"]["action"], "reject", "the record's action")


def two_on_one_connection(lab):
    """What a message has left behind must not colour the next one of the same connection."""
    with smtplib.SMTP("127.0.0.1", lab.sendmail.port, local_hostname="client.example", timeout=120) as client:
        client.ehlo("client.example")
        answers = []
        for message in (plain(), signed(lab.keys, subject="second-on-the-line"), plain()):
            client.mail("bounce@nospf.example")
            client.rcpt(smtp.RECIPIENT)
            answers.append(client.data(message)[0])
    expect_equal(answers, [550, 250, 550], "answers on one connection")


def main():
    programs, _ = programs_from_arguments(__doc__)
    suite = Suite("sendmail_e2e")
    lab = Lab(programs)
    suite.logs += [lambda: ("Sendmail", lab.sendmail.log()), lambda: ("milter", lab.milter.log())]
    suite.check("a pass is delivered with its field on top", pass_is_delivered, lab)
    suite.check("a forgery is refused", forgery_is_refused, lab)
    suite.check("several messages on one connection", two_on_one_connection, lab)
    lab.sendmail.stop()
    lab.milter.stop()
    lab.knot.stop()
    for problem in lab.milter.problems:
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
