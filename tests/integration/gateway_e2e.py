#!/usr/bin/python3
"""The tables of gateway_rows.py and attack_rows.py through a real Postfix, real DNS packets and the milter, each row
looked at whole: the SMTP answer, Authentication-Results as delivered, and the record in the store."""

import itertools
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from attack_rows import attack_rows  # noqa: E402
from gateway_rows import gateway_rows  # noqa: E402
from lab import arc, auth_results, smtp  # noqa: E402
from lab.dns_server import Answer, ScriptedDns, Table  # noqa: E402
from lab.knot import Knot  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.postfix import Postfix  # noqa: E402
from lab.process import free_port, wait_for  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.zones import ATTACKER_IP, SERVFAIL, Keys, lab_zone  # noqa: E402
from messages import plain  # noqa: E402

ENFORCE = {"policy": {"mode": "enforce"}}
QUICK_DNS = {"dns": {"try_timeout_ms": 500, "tries": 2, "total_timeout_ms": 4000, "cache_records": 0}}
OVERRIDES = [
    {"author_domains": ["strict.example"], "action": "accept", "reason": "local_policy", "comment": "known"},
    {"list_ids": ["talk.lists.example"], "action": "accept", "reason": "mailing_list"},
    {"networks": ["203.0.113.64/26"], "action": "tag", "reason": "forwarded"},
]
SEALER_OVERRIDES = [
    {"arc_sealers": ["relay.example"], "action": "tag", "reason": "forwarded", "comment": "relay"},
]


def variants(knot_port, scripted_port, sealing_key):
    """name: (settings, DNS port, unix socket)."""
    sealing = {"arc": {"domain": "seal.example", "selector": "s1", "key_file": str(sealing_key)}}
    return {
        "arc": ({"policy": {"mode": "enforce", "override": SEALER_OVERRIDES},
                 "trust": {"arc_sealers": ["lists.example"]}, **sealing}, knot_port, False),
        "arcopen": ({"policy": {"mode": "monitor"}, **sealing}, knot_port, False),
        "monitor": ({"policy": {"mode": "monitor"}}, knot_port, True),
        "enforce": (ENFORCE, knot_port, False),
        "rfc9989": ({**ENFORCE, "dmarc": {"standard": "rfc9989"}}, knot_port, False),
        "nosigns": ({**ENFORCE, "dmarc": {"standard": "rfc9989"}, "indirect": {"enabled": False}}, knot_port,
                    False),
        "walkdown": ({"policy": {"mode": "enforce", "on_temperror": "tempfail"},
                      "dmarc": {"standard": "rfc9989"}, **QUICK_DNS}, scripted_port, False),
        "hold": ({"policy": {"mode": "enforce", "on_reject": "quarantine", "on_quarantine": "hold",
                             "on_malformed_from": "tag"}}, knot_port, False),
        "qreject": ({"policy": {"mode": "enforce", "on_quarantine": "reject"}}, knot_port, False),
        "trusted": ({**ENFORCE, "trust": {"networks": ["203.0.113.0/24"]}}, knot_port, False),
        "override": ({"policy": {"mode": "enforce", "override": OVERRIDES}}, knot_port, False),
        "open": ({"policy": {"mode": "enforce", "on_temperror": "accept"}, **QUICK_DNS}, scripted_port,
                 False),
        "tempfail": ({"policy": {"mode": "enforce", "on_temperror": "tempfail"}, **QUICK_DNS}, scripted_port,
                     False),
        "down": ({"policy": {"mode": "enforce", "on_temperror": "accept"}, **QUICK_DNS}, free_port(), False),
    }


class FailingDns:
    """The lab's zone, but for the names that fail, stay silent or come late."""

    SILENT = {("_dmarc.silent.example", "TXT")}
    SLOW = {("_dmarc.slow.example", "TXT")}

    def __init__(self, zone):
        self._table = Table(zone.records)

    def __call__(self, name, kind):
        if (name, kind) in SERVFAIL:
            return Answer(rcode="SERVFAIL")
        if (name, kind) in self.SILENT:
            return Answer(silent=True)
        answer = self._table(name, kind)
        if (name, kind) in self.SLOW:
            answer.delay = 0.4  # within one try
        return answer


