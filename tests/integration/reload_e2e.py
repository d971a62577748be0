#!/usr/bin/python3
"""A reload makes every setting count that says it needs no restart.

The table below has a row for each of the milter's settings that change on SIGHUP: two values, and what can be seen
from outside under the one and then under the other, of one milter that is never restarted. Which settings there are
is read from the shipped file, which the program's own table of settings writes, so a new one is missed here.
"""

import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from lab.arc import chain_status, seal  # noqa: E402
from lab.auth_results import parse  # noqa: E402
from lab.dns_server import Answer, ScriptedDns, Table  # noqa: E402
from lab.milter import Milter, merged  # noqa: E402
from lab.runner import Suite, expect, expect_equal, programs_from_arguments  # noqa: E402
from lab.signing import dkimpy_sign  # noqa: E402
from lab.zones import ATTACKER_IP, GOOD_IP, Keys, lab_zone  # noqa: E402
from messages import listed, oddly_signed, plain, signed  # noqa: E402

# Settings that change on a reload and are not in the table: why, and which suite or test has them.
ELSEWHERE = {
    "milter.on_error": "needs a filter that fails: tests/unit/milter/session_test.cpp",
    "dns.cache_bytes": "its least value takes hundreds of answers to fill: tests/unit/common/dns",
    "dns.max_negative_ttl": "needs a name server that says for how long nothing is: tests/unit/common/dns",
    "indirect.enabled": "needs a forwarder to be known: forwarders_e2e.py",
    "indirect.least_domains": "needs mail of many domains: forwarders_e2e.py",
    "indirect.keep_days": "needs mail of many days: forwarders_e2e.py",
    "store.keep": "the reporter and defenderctl expire, not the milter",
}
# The reporter's own, whose reload daemon_test.cpp has, and what failure_report_e2e.py changes by a reload.
OTHERS_TABLES = {"report", "report.destination", "failure"}


@dataclass
class Row:
    """`setting` is TABLE.KEY; `look(lab, queue_id)` gives what is seen, which has to be `seen` in turn."""

    setting: str
    values: tuple
    look: object
    seen: tuple
    base: dict = field(default_factory=dict)
    answer: object = None


class Lab:
    def __init__(self, programs):
        self.programs = programs
        self.keys = Keys()
        self.table = Table(lab_zone(self.keys).records)
        self.dns = ScriptedDns(self.table)
        self.empty_dns = ScriptedDns(lambda _name, _kind: Answer(rcode="NXDOMAIN"))
        self.folder = programs.folder / "files"
        self.folder.mkdir()
        for name, text in {"short.psl": "example\n", "long.psl": "example\ngood.example\n",
                           "first.pem": self.keys.rsa.private_text.decode(),
                           "second.pem": self.keys.other.private_text.decode()}.items():
            (self.folder / name).write_text(text)
        self.base = {"policy": {"mode": "enforce"}, "dns": {"servers": [self.server(self.dns)], "cache_records": 0,
                                                            "failure_ttl": 0}}
        self.milter = Milter(programs, "reload", self.base)
        self._count = 0

    @staticmethod
    def server(dns):
        return f"127.0.0.1:{dns.port}"

    def put(self, row, value):
        table, _, key = row.setting.rpartition(".")
        changed = {"policy": {"override": value}} if table == "policy.override" else {table: {key: value}}
        self.milter.configure(merged(self.base, row.base, changed))
        said = self.milter.reload("MILTER_RELOADED")
        expect("after_restart=none" in said, f"a change of {row.setting} waits for a restart: {said}")

    def see(self, row, value):
        self.put(row, value)
        self.dns.answer = row.answer or self.table
        self._count += 1
        try:
            return row.look(self, f"row{self._count}")
        finally:
            self.dns.answer = self.table

    def send(self, message, queue_id, ip=GOOD_IP, mail_from="ann@good.example", **options):
        return self.milter.send(message, queue_id, ip=ip, mail_from=mail_from, **options)

    def stop(self):
        self.milter.stop()
        self.dns.stop()
        self.empty_dns.stop()
        return self.milter.problems


def results(outcome, method):
    text = outcome.header("Authentication-Results")
    return [result.result for result in parse(text.decode()).of(method)] if text else []


def slowly(lab_table, seconds, only=""):
    def answer(name, kind):
        found = lab_table(name, kind)
        found.delay = seconds if name.startswith(only) else 0
        return found

    return answer


# What is looked at.

def good(method):
    return lambda lab, queue_id: results(lab.send(signed(lab.keys), queue_id), method)


