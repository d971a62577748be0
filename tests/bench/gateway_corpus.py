#!/usr/bin/python3
"""Makes a corpus for milter_load (mail_corpus.hpp says what its folder has), and the DNS records that go with it.

    gateway_corpus.py --folder FOLDER [--domains N] [--messages N] [--octets N] [--content mixed|signed|unsigned]
                      [--prefix P] [--keys N] [--seed S]

Of the mixed content half is mail as it should be: SPF and DKIM pass for the author's domain. The other half fails in
the usual ways. FOLDER/zone.txt has the records as lines of a zone file, FOLDER/made.json what it was made of; a folder
that was made of the same already is left as it is. The seed, which is printed, gives all but the keys.
"""

import argparse
import json
import multiprocessing
import random
import shutil
import sys
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from cryptography.hazmat.primitives import serialization  # noqa: E402

from lab.dns_server import quoted  # noqa: E402
from lab.signing import Key, dkimpy_sign, ed25519_key, rsa_key, sign  # noqa: E402

OWN_ADDRESS = "192.0.2.10"        # of every domain's mail servers
STRANGERS_ADDRESS = "198.51.100.7"
SIGNED = ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
PROVIDERS = 20                    # domains that others' SPF records include
INCLUDES = 8                      # of the domains of the content "includes"
WORDS = """the of a to in is you that it he was for on are as with his they at be this have from or one had by word
but not what all were we when your can said there use an each which she do how their if will up other about out many
then them these so some her would make like him into time has look two more write go see number no way could people my
than first water been call who oil its now find long down day did get come made may part""".split()
PASSING = [("rsa", 70), ("rsa-simple", 10), ("rsa-relaxed-simple", 10), ("ed25519", 10)]
FAILING = [("spoofed", 25), ("broken", 20), ("unsigned", 20), ("softfail", 15), ("forwarded", 10), ("norecord", 10)]
CONTENTS = {
    "mixed": PASSING + FAILING,
    "signed": [("rsa", 100)],
    "unsigned": [("nosignature", 100)],
    "includes": [("includes", 100)],
    "at-once": [("rsa", 100)],  # nothing that has to be looked up tells of something else that has to be
}


@dataclass
class Recipe:
    domains: int
    messages: int
    octets: int
    content: str
    prefix: str
    keys: int
    seed: str


@dataclass
class Mail:
    client: str
    helo: str
    mail_from: str
    kind: str
    message: bytes


class KeyRing:
    """The keys, of which each domain has one of each kind; domains share them where there are more domains."""

    def __init__(self, folder, count):
        self._folder = folder
        self._count = count

    def make(self, pool):
        self._folder.mkdir(parents=True, exist_ok=True)
        pool.map(self._make_pair, range(self._count))

    def _make_pair(self, number):
        for kind, new_key in (("rsa", rsa_key), ("ed", ed25519_key)):
            if not self._path(kind, number).exists():
                key = new_key()
                self._path(kind, number).write_text(json.dumps(
                    {"private": key.private_text.decode(), "record": key.record}), encoding="ascii")

    def _path(self, kind, number):
        return self._folder / f"{kind}{number}.json"

    def key(self, kind, domain_number):
        return stored_key(kind, self._path(kind, domain_number % self._count))


# Reading a key, which checks it, takes longer than to sign with it. A function, as each piece of work that a process is
# given has its own copy of a KeyRing.
@lru_cache(maxsize=None)
def stored_key(kind, path):
    stored = json.loads(path.read_text(encoding="ascii"))
    text = stored["private"].encode()
    if kind == "ed":
        return Key("ed25519-sha256", None, text, stored["record"])
    return Key("rsa-sha256", serialization.load_pem_private_key(text, password=None), text, stored["record"])