class Gateway:
    """One Postfix, and a milter of its own behind each of its ports."""

    def __init__(self, programs):
        self._numbers = itertools.count(1)
        self.keys = Keys()
        zone = lab_zone(self.keys)
        self.knot = Knot(programs.folder, zone.file())
        self.scripted = ScriptedDns(FailingDns(zone))
        sealing_key = programs.folder / "sealing.pem"
        sealing_key.write_bytes(self.keys.rsa.private_text)
        self.milters = {}
        for name, (settings, dns_port, unix) in variants(self.knot.port, self.scripted.port,
                                                             sealing_key).items():
            self.milters[name] = Milter(programs, name, settings, dns_port, unix=unix)
        self.postfix = Postfix(programs.folder, programs.cache,
                               {name: milter.for_postfix for name, milter in self.milters.items()})

    def next_number(self):
        return next(self._numbers)

    def stop(self):
        """Ends all; what the milters had to complain of."""
        self.postfix.stop()
        problems = []
        for milter in self.milters.values():
            milter.process.send(signal.SIGTERM)  # all at once: each takes a few seconds to end
        for milter in self.milters.values():
            milter.stop()
            problems += milter.problems
        self.scripted.stop()
        self.knot.stop()
        return problems


def run_row(gateway, row):
    if row.direct:
        run_direct_row(gateway, row)
        return
    milter = gateway.milters[row.variant]
    reply = smtp.send(gateway.postfix.port(row.variant), row.build(gateway.keys), mail_from=row.mail_from,
                      helo=row.helo, ip=row.ip, login=row.login, smtputf8=row.smtputf8)
    expect_equal(reply.code, row.code, f"SMTP answer ({reply.text})")
    if row.code == 550:
        expect(reply.text.startswith("5.7.1 "), f"5.7.1 in {reply.text!r}")
    if row.code == 451:
        expect(reply.text.startswith("4.7.1 "), f"4.7.1 in {reply.text!r}")
    expect(row.says.lower() in reply.text.lower(), f"{row.says!r} in {reply.text!r}")
    if row.by_postfix:
        expect(not reply.queue_id, f"refused by the milter, not by Postfix: {reply.text!r}")
        return
    expect(reply.queue_id, f"no queue id in {reply.text!r}")
    if row.code == 250:
        check_delivered(gateway, row, reply.queue_id)
    check_record(milter, row, reply.queue_id)


def run_direct_row(gateway, row):
    """Plays a row at the milter, as an MTA would that passes everything on."""
    milter = gateway.milters[row.variant]
    queue_id = f"direct{gateway.next_number()}"
    with MilterClient(milter.address) as client:
        outcome = client.message(row.build(gateway.keys), queue_id=queue_id, ip=row.ip, helo=row.helo,
                                 mail_from=row.mail_from)
    expect(outcome.reply.startswith(f"{row.code} 5.7.1 "), f"wanted {row.code}, got {outcome}")
    check_record(milter, row, queue_id)


def check_delivered(gateway, row, queue_id):
    if row.held:
        wait_for(lambda: gateway.postfix.held(queue_id), f"{queue_id} in the hold queue")
        message = gateway.postfix.held_message(queue_id)
    else:
        message = gateway.postfix.wait_delivered(queue_id)
    head = message.partition(b"\n\n")[0] + b"\n"
    tags = [value.strip() for value in auth_results.fields_named(message, "X-Defender-Disposition")]
    expect_equal(tags, [b"quarantine"] if row.tagged else [], "X-Defender-Disposition")
    for octets in row.present:
        expect(octets in head, f"{octets!r} is not in the header:\n{head.decode('latin-1')}")
    for octets in row.absent:
        expect(octets not in head, f"{octets!r} is in the header:\n{head.decode('latin-1')}")
    if row.chain:
        keys = {f"s1._domainkey.{name}".encode(): gateway.keys.rsa.record.encode()
                for name in ("lists.example", "relay.example", "seal.example")}
        status = arc.chain_status(message.replace(b"\n", b"\r\n"), keys)
        expect(status in row.chain.split("|"), f"dkimpy finds arc={status}:\n{head.decode('latin-1')}")
    fields = [value for value in auth_results.fields_named(message, "Authentication-Results")
              if auth_results.parse(value).authserv_id.lower().rstrip(".") == "mx.lab.example"]
    if row.results is None:
        trusted = row.login or row.variant == "trusted"
        expect(trusted and not fields, f"an Authentication-Results that should not be there: {fields}")
        return
    expect_equal(len(fields), 1, f"Authentication-Results fields in our name: {fields}")
    expect(_first_after_trace(message) == b"authentication-results", "our field does not stand first")
    check_results(row, auth_results.parse(fields[0]))