def forged(lab, queue_id):
    """The action on a forgery: its verdict, the first digit of the reply, or that it is put on hold."""
    return action(lab.send(plain(), queue_id, ip=ATTACKER_IP))


def action(outcome):
    if outcome.quarantined:
        return "hold"
    if outcome.added:
        return "tag"
    return outcome.reply[:3] if outcome.reply else outcome.verdict


def authserv_id(lab, queue_id):
    return lab.send(signed(lab.keys), queue_id).header("Authentication-Results").decode().partition(";")[0].strip()


def limits(*headers):
    def look(lab, queue_id):
        lab.send(plain(headers=headers), queue_id)
        return lab.milter.record(queue_id)["evidence"]["limits_reached"]

    return look


def questions_of_the_second(wait=0.0):
    """Whether DNS is asked for the policy by the second of two equal messages."""

    def look(lab, queue_id):
        lab.send(signed(lab.keys), queue_id)
        time.sleep(wait)  # for what was cached to grow old
        asked = len(lab.dns.asked)
        lab.send(signed(lab.keys), queue_id + "b")
        return ("_dmarc.good.example", "TXT") in lab.dns.asked[asked:]

    return look


def times_asked(lab, queue_id):
    asked = len(lab.dns.asked)
    lab.send(plain(), queue_id)
    return lab.dns.asked[asked:].count(("_dmarc.good.example", "TXT"))


def seconds_to_judge(lab, queue_id):
    begun = time.monotonic()
    lab.send(signed(lab.keys), queue_id)
    return time.monotonic() - begun > 4


def two_authors(lab, queue_id):
    return action(lab.send(plain("a@none.example, b@nopolicy.example"), queue_id))


def two_signatures(lab, queue_id):
    message = dkimpy_sign(signed(lab.keys), lab.keys.rsa, "none.example", "s1")
    return results(lab.send(message, queue_id), "dkim").count("pass")


def part_of_a_body(lab, queue_id):
    message = oddly_signed(lab.keys, body_octets=10)
    return action(lab.send(message, queue_id, ip=ATTACKER_IP, mail_from="x@attack.example"))


def subdomain(lab, queue_id):
    return action(lab.send(plain("a@sub.good.example"), queue_id, ip=ATTACKER_IP))


def tested(lab, queue_id):
    lab.send(plain("a@test.example"), queue_id, ip=ATTACKER_IP)
    return lab.milter.record(queue_id)["judgement"]["disposition"]


def quarantined(lab, queue_id):
    return action(lab.send(plain("a@quar.example"), queue_id, ip=ATTACKER_IP))


def tag_name(lab, queue_id):
    return lab.send(plain("a@quar.example"), queue_id, ip=ATTACKER_IP).added[0][0]


def chain(lab, queue_id):
    message = listed(lab.keys)
    seen = b"Authentication-Results: relay.example; arc=pass\r\n"
    message = seal(seen + message, lab.keys.rsa.private_text, "relay.example", "s1", "relay.example")
    return results(lab.send(message, queue_id), "arc")


def through_a_list(lab, queue_id):
    return action(lab.send(listed(lab.keys), queue_id, ip=ATTACKER_IP, mail_from="x@attack.example"))


def sealed(tag):
    def look(lab, queue_id):
        field = lab.send(signed(lab.keys), queue_id).header("ARC-Seal")
        found = field and re.search(rf"\b{tag}=([^;\s]+)", field.decode())
        return found[1] if found else None

    return look


def sealing_key(lab, queue_id):
    """Which of the two keys the seal was made with."""
    message = signed(lab.keys)
    outcome = lab.send(message, queue_id)
    for _, name, value in outcome.inserted:
        if name.startswith(b"ARC-"):
            message = name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n" + message
    for name, key in (("first", lab.keys.rsa), ("second", lab.keys.other)):
        if chain_status(message, {b"s1._domainkey.seal.example": key.record.encode()}) == "pass":
            return name
    return None


def exemption(**options):
    def look(lab, queue_id):
        lab.send(plain(), queue_id, ip=ATTACKER_IP, **options)
        return lab.milter.record(queue_id)["judgement"]["exemption"]

    return look


def sender_kept(lab, queue_id):
    lab.send(signed(lab.keys), queue_id)
    return lab.milter.record(queue_id)["evidence"]["mail_from"]


def line_in_the_log(lab, queue_id):
    lab.send(signed(lab.keys), queue_id)
    found = [line for line in lab.milter.log().splitlines() if f"queue_id={queue_id} " in line]
    return found[0][:3] if found else None


