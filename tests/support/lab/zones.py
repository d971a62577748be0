"""The names that the suites' messages come from: SPF, DKIM and DMARC records of made-up domains under
.example."""

from lab.dns_server import quoted
from lab.signing import ed25519_key, rsa_key

# Addresses of the clients (RFC 5737, RFC 3849).
GOOD_IP = "192.0.2.10"
GOOD_IP6 = "2001:db8::10"
ATTACKER_IP = "192.0.2.66"
STRANGER_IP = "198.51.100.7"

# Names of the zone for which the name server may be made to fail.
SERVFAIL = {("_dmarc.polfail.example", "TXT"), ("spffail.example", "TXT"),
            ("s1._domainkey.keyfail.example", "TXT"), ("_dmarc.half.none.example", "TXT"),
            ("_dmarc.fails.corp.example", "TXT")}

ATTACKER_SELECTOR = "evil"
ATTACKER_NAMES = ["any.attack.example", "good.example'a.attack.example", "good.example(.attack.example",
                  "good.example(a.attack.example", "good.example(a).attack.example", "good.example .attack.example",
                  'good.example"=(.attack.example', "good.example\0.attack.example", "good.example.attack.example",
                  "notgood.example", "example"]

IDN_U = "b\u00fccher.example"
IDN_A = "xn--bcher-kva.example"


class Zone:
    """Records by name and type; served by Knot as a zone file, or by ScriptedDns as a table."""

    def __init__(self):
        self.records = {}

    def add(self, name, kind, *texts):
        self.records.setdefault((name.lower(), kind), []).extend(texts)

    def txt(self, name, text):
        self.add(name, "TXT", quoted(text))

    def file(self, serial=1):
        """Zone file text for the root zone; a name may have any octets, and dots between its labels."""
        lines = ["$TTL 300", f". SOA ns.lab.example. host.lab.example. {serial} 3600 600 86400 60",
                 ". NS ns.lab.example.",
                 "ns.lab.example. A 127.0.0.1"]
        lines += [f"{escaped(name)}. {kind} {text}" for (name, kind), texts in self.records.items() for text in texts]
        return "\n".join(lines) + "\n"


def escaped(name):
    """A name as zone files have it."""
    return "".join(char if char.isalnum() or char in "-_.*" else f"\\{ord(char):03d}" for char in name)


class Keys:
    """The signing keys, made anew for each run."""

    def __init__(self):
        self.rsa = rsa_key()
        self.other = rsa_key()  # the attacker's, under ATTACKER_SELECTOR
        self.ed25519 = ed25519_key()
        self.weak = rsa_key(512)


def lab_zone(keys):
    zone = Zone()
    _domain(zone, keys, "good.example", "v=DMARC1; p=reject; rua=mailto:dmarc@good.example")
    _domain(zone, keys, "sub.good.example", None)
    _domain(zone, keys, "strict.example", "v=DMARC1; p=reject; adkim=s; aspf=s")
    _domain(zone, keys, "sub.strict.example", None)
    _domain(zone, keys, "subpol.example", "v=DMARC1; p=none; sp=reject")
    _domain(zone, keys, "quar.example", "v=DMARC1; p=quarantine")
    _domain(zone, keys, "none.example", "v=DMARC1; p=none")
    _domain(zone, keys, "pctr.example", "v=DMARC1; p=reject; pct=0")
    _domain(zone, keys, "pctq.example", "v=DMARC1; p=quarantine; pct=0")
    _domain(zone, keys, "nopolicy.example", None)
    _domain(zone, keys, "nop.example", "v=DMARC1; rua=nonsense")
    _domain(zone, keys, "ruaonly.example", "v=DMARC1; p=bogus; rua=mailto:dmarc@ruaonly.example")
    _domain(zone, keys, "slow.example", "v=DMARC1; p=reject")
    _domain(zone, keys, "polfail.example", "v=DMARC1; p=reject")
    _domain(zone, keys, "spffail.example", "v=DMARC1; p=reject")
    _domain(zone, keys, "keyfail.example", "v=DMARC1; p=reject")
    _domain(zone, keys, IDN_A, "v=DMARC1; p=reject")
    _domain(zone, keys, "attack.example", "v=DMARC1; p=none", ATTACKER_IP)
    _attacker(zone, keys)
    _tree_walk_domains(zone, keys)
    zone.txt("_dmarc.twice.example", "v=DMARC1; p=reject")
    zone.txt("_dmarc.twice.example", "v=DMARC1; p=quarantine")
    for name in ("lists.example", "relay.example", "seal.example"):  # they seal; nothing else is known of them
        zone.txt(f"s1._domainkey.{name}", keys.rsa.record)
    zone.txt("soft.example", "v=spf1 ip4:192.0.2.10 ~all")
    zone.txt("neutral.example", "v=spf1 ?all")
    zone.txt("broken.example", "v=spf1 ip4:not-an-address -all")
    for number in range(12):
        zone.txt(f"_dmarc.many{number}.example", "v=DMARC1; p=none")
    _special_keys(zone, keys)
    return zone