class Maker:
    def __init__(self, recipe, folder, keys):
        self._recipe = recipe
        self._folder = folder
        self._keys = keys

    def domain(self, number):
        return f"{self._recipe.prefix}{number}.example"

    def records(self, number):
        """The lines of one domain; those without any are left out."""
        domain, draw = self.domain(number), random.Random(f"{self._recipe.seed} domain {number}")
        lines = [] if number else self._common_records()
        if number % 10 != 9:  # else it has no policy
            policy = draw.choice(["none", "quarantine", "reject"])
            lines.append((f"_dmarc.{domain}", "TXT",
                          quoted(f"v=DMARC1; p={policy}; rua=mailto:dmarc@{domain}; adkim=r; aspf=r")))
        lines.append((domain, "TXT", quoted(self._spf(number, draw))))
        lines.append((f"mail.{domain}", "A", OWN_ADDRESS))
        lines.append((domain, "MX", f"10 mail.{domain}."))
        lines += [(f"{selector}._domainkey.{domain}", "TXT", quoted(self._keys.key(kind, number).record))
                  for selector, kind in (("s1", "rsa"), ("e1", "ed"))]
        if self._recipe.content == "includes":
            lines += [(f"i{part}.{domain}", "TXT", quoted(f"v=spf1 ip4:192.0.2.{part} -all"))
                      for part in range(1, INCLUDES)]
            lines.append((f"i{INCLUDES}.{domain}", "TXT", quoted(f"v=spf1 ip4:{OWN_ADDRESS} -all")))
        return lines

    def _common_records(self):
        return [(self._provider(number), "TXT", quoted("v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/64 -all"))
                for number in range(PROVIDERS)]

    def _provider(self, number):
        return f"spf.{self._recipe.prefix}provider{number}.example"

    def _spf(self, number, draw):
        if self._recipe.content == "includes":
            includes = " ".join(f"include:i{part}.{self.domain(number)}" for part in range(1, INCLUDES + 1))
            return f"v=spf1 {includes} -all"
        if self._recipe.content == "at-once":
            return "v=spf1 ip4:192.0.2.0/28 -all"
        if number % 7 == 0:
            return "v=spf1 ip4:192.0.2.0/28 ~all"
        return draw.choice(["v=spf1 ip4:192.0.2.0/28 -all", "v=spf1 ip4:192.0.2.0/28 -all", "v=spf1 mx -all",
                            f"v=spf1 include:{self._provider(draw.randrange(PROVIDERS))} -all"])

    def write(self, number):
        """Writes one message; its line of the index."""
        mail = self._mail(number)
        name = f"{number:06d}.eml"
        (self._folder / name).write_bytes(mail.message)
        return "\t".join([name, mail.client, mail.helo, mail.mail_from, "user@bench.example", mail.kind])

    def _mail(self, number):
        draw = random.Random(f"{self._recipe.seed} message {number}")
        kinds = CONTENTS[self._recipe.content]
        if self._recipe.content == "mixed":  # one of each two passes: half of them exactly, not on the average
            first = random.Random(f"{self._recipe.seed} pair {number // 2}").randrange(2)
            kinds = PASSING if number % 2 == first else FAILING
        kind = draw.choices([name for name, _ in kinds], [weight for _, weight in kinds])[0]
        # Neighbours in time are of different domains, and all domains have had their turn before one comes again.
        at = number * 7919 % self._recipe.domains
        if kind == "softfail":
            at -= at % 7
        return self._made(kind, at, draw)

    def _made(self, kind, at, draw):
        domain = self.domain(at)
        author = f"unknown{at}.{self._recipe.prefix}nowhere.example" if kind == "norecord" else domain
        message = self._text(author, draw)
        own = Mail(OWN_ADDRESS, f"mail.{domain}", f"bounces@{domain}", kind, message)
        away = Mail(STRANGERS_ADDRESS, "relay.elsewhere.example", own.mail_from, kind, message)
        if kind in ("rsa", "includes"):
            own.message = self._signed(message, at)
        elif kind == "rsa-simple":
            own.message = self._dkimpy(message, at, ("simple", "simple"))
        elif kind == "rsa-relaxed-simple":
            own.message = self._dkimpy(message, at, ("relaxed", "simple"))
        elif kind == "ed25519":
            own.message = self._dkimpy(message, at, ("relaxed", "relaxed"), "ed", "e1")
        elif kind == "broken":  # a mailing list that writes below the text
            away.message = self._signed(message, at) + b"-- \r\nsent through a list\r\n"
            return away
        elif kind == "forwarded":
            away.message = self._signed(message, at)
            return away
        elif kind in ("unsigned", "softfail"):
            return away
        elif kind in ("spoofed", "norecord"):
            away.mail_from = f"someone@{author}" if kind == "norecord" else "any@attack.example"
            return away
        return own

    def _signed(self, message, at):
        return sign(message, self._keys.key("rsa", at), self.domain(at), "s1", headers=SIGNED)

    def _dkimpy(self, message, at, canonicalization, kind="rsa", selector="s1"):
        return dkimpy_sign(message, self._keys.key(kind, at), self.domain(at), selector, headers=SIGNED,
                           canonicalization=canonicalization)

    def _text(self, author, draw):
        """A message as mail programs write them, of about so many octets."""
        token = f"{draw.getrandbits(64):016x}"
        head = [f"Received: from mail.{author} (mail.{author} [{OWN_ADDRESS}])",
                f"\tby relay{draw.randrange(9)}.{author} (Postfix) with ESMTPS id {token[:10].upper()}",
                "\tfor <user@bench.example>; Mon,  4 May 2026 09:12:44 +0000 (UTC)",
                f"Received: from [10.0.0.{draw.randrange(250)}] (unknown [203.0.113.{draw.randrange(250)}])",
                f"\tby mail.{author} (Postfix) with ESMTPSA id {token[4:14].upper()};",
                "\tMon,  4 May 2026 09:12:43 +0000 (UTC)",
                f'From: "{words(draw, 2).title()}" <{draw.choice(WORDS)}@{author}>',
                'To: "A User" <user@bench.example>', f"Subject: {words(draw, 6).capitalize()}",
                "Date: Mon, 4 May 2026 09:12:42 +0000", f"Message-ID: <{token}@{author}>", "MIME-Version: 1.0",
                f'Content-Type: multipart/mixed; boundary="b-{token}"',
                f"X-Mailer: {words(draw, 3).title()} 7.2", f"List-Unsubscribe: <https://{author}/leave?{token}>"]
        octets = sum(len(line) + 2 for line in head)
        body = [f"--b-{token}", "Content-Type: text/plain; charset=utf-8", ""]
        while octets + sum(map(len, body[-20:])) < min(self._recipe.octets, 4096) and len(body) < 60:
            body.append(words(draw, draw.randrange(8, 14)))
        body += ["", f"--b-{token}", "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", ""]
        missing = self._recipe.octets - octets - sum(len(line) + 2 for line in body)
        line = f"{draw.getrandbits(448):0112x}"
        body += [f"{line[turn % 36:]}{line[:turn % 36]}"[:76] for turn in range(max(missing, 0) // 78)]
        body.append(f"--b-{token}--")
        return "".join(f"{text}\r\n" for text in [*head, "", *body]).encode()


def words(draw, count):
    return " ".join(draw.choice(WORDS) for _ in range(count))


def make(folder, recipe, keys_folder=None, workers=1):
    """Makes the corpus in `folder` unless it is there. Keys are kept in `keys_folder`, where there is one."""
    folder = Path(folder)
    made = folder / "made.json"
    if made.exists() and json.loads(made.read_text(encoding="ascii")) == asdict(recipe):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keys = KeyRing(Path(keys_folder or folder / "keys"), min(recipe.keys, recipe.domains))
    maker = Maker(recipe, folder, keys)
    with multiprocessing.Pool(workers) as pool:
        keys.make(pool)
        with open(folder / "zone.txt", "w", encoding="ascii") as zone:
            for number in range(recipe.domains):
                zone.writelines(f"{name}. {kind} {text}\n" for name, kind, text in maker.records(number))
        with open(folder / "index.tsv", "w", encoding="ascii") as index:
            for line in pool.imap(maker.write, range(recipe.messages), chunksize=50):
                index.write(line + "\n")
    made.write_text(json.dumps(asdict(recipe)), encoding="ascii")
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--domains", type=int, default=500, help="author domains")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--octets", type=int, default=4096, help="of each message, about")
    parser.add_argument("--content", choices=CONTENTS, default="mixed")
    parser.add_argument("--prefix", default="d", help="what the domains' names begin with")
    parser.add_argument("--keys", type=int, default=500, help="at most so many keys; domains share them beyond")
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(10 ** 9)))
    arguments = vars(parser.parse_args())
    folder = arguments.pop("folder")
    print(f"seed {arguments['seed']}")
    make(folder, Recipe(**arguments), workers=multiprocessing.cpu_count())


if __name__ == "__main__":
    sys.exit(main())