def rows(lab):
    key_file, other_key = (str(lab.folder / name) for name in ("first.pem", "second.pem"))
    arc = {"arc": {"domain": "seal.example", "selector": "s1", "key_file": key_file}}
    servfail = lambda _name, _kind: Answer(rcode="SERVFAIL")  # noqa: E731
    silent = lambda _name, _kind: Answer(silent=True)  # noqa: E731
    one_try = {"dns": {"tries": 1, "total_timeout_ms": 8000}}
    caching = {"dns": {"cache_records": 1000}}
    return [
        Row("milter.authserv_id", ("mx.lab.example", "other.lab.example"), authserv_id,
            ("mx.lab.example", "other.lab.example")),
        Row("milter.message_deadline", (1, 6), seconds_to_judge, (False, True),
            {"dns": {"try_timeout_ms": 7000, "tries": 1, "total_timeout_ms": 20000}}, silent),
        Row("limits.header_fields", (10000, 100), limits(*["X: y"] * 150), ([], ["limits.header_fields"])),
        Row("limits.header_octets", (1048576, 65536), limits("X: " + "x" * 70000), ([], ["limits.header_octets"])),
        Row("dns.servers", ([lab.server(lab.dns)], [lab.server(lab.empty_dns)]), good("dmarc"), (["pass"], ["none"])),
        Row("dns.tries", (1, 3), times_asked, (1, 3),
            {"dns": {"try_timeout_ms": 700, "total_timeout_ms": 10000, "servers": [lab.server(lab.dns)]}}, silent),
        Row("dns.try_timeout_ms", (100, 7000), good("dmarc"), (["temperror"], ["pass"]), one_try,
            slowly(lab.table, 1.5)),
        Row("dns.total_timeout_ms", (100, 8000), good("dmarc"), (["temperror"], ["pass"]),
            {"dns": {"try_timeout_ms": 7000}}, slowly(lab.table, 1.5)),
        Row("dns.cache_records", (0, 1000), questions_of_the_second(), (True, False)),
        Row("dns.max_ttl", (86400, 1), questions_of_the_second(2.2), (False, True), caching),
        Row("dns.failure_ttl", (0, 30), questions_of_the_second(), (True, False), caching, servfail),
        Row("spf.deadline", (1, 20), good("spf"), (["temperror"], ["pass"]),
            {"dns": {"try_timeout_ms": 7000}}, slowly(lab.table, 3, "good.example")),
        Row("dmarc.standard", ("rfc7489", "rfc9989"), tested, ("reject", "quarantine")),
        Row("dmarc.public_suffix_list", (str(lab.folder / "short.psl"), str(lab.folder / "long.psl")), subdomain,
            ("550", "continue")),
        Row("dmarc.max_author_domains", (10, 1), two_authors, ("continue", "550")),
        Row("dkim.max_signatures", (10, 1), two_signatures, (2, 1)),
        Row("dkim.min_rsa_bits", (1024, 4096), good("dkim"), (["pass"], ["policy"])),
        Row("dkim.partial_body", ("policy", "accept"), part_of_a_body, ("550", "continue")),
        Row("arc.max_sets", (50, 1), chain, (["pass"], ["fail"])),
        Row("arc.key_file", (key_file, other_key), sealing_key, ("first", "second"), arc),
        Row("arc.domain", ("seal.example", "relay.example"), sealed("d"), ("seal.example", "relay.example"), arc),
        Row("arc.selector", ("s1", "s2"), sealed("s"), ("s1", "s2"), arc),
        Row("policy.mode", ("monitor", "enforce"), forged, ("continue", "550")),
        Row("policy.on_reject", ("reject", "tag"), forged, ("550", "tag")),
        Row("policy.on_quarantine", ("tag", "hold"), quarantined, ("tag", "hold")),
        Row("policy.on_temperror", ("accept", "tempfail"), forged, ("continue", "451"), {}, servfail),
        Row("policy.on_malformed_from", ("accept", "reject"),
            lambda lab, queue_id: action(lab.send(plain(None), queue_id)), ("continue", "550")),
        Row("policy.tag_header", ("X-One", "X-Two"), tag_name, (b"X-One", b"X-Two")),
        Row("trust.networks", ([], ["192.0.2.64/26"]), exemption(), ("no", "trusted_network")),
        Row("trust.authenticated", (False, True), exemption(login="ann"), ("no", "authenticated")),
        Row("trust.arc_sealers", ([], ["lists.example"]), through_a_list, ("550", "continue")),
        Row("store.addresses", ("domain", "full"), sender_kept, ("@good.example", "ann@good.example")),
        *override_rows(lab),
        Row("log.target", ("stderr", "journald"), line_in_the_log, ("202", "<6>")),
        # The last, as a reload itself is not in the log of a level above its own.
        Row("log.level", ("info", "error"), line_in_the_log, ("202", None)),
    ]


