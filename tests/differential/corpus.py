"""A corpus: a folder of messages, each with its envelope, and the DNS that they are judged by.

    NAME.eml       the message as it came after DATA: CRLF line ends, any octets
    NAME.json      {"title", "client", "helo", "mail_from"}: what it is, the client's address, the name in EHLO,
                   the reverse-path without its angle brackets; of the last two each character is one octet
    dns.zone       a zone file of the root zone
    servfail.txt   names and types that are answered with SERVFAIL, one "NAME TYPE" a line; may be left out
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import dns.zone

from lab.dns_server import Answer, Table, raw_text


@dataclass
class Envelope:
    title: str
    client: str
    helo: str
    mail_from: str


@dataclass
class Mail:
    name: str
    envelope: Envelope
    message: bytes


class Corpus:
    """A folder as above, read."""

    def __init__(self, folder):
        self._folder = Path(folder)

    def mails(self):
        for path in sorted(self._folder.glob("*.eml")):
            envelope = Envelope(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
            yield Mail(path.stem, envelope, path.read_bytes())

    def dns(self):
        """The answers, for ScriptedDns."""
        zone = dns.zone.from_file(str(self._folder / "dns.zone"), origin=".", relativize=False)
        records = {}
        for name, _, rdata in zone.iterate_rdatas():
            records.setdefault((raw_text(name), rdata.rdtype.name), []).append(rdata.to_text())
        failing = self._folder / "servfail.txt"
        lines = failing.read_text(encoding="ascii").splitlines() if failing.exists() else []
        return CorpusDns(Table(records), {tuple(line.split()) for line in lines})


class CorpusDns:
    def __init__(self, table, failing):
        self._table = table
        self._failing = failing

    def __call__(self, name, kind):
        return Answer(rcode="SERVFAIL") if (name, kind) in self._failing else self._table(name, kind)


def write(folder, zone_text, servfail, mails):
    """Writes a corpus; `mails` are (Envelope, message)."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dns.zone").write_text(zone_text, encoding="ascii")
    (folder / "servfail.txt").write_text("".join(f"{name} {kind}\n" for name, kind in sorted(servfail)),
                                         encoding="ascii")
    for number, (envelope, message) in enumerate(mails):
        name = f"{number:04d}-" + re.sub(r"[^a-z0-9]+", "-", envelope.title.lower()).strip("-")[:80]
        (folder / f"{name}.eml").write_bytes(message)
        (folder / f"{name}.json").write_text(json.dumps(asdict(envelope), indent=1) + "\n", encoding="utf-8")
