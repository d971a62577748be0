#!/usr/bin/python3
"""Plays every message of a corpus (corpus.py says what that is) at Defender and at Debian's OpenDKIM and OpenDMARC,
and lists where they differ: in the results of SPF, DKIM and DMARC, and in what they do with the message.

    compare_verdicts.py --milter FILE --ctl FILE --folder FOLDER --cache FOLDER [--mails FOLDER]

Each difference has a kind of differences.toml. The tool fails on one that has none, and, where it plays the corpus
that it writes itself (no --mails), on a kind that does not occur. All milters are spoken to directly, so that octets
reach them that no MTA would pass; all ask one name server on loopback. Needs root.
"""

import errno
import random
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "integration")]

import kinds  # noqa: E402
import write_corpus  # noqa: E402
from corpus import Corpus  # noqa: E402
from lab import auth_results  # noqa: E402
from lab.dns_server import ScriptedDns  # noqa: E402
from lab.milter import Milter  # noqa: E402
from lab.milter_client import MilterClient  # noqa: E402
from lab.peers import Peers, action_of  # noqa: E402
from lab.process import LabError  # noqa: E402
from lab.runner import Failed, Suite, expect, programs_from_arguments  # noqa: E402

# What makes the actions comparable: both refuse, hold and put off on the same grounds.
ENFORCING = {"policy": {"mode": "enforce", "on_quarantine": "hold", "on_temperror": "tempfail"}}
QUICK_DNS = {"try_timeout_ms": 500, "tries": 2, "total_timeout_ms": 4000}

ABSENT = "-"  # for a result that is not given
DKIM_PROPERTIES = ("header.d", "header.s", "header.b")


@dataclass
class Verdict:
    """`dkim` is by domain, selector and the first characters of b=; `nameless` is a DKIM result of which no domain
    is given."""

    spf: str = ABSENT
    dmarc: str = ABSENT
    dkim: dict = field(default_factory=dict)
    nameless: str = ABSENT
    action: str = "accept"

    def signature(self, which):
        return self.dkim.get(which, self.nameless)


def verdict_of(results, action):
    """What the results of Authentication-Results come to."""
    verdict = Verdict(action=action)
    for result in results:
        if result.method == "dmarc":
            verdict.dmarc = result.result
        elif result.method == "spf" and ("smtp.mailfrom" in result.properties or verdict.spf == ABSENT):
            verdict.spf = result.result
        elif result.method == "dkim":
            signature = tuple(plain_text(result.properties.get(name, "")) for name in DKIM_PROPERTIES)
            if signature[0]:
                verdict.dkim[signature] = result.result
            elif result.result != "none":
                verdict.nameless = result.result
    return verdict


def plain_text(value):
    """A property as far as every program writes it alike: OpenDKIM leaves out blanks, and writes nothing, not even
    quotes, for an empty value; Defender writes a question mark for a control character."""
    return "" if value.startswith("header.") else re.sub(r"[^!-~]|\?", "", value).lower()[:200]


class Defender:
    """Two milters: one that only watches, whose Authentication-Results has the results, and one that acts."""

    def __init__(self, programs, address, port):
        settings = {"dns": {**QUICK_DNS, "servers": [f"{address}:{port}"]}}
        self._watching = Milter(programs, "watching", settings, unix=True)
        self._acting = Milter(programs, "acting", {**settings, **ENFORCING}, unix=True)

    def judge(self, message, envelope):
        """The verdict, and the record of the message."""
        watched, acted = (self._play(milter, message, envelope) for milter in (self._watching, self._acting))
        field_value = watched.header("Authentication-Results")
        expect(field_value is not None, f"no Authentication-Results: {watched}")
        verdict = verdict_of(auth_results.parse(field_value).results, action_of(acted))
        return verdict, self._watching.record(envelope["queue_id"])

    @staticmethod
    def _play(milter, message, envelope):
        with MilterClient(milter.address) as client:
            return client.message(message, **envelope)

    def stop(self):
        for milter in (self._watching, self._acting):
            milter.stop()
        return self._watching.problems + self._acting.problems


def differences(ours, theirs):
    found = [kinds.Difference(what, getattr(ours, what), getattr(theirs, what))
             for what in ("spf", "dmarc", "action") if getattr(ours, what) != getattr(theirs, what)]
    for signature in sorted(ours.dkim.keys() | theirs.dkim.keys()):
        left, right = ours.signature(signature), theirs.signature(signature)
        if left != right:
            found.append(kinds.Difference("dkim", left, right, f"d={signature[0]} s={signature[1]}"))
    return found


class Lab:
    def __init__(self, programs, corpus):
        self.dns = loopback_dns(corpus.dns())
        self.defender = Defender(programs, self.dns.address, self.dns.port)
        self.peers = Peers(programs, self.dns.address)

    def stop(self):
        self.peers.stop()
        problems = self.defender.stop()
        self.dns.stop()
        return problems


def loopback_dns(answer):
    """A name server on port 53 of some address of loopback, so that others can have theirs beside it."""
    for _ in range(100):
        address = "127." + ".".join(str(random.SystemRandom().randrange(2, 250)) for _ in range(3))
        try:
            return ScriptedDns(answer, address=address, port=53)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise LabError("no address of loopback with a free port 53")


def compare(lab, mail, known, counts):
    envelope = {"queue_id": mail.name.replace("-", "")[:20], "ip": mail.envelope.client,
                "mail_from": mail.envelope.mail_from.encode("latin-1"), "helo": mail.envelope.helo.encode("latin-1")}
    ours, record = lab.defender.judge(mail.message, envelope)
    peers = lab.peers.judge(mail.message, envelope)
    theirs = verdict_of(peers.results, peers.action)
    unexplained = []
    for difference in differences(ours, theirs):
        kind = kinds.kind_of(difference, mail, record["evidence"], known)
        counts[kind] += 1
        print(f"      {kind or 'UNEXPLAINED'}: {difference}")
        if kind is None:
            unexplained.append(str(difference))
    if unexplained:
        raise Failed("\n".join([*unexplained, str(asdict(mail.envelope)), f"Defender: {ours}", f"theirs: {theirs}",
                                *map(str, peers.fields)]))


def main():
    programs, arguments = programs_from_arguments(
        __doc__, lambda parser: parser.add_argument("--mails", type=Path, help="the corpus; without it one is "
                                                                               "written and played"))
    folder = arguments.mails
    if folder is None:
        folder = programs.folder / "corpus"
        write_corpus.write(folder)
    suite = Suite("compare_verdicts")
    corpus = Corpus(folder)
    lab = Lab(programs, corpus)
    known, counts = kinds.load(), Counter()
    for mail in corpus.mails():
        suite.check(mail.envelope.title, compare, lab, mail, known, counts)
    for problem in lab.stop():
        suite.problem(problem)
    if arguments.mails is None:
        for kind in known:
            if not counts[kind["name"]]:
                suite.problem(f"no message shows the difference {kind['name']!r} of differences.toml")
    for name, count in counts.most_common():
        print(f"{count:5} {name or 'UNEXPLAINED'}")
    return suite.finish()


if __name__ == "__main__":
    sys.exit(main())