def override_rows(lab):
    """One entry of [[policy.override]] for each of its keys, without which it would match or act otherwise."""
    base = {"author_domains": ["good.example"], "action": "accept", "reason": "other"}
    without = [{**base, "author_domains": ["else.example"]}]

    def row(key, look, values, seen):
        return Row(f"policy.override.{key}", values, look, seen)

    def comment(lab, queue_id):
        forged(lab, queue_id)
        overrides = lab.milter.record(queue_id)["judgement"]["overrides"]
        return (overrides[0]["type"], overrides[0]["comment"])

    def signed_by_other(lab, queue_id):
        message = signed(lab.keys, domain="none.example")
        return action(lab.send(message, queue_id, ip=ATTACKER_IP, mail_from="x@attack.example"))

    def from_a_list(lab, queue_id):
        return action(lab.send(plain(headers=["List-Id: <staff.lists.example>"]), queue_id, ip=ATTACKER_IP))

    other = {"action": "accept", "reason": "mailing_list"}
    return [
        row("author_domains", forged, (without, [base]), ("550", "continue")),
        row("networks", forged, ([{**other, "networks": ["203.0.113.0/24"]}],
                                 [{**other, "networks": ["192.0.2.64/26"]}]), ("550", "continue")),
        row("dkim_domains", signed_by_other, ([{**other, "dkim_domains": ["else.example"]}],
                                              [{**other, "dkim_domains": ["none.example"]}]), ("550", "continue")),
        row("list_ids", from_a_list, ([{**other, "list_ids": ["else.lists.example"]}],
                                      [{**other, "list_ids": ["staff.lists.example"]}]), ("550", "continue")),
        row("arc_sealers", through_a_list, ([{**other, "arc_sealers": ["else.example"]}],
                                            [{**other, "arc_sealers": ["lists.example"]}]), ("550", "continue")),
        row("action", forged, ([{**base, "action": "reject"}], [{**base, "action": "tag"}]), ("550", "tag")),
        row("reason", comment, ([{**base, "comment": "one"}], [{**base, "reason": "forwarded", "comment": "one"}]),
            (("other", "one"), ("forwarded", "one"))),
        row("comment", comment, ([{**base, "comment": "one"}], [{**base, "comment": "two"}]),
            (("other", "one"), ("other", "two"))),
    ]


def settings_that_change_on_reload():
    """TABLE.KEY of each, from the shipped file: what is said above a key ends with its value's form."""
    found, table, words = set(), "", ""
    for line in (ROOT / "conf/defender.toml").read_text(encoding="utf-8").splitlines():
        if entry := re.fullmatch(r"#?\[+([a-z.]+)\]+", line):
            table = entry[1]
        elif entry := re.fullmatch(r"#?([a-z_]+) = .*", line):
            if "on restart." not in words:
                found.add(f"{table}.{entry[1]}")
            words = ""
        else:
            words = words + line if line else ""
    return found


def the_table_is_complete(table):
    wanted = {name for name in settings_that_change_on_reload() if name.rpartition(".")[0] not in OTHERS_TABLES}
    named = {row.setting for row in table}
    expect_equal(sorted(wanted - named - set(ELSEWHERE)), [], "settings without a row")
    expect_equal(sorted((named | set(ELSEWHERE)) - wanted), [], "rows of settings that do not change on a reload")


def setting_changes(lab, row):
    got = tuple(lab.see(row, value) for value in row.values)
    expect_equal(got, row.seen, f"seen with {row.values}")


def main():
    programs, arguments = programs_from_arguments(
        __doc__, lambda parser: parser.add_argument("--only", default="", help="settings whose name has this text"))
    suite = Suite("reload_e2e")
    lab = Lab(programs)
    pid = lab.milter.process.pid
    suite.logs.append(lambda: ("the milter", lab.milter.log()))
    table = rows(lab)
    suite.check("the table is complete", the_table_is_complete, table)
    for row in table:
        if arguments.only in row.setting:
            suite.check(row.setting, setting_changes, lab, row)
    suite.check("it was never restarted", expect_equal, lab.milter.process.running() and lab.milter.process.pid, pid,
                "the process")
    for problem in lab.stop():
        suite.problem(problem)
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