def _first_after_trace(message):
    """The name of the first field below those that Postfix adds on top when it receives and delivers."""
    added = {b"return-path", b"x-original-to", b"delivered-to", b"received"}
    names = [name.lower() for name, _ in auth_results.header_fields(message)]
    return next(name for name in names if name not in added)


def check_results(row, got):
    left = [result for result in got.results if result.method in ("spf", "dkim", "dmarc")]
    senders = [result for result in left if "smtp.mailfrom" in result.properties]
    if senders:
        left = [result for result in left if result.method != "spf" or "smtp.mailfrom" in result.properties]
    for text in row.results:
        method, _, rest = text.partition("=")
        if rest == "*":
            left = [result for result in left if result.method != method]
            continue
        found = next((result for result in left if _fits(text, result)), None)
        expect(found is not None, f"{text!r} is not among {left}")
        left.remove(found)
    expect(not left, f"results that were not expected: {left}")
    if row.spoof:
        expect(all(result.result != "pass" for result in got.of("dmarc")), f"a spoof passed: {got}")


def _fits(text, got):
    """`text` as in a row: alternatives of the result, and of a property's value, stand with a bar between
    them."""
    first, *properties = text.split()
    method, _, results = first.partition("=")
    if got.method != method or got.result not in results.split("|"):
        return False
    for item in properties:
        name, _, values = item.partition("=")
        if got.properties.get(name) not in values.split("|"):
            return False
    return True


def check_record(milter, row, queue_id):
    record = milter.record(queue_id)
    expect(record is not None, f"no record of {queue_id}")
    for path, wanted in row.record.items():
        got = lookup(record, path)
        alternatives = wanted.split("|") if isinstance(wanted, str) else [wanted]
        expect(got in alternatives, f"record {path}: wanted {wanted!r}, got {got!r}")
    if row.spoof:
        expect(lookup(record, "judgement.result") != "pass",
               f"a spoof is recorded as a pass: {record['judgement']}")
    if row.code == 550 and not row.record.get("judgement.exemption"):
        expect_equal(lookup(record, "judgement.action"), "reject", "record judgement.action")


def explained(gateway):
    """`defenderctl explain` knows a message by its queue id, for people and for machines, and says so of one
    it does not know."""
    milter = gateway.milters["enforce"]
    reply = smtp.send(gateway.postfix.port("enforce"), plain(), mail_from="x@attack.example", ip=ATTACKER_IP)
    expect_equal(reply.code, 550, f"SMTP answer ({reply.text})")
    text = milter.ctl("explain", reply.queue_id)
    expect_equal(text.returncode, 0, f"defenderctl explain: {text.stderr}")
    for words in (reply.queue_id, "good.example", "attack.example", "reject"):
        expect(words in text.stdout, f"{words!r} is not in:\n{text.stdout}")
    expect("attack.example" in json.dumps(milter.explain(reply.queue_id)), "--json does not name the sender")
    expect(milter.explain("nosuchqueueid") is None, "a queue id that is not known is explained")


def lookup(record, path):
    """The value at a dotted path; None where there is none."""
    for step in path.split("."):
        if isinstance(record, list):
            record = record[int(step)] if int(step) < len(record) else None
        else:
            record = record.get(step) if isinstance(record, dict) else None
        if record is None:
            return None
    return record


def main():
    programs, arguments = programs_from_arguments(
        __doc__,
        lambda parser: parser.add_argument("--only", default="", help="rows whose name has this text"))
    suite = Suite("gateway_e2e")
    gateway = Gateway(programs)
    suite.logs.append(lambda: ("Postfix", gateway.postfix.log()))
    for name, milter in gateway.milters.items():
        suite.logs.append(lambda n=name, m=milter: (f"milter {n}", m.log()[-3000:]))
    for row in gateway_rows() + attack_rows():
        if arguments.only in row.name:
            suite.check(row.name, run_row, gateway, row)
    if arguments.only in "explain":
        suite.check("explain", explained, gateway)
    for problem in gateway.stop():
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