def _attacker(zone, keys):
    """Names that an attacker may publish in its own zone, each of which looks like the victim's to somebody who
    reads it carelessly; and two that are not below the attacker's domain but end as the victim's does."""
    for name in ATTACKER_NAMES:
        zone.txt(name, f"v=spf1 ip4:{ATTACKER_IP} -all")
        zone.txt(f"{ATTACKER_SELECTOR}._domainkey.{name}", keys.other.record)
    zone.txt(f"{ATTACKER_SELECTOR}._domainkey.attack.example", keys.other.record)


def _tree_walk_domains(zone, keys):
    """A public suffix that says so, a department that is an organization of its own, and names for np and t."""
    zone.txt("_dmarc.bank.example", "v=DMARC1; p=reject; psd=y")
    _domain(zone, keys, "giant.bank.example", "v=DMARC1; p=quarantine")
    _domain(zone, keys, "mail.giant.bank.example", None)
    _domain(zone, keys, "mega.bank.example", None)
    _domain(zone, keys, "corp.example", "v=DMARC1; p=none")
    _domain(zone, keys, "dept.corp.example", "v=DMARC1; p=reject; psd=n")
    _domain(zone, keys, "fails.corp.example", None)
    _domain(zone, keys, "np.example", "v=DMARC1; p=none; np=reject")
    _domain(zone, keys, "there.np.example", None)
    _domain(zone, keys, "test.example", "v=DMARC1; p=reject; t=y")
    zone.txt("_dmarc.twice.good.example", "v=DMARC1; p=none")
    zone.txt("_dmarc.twice.good.example", "v=DMARC1; p=quarantine")  # two equal records would be one


def _domain(zone, keys, name, dmarc, ip=GOOD_IP):
    zone.txt(name, f"v=spf1 ip4:{ip} ip6:{GOOD_IP6} -all" if ip == GOOD_IP else f"v=spf1 ip4:{ip} -all")
    zone.txt(f"s1._domainkey.{name}", keys.rsa.record)
    if dmarc:
        zone.txt(f"_dmarc.{name}", dmarc)


def _special_keys(zone, keys):
    at = "_domainkey.good.example"
    zone.txt(f"ed.{at}", keys.ed25519.record)
    zone.txt(f"weak.{at}", keys.weak.record)
    zone.txt(f"revoked.{at}", "v=DKIM1; k=rsa; p=")
    zone.txt(f"testing.{at}", keys.rsa.record.replace("v=DKIM1;", "v=DKIM1; t=y;"))
    zone.txt(f"nosub.{at}", keys.rsa.record.replace("v=DKIM1;", "v=DKIM1; t=s;"))
    zone.txt(f"sha1only.{at}", keys.rsa.record.replace("v=DKIM1;", "v=DKIM1; h=sha1;"))
    zone.txt(f"notmail.{at}", keys.rsa.record.replace("v=DKIM1;", "v=DKIM1; s=other;"))
    zone.txt(f"wrong.{at}", keys.other.record)
    zone.add(f"alias.{at}", "CNAME", "s1._domainkey.attack.example.")
