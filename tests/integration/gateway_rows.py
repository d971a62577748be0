"""The table of messages: who sends what under which settings, and what must come of it.

A row's `results` are the methods that Authentication-Results must have, exactly; a method's alternatives
stand with a bar between them ("dkim=permerror|neutral"). SPF results for the HELO name beside a MAIL FROM are
ignored.
"""

from dataclasses import dataclass, field
from typing import Callable

from lab.zones import ATTACKER_IP, GOOD_IP, GOOD_IP6, IDN_A, IDN_U, STRANGER_IP
from messages import BODY, listed, oddly_signed, plain, signed


@dataclass
class Row:
    name: str
    build: Callable            # keys -> the message
    results: list | None       # None: no Authentication-Results of ours is to be there
    variant: str = "enforce"
    ip: str = STRANGER_IP
    mail_from: str | bytes = "bounce@nospf.example"
    helo: str | bytes = "client.example"
    login: str | None = None
    smtputf8: bool = False
    code: int = 250
    direct: bool = False                         # straight to the milter: no MTA would pass these octets on
    by_postfix: bool = False                     # Postfix itself refuses it, and the milter never sees it whole
    tagged: bool = False
    held: bool = False
    record: dict = field(default_factory=dict)   # dotted path in the record: value
    present: list = field(default_factory=list)  # octets that the delivered header must have
    absent: list = field(default_factory=list)   # octets that it must not have
    says: str = ""                               # what the SMTP answer must have in it
    chain: str = ""                              # what dkimpy must find of the ARC chain that is delivered
    spoof: bool = False                          # names an author who did not write it: must never be a pass


# The results of a message that nobody vouches for.
NOBODY = ["spf=none smtp.mailfrom=nospf.example", "dkim=none"]
FROM_ATTACKER = {"ip": ATTACKER_IP, "mail_from": "x@attack.example"}
FROM_GOOD = {"ip": GOOD_IP, "mail_from": "ann@good.example"}
PASS_GOOD = "dmarc=pass header.from=good.example policy.dmarc=reject"
FAIL_GOOD = "dmarc=fail header.from=good.example policy.dmarc=reject"
REJECTED = {"judgement.result": "fail", "judgement.requested": "reject", "judgement.disposition": "reject",
            "judgement.action": "reject"}


def refused(name, build, dkim=(), **options):
    """A row that must be refused as not from good.example; `dkim` are the verdicts that the record must
    have."""
    record = dict(REJECTED)
    for number, verdict in enumerate(dkim):
        record[f"evidence.dkim.{number}.result"] = verdict
    record.update(options.pop("record", {}))
    options.setdefault("says", "good.example")
    return Row(name, build, None, code=550, record=record, **options)


def authenticated_rows():
    return [
        Row("SPF alone is a pass", lambda k: plain(),
            ["spf=pass smtp.mailfrom=good.example", "dkim=none", PASS_GOOD],
            **FROM_GOOD, record={"judgement.result": "pass", "judgement.action": "accept",
                                 "judgement.domains.0.spf_aligned": True,
                                 "judgement.domains.0.dkim_aligned": False}),
        Row("SPF alone over IPv6 is a pass", lambda k: plain(),
            ["spf=pass smtp.mailfrom=good.example", "dkim=none", PASS_GOOD], ip=GOOD_IP6,
            mail_from="ann@good.example", record={"evidence.client.address": GOOD_IP6}),
        Row("DKIM alone is a pass", signed,
            ["spf=none smtp.mailfrom=nospf.example",
             "dkim=pass header.d=good.example header.i=@good.example header.a=rsa-sha256 header.s=s1",
             PASS_GOOD],
            record={"judgement.domains.0.dkim_aligned": True, "evidence.dkim.0.key_bits": 2048}),
        Row("DKIM with simple canonicalization", lambda k: signed(k, canonicalization=("simple", "simple")),
            ["spf=none", "dkim=pass header.d=good.example", PASS_GOOD]),
        Row("SPF and DKIM together", signed,
            ["spf=pass smtp.mailfrom=good.example", "dkim=pass header.d=good.example", PASS_GOOD],
            **FROM_GOOD),
        Row("an ed25519 signature", lambda k: signed(k, selector="ed", key=k.ed25519),
            ["spf=none", "dkim=pass header.d=good.example header.a=ed25519-sha256", PASS_GOOD]),
        Row("two signatures of which one is good",
            _two_signatures,
            ["spf=none", "dkim=permerror header.s=missing", "dkim=pass header.s=s1", PASS_GOOD]),
        Row("a key behind a CNAME", lambda k: signed(k, selector="alias"),
            ["spf=none", "dkim=pass header.s=alias", PASS_GOOD]),
        Row("a signature with l= over the whole body", lambda k: oddly_signed(k, body_octets=len(BODY)),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("a null sender counts as postmaster at HELO", lambda k: plain(),
            ["spf=pass smtp.helo=good.example", "dkim=none", PASS_GOOD], ip=GOOD_IP, mail_from="",
            helo="good.example", record={"evidence.mail_from": ""}),
        Row("SPF of a subdomain aligns in relaxed mode", lambda k: plain(),
            ["spf=pass smtp.mailfrom=sub.good.example", "dkim=none", PASS_GOOD], ip=GOOD_IP,
            mail_from="a@sub.good.example"),
        Row("DKIM of the organization aligns with a subdomain in relaxed mode",
            lambda k: signed(k, author="a@deep.sub.good.example"),
            ["spf=none", "dkim=pass header.d=good.example",
             "dmarc=pass header.from=deep.sub.good.example policy.dmarc=reject"],
            record={"judgement.domains.0.policy_domain": "good.example"}),
        Row("equal domains align in strict mode",
            lambda k: signed(k, domain="strict.example", author="a@strict.example"),
            ["spf=none", "dkim=pass header.d=strict.example", "dmarc=pass header.from=strict.example"]),
        Row("a domain without a policy", lambda k: plain("a@nopolicy.example"),
            ["spf=none", "dkim=none", "dmarc=none header.from=nopolicy.example"],
            record={"judgement.result": "none"}),
        Row("two policy records are none", lambda k: plain("a@twice.example"),
            [*NOBODY, "dmarc=none header.from=twice.example"]),
        Row("a policy record without p and without a usable rua is none", lambda k: plain("a@nop.example"),
            [*NOBODY, "dmarc=none header.from=nop.example"]),
        Row("a bad p with a usable rua is p=none", lambda k: plain("a@ruaonly.example"),
            [*NOBODY, "dmarc=fail header.from=ruaonly.example policy.dmarc=none"]),
        Row("SPF softfail", lambda k: plain("a@none.example"),
            ["spf=softfail smtp.mailfrom=soft.example", "dkim=none", "dmarc=fail"],
            mail_from="a@soft.example"),
        Row("SPF neutral", lambda k: plain("a@none.example"),
            ["spf=neutral smtp.mailfrom=neutral.example", "dkim=none", "dmarc=fail"],
            mail_from="a@neutral.example"),
        Row("SPF permerror", lambda k: plain("a@none.example"),
            ["spf=permerror smtp.mailfrom=broken.example", "dkim=none", "dmarc=fail"],
            mail_from="a@broken.example"),
        Row("a unix socket serves as well", signed,
            ["spf=none", "dkim=pass header.d=good.example", PASS_GOOD],
            variant="monitor"),
    ]


def _two_signatures(keys):
    return _signature_of(oddly_signed(keys, selector="missing")) + signed(keys)


def _signature_of(message):
    """The DKIM-Signature field on top of a message."""
    return message[:message.index(b"\r\nFrom:") + 2]


def refused_rows():
    return [
        refused("SPF and DKIM pass for somebody else", lambda k: signed(k, domain="attack.example"), ["pass"],
                **FROM_ATTACKER, spoof=True, record={"evidence.spf.0.result": "pass"}),
        refused("forged with nothing", lambda k: plain(), spoof=True),
        refused("forged with SPF fail", lambda k: plain(), mail_from="ann@good.example", spoof=True,
                record={"evidence.spf.0.result": "fail"}),
        refused("a body changed after signing", lambda k: signed(k).replace(b"this is", b"that is"),
                ["fail"]),
        refused("a header field changed after signing",
                lambda k: signed(k).replace(b"A message", b"B message"),
                ["fail"]),
        refused("a signature made with another key", lambda k: signed(k, selector="wrong"), ["fail"]),
        refused("a signature past its x=",
                lambda k: oddly_signed(k, tags={"t": "1600000000", "x": "1600003600"}),
                ["permerror"]),
        refused("text added behind l=",
                lambda k: oddly_signed(k, body_octets=len(BODY)) + b"Send money.\r\n"),
        refused("a 512 bit key", lambda k: oddly_signed(k, selector="weak", key=k.weak),
                ["policy|permerror"]),
        refused("rsa-sha1", lambda k: _sha1(k), ["policy|permerror"]),
        refused("a revoked key", lambda k: signed(k, selector="revoked"), ["permerror"]),
        refused("a key that is not there", lambda k: signed(k, selector="missing"), ["permerror"]),
        refused("a key for tests only", lambda k: signed(k, selector="testing"),
                record={"evidence.dkim.0.testing": True}),
        refused("a key for another hash", lambda k: signed(k, selector="sha1only"),
                ["permerror|fail|policy"]),
        refused("a key that is not for mail", lambda k: signed(k, selector="notmail"),
                ["permerror|fail|policy"]),
        refused("a subdomain in i= under t=s",
                lambda k: oddly_signed(k, selector="nosub", tags={"i": "@sub.good.example"}),
                ["permerror|fail|policy"]),
        refused("i= outside d=", lambda k: oddly_signed(k, tags={"i": "@attack.example"}),
                ["permerror|neutral"]),
        refused("From not signed", lambda k: oddly_signed(k, sign_headers=["To", "Subject"]),
                ["permerror|neutral"]),
        refused("a quote in d=", lambda k: oddly_signed(k, domain="good.example'a.attack.example"),
                ["permerror|neutral"], spoof=True),
        refused("a comment in d=", lambda k: oddly_signed(k, domain="good.example(.attack.example"),
                ["permerror|neutral"], spoof=True),
        refused("HELO does not align where there is a sender", lambda k: plain(), ip=GOOD_IP,
                helo="good.example",
                mail_from="x@attack.example"),
        refused("SPF of a subdomain in strict mode", lambda k: plain("a@strict.example"), ip=GOOD_IP,
                mail_from="a@sub.strict.example", says="strict.example"),
        refused("DKIM of the organization for a subdomain in strict mode",
                lambda k: signed(k, domain="strict.example", author="a@sub.strict.example"), ["pass"],
                says="sub.strict.example"),
        refused("sp= for a subdomain", lambda k: plain("a@any.subpol.example"), says="any.subpol.example"),
        refused("a subdomain falls back on its organization's policy",
                lambda k: plain("a@deep.sub.good.example"),
                says="deep.sub.good.example"),
        refused("an IDN author as A-label, forged", lambda k: plain(f"a@{IDN_A}"), says=IDN_A),
    ]


def _sha1(keys):
    key = type(keys.rsa)("rsa-sha1", keys.rsa.private, keys.rsa.private_text, keys.rsa.record)
    return oddly_signed(keys, key=key)


def policy_rows():
    rows = [
        Row("p=none of the domain itself beside sp=reject", lambda k: plain("a@subpol.example"),
            [*NOBODY, "dmarc=fail header.from=subpol.example policy.dmarc=none"],
            record={"judgement.disposition": "none"}),
        Row("pct=0 makes reject a quarantine", lambda k: plain("a@pctr.example"),
            [*NOBODY, "dmarc=fail header.from=pctr.example policy.dmarc=reject"], tagged=True,
            record={"judgement.requested": "reject", "judgement.disposition": "quarantine",
                    "judgement.overrides.0.type": "sampled_out"}),
        Row("pct=0 makes quarantine nothing", lambda k: plain("a@pctq.example"),
            [*NOBODY, "dmarc=fail header.from=pctq.example policy.dmarc=quarantine"],
            record={"judgement.requested": "quarantine", "judgement.disposition": "none",
                    "judgement.overrides.0.type": "sampled_out"}),
        Row("p=none, enforced", lambda k: plain("a@none.example"),
            [*NOBODY, "dmarc=fail header.from=none.example policy.dmarc=none"],
            record={"judgement.disposition": "none", "judgement.action": "accept"}),
        Row("p=quarantine, enforced with a tag", lambda k: plain("a@quar.example"),
            [*NOBODY, "dmarc=fail header.from=quar.example policy.dmarc=quarantine"], tagged=True,
            record={"judgement.disposition": "quarantine", "judgement.action": "tag"}),
        Row("p=quarantine, enforced by hold", lambda k: plain("a@quar.example"),
            [*NOBODY, "dmarc=fail header.from=quar.example policy.dmarc=quarantine"], variant="hold",
            held=True,
            record={"judgement.disposition": "quarantine", "judgement.action": "hold"}),
        Row("p=reject softened to a quarantine that holds", lambda k: plain(), [*NOBODY, FAIL_GOOD],
            variant="hold",
            held=True, record={"judgement.requested": "reject", "judgement.action": "hold"}),
        Row("p=quarantine, enforced by a refusal", lambda k: plain("a@quar.example"), None, variant="qreject",
            code=550,
            says="quar.example", record={"judgement.requested": "quarantine", "judgement.action": "reject"}),
        Row("a malformed From with on_malformed_from=tag", lambda k: plain("nobody"),
            [*NOBODY, "dmarc=permerror|none|fail"],
            variant="hold", tagged=True, spoof=True),
    ]
    for policy, domain in (("none", "none.example"), ("quarantine", "quar.example"),
                           ("reject", "good.example")):
        rows.append(Row(f"p={policy}, only watched", lambda k, d=domain: plain(f"a@{d}"),
                        [*NOBODY, f"dmarc=fail header.from={domain} policy.dmarc={policy}"],
                        variant="monitor",
                        record={"judgement.requested": policy, "judgement.action": "accept"}))
    return rows


def tree_walk_rows():
    """The same gateway by RFC 9989."""
    by_walk = {"judgement.domains.0.discovery": "treewalk"}

    def row(name, build, results, **options):
        options.setdefault("variant", "rfc9989")
        return Row("rfc9989: " + name, build, results, record={**by_walk, **options.pop("record", {})},
                   **options)

    def walk_refused(name, build, dkim=(), **options):
        options.setdefault("variant", "rfc9989")
        return refused("rfc9989: " + name, build, dkim, record={**by_walk, **options.pop("record", {})},
                       **options)

    return [
        row("SPF of a subdomain aligns", lambda k: plain(),
            ["spf=pass smtp.mailfrom=sub.good.example", "dkim=none", PASS_GOOD], ip=GOOD_IP,
            mail_from="a@sub.good.example"),
        row("DKIM of the organization aligns with a subdomain",
            lambda k: signed(k, author="a@deep.sub.good.example"),
            ["spf=none", "dkim=pass header.d=good.example",
             "dmarc=pass header.from=deep.sub.good.example policy.dmarc=reject"],
            record={"judgement.domains.0.policy_domain": "good.example"}),
        row("an author of more than eight labels",
            lambda k: signed(k, author="a@a.b.c.d.e.f.g.h.good.example"),
            ["spf=none", "dkim=pass header.d=good.example",
             "dmarc=pass header.from=a.b.c.d.e.f.g.h.good.example policy.dmarc=reject"]),
        walk_refused("forged with nothing", lambda k: plain(), spoof=True),
        walk_refused("the organization does not align with a department that is its own",
                     lambda k: signed(k, domain="corp.example", author="a@dept.corp.example"), ["pass"],
                     says="dept.corp.example"),
        row("a department aligns with itself",
            lambda k: signed(k, domain="dept.corp.example", author="a@mail.dept.corp.example"),
            ["spf=none", "dkim=pass", "dmarc=pass header.from=mail.dept.corp.example policy.dmarc=reject"]),
        walk_refused("a public suffix's policy where the organization has none",
                     lambda k: plain("a@mega.bank.example"), says="mega.bank.example",
                     record={"judgement.domains.0.policy_domain": "bank.example"}),
        row("neighbours below a public suffix do not align",
            lambda k: signed(k, domain="mega.bank.example", author="a@giant.bank.example"),
            ["spf=none", "dkim=pass header.d=mega.bank.example",
             "dmarc=fail header.from=giant.bank.example policy.dmarc=quarantine"], tagged=True),
        row("a subdomain below a public suffix aligns with its organization",
            lambda k: plain("a@giant.bank.example"),
            ["spf=pass smtp.mailfrom=mail.giant.bank.example", "dkim=none",
             "dmarc=pass header.from=giant.bank.example"], ip=GOOD_IP, mail_from="a@mail.giant.bank.example"),
        walk_refused("np for a domain that does not exist", lambda k: plain("a@gone.np.example"),
                     says="gone.np.example",
                     record={"evidence.policies.0.existence": "does_not_exist"}),
        row("np is not for a domain that exists", lambda k: plain("a@there.np.example"),
            [*NOBODY, "dmarc=fail header.from=there.np.example policy.dmarc=none"],
            record={"evidence.policies.0.existence": "exists"}),
        row("t=y makes reject a quarantine", lambda k: plain("a@test.example"),
            [*NOBODY, "dmarc=fail header.from=test.example policy.dmarc=quarantine"], tagged=True,
            record={"judgement.requested": "reject", "judgement.disposition": "quarantine",
                    "judgement.overrides.0.type": "policy_test_mode"}),
        walk_refused("pct is history", lambda k: plain("a@pctr.example"), says="pctr.example"),
        walk_refused("two records are discarded and the walk goes on",
                     lambda k: plain("a@twice.good.example"), says="twice.good.example",
                     record={"judgement.domains.0.policy_domain": "good.example"}),
        row("a domain without a policy", lambda k: plain("a@nopolicy.example"),
            ["spf=none", "dkim=none", "dmarc=none header.from=nopolicy.example"]),
        row("a List-Id makes reject a quarantine", lambda k: plain(headers=["List-Id: <talk.lists.example>"]),
            [*NOBODY, FAIL_GOOD], tagged=True,
            record={"judgement.requested": "reject", "judgement.disposition": "quarantine",
                    "judgement.overrides.0.type": "mailing_list"}),
        row("an aligned signature broken on the way makes reject a quarantine",
            lambda k: signed(k).replace(b"this is", b"that is"),
            ["spf=none", "dkim=fail header.d=good.example", FAIL_GOOD], tagged=True,
            record={"judgement.overrides.0.type": "forwarded"}),
        row("a Resent-From makes reject a quarantine",
            lambda k: plain(headers=["Resent-From: Helper <h@helper.example>"]), [*NOBODY, FAIL_GOOD], tagged=True,
            record={"evidence.resent_from": "helper.example", "judgement.overrides.0.type": "forwarded"}),
        walk_refused("a Resent-From where no sign counts",
                     lambda k: plain(headers=["Resent-From: Helper <h@helper.example>"]), variant="nosigns"),
        row("a failure at the author domain never falls through", lambda k: plain("a@fails.corp.example"),
            None, variant="walkdown", code=451, record={"judgement.result": "temperror"}),
        row("a failure at an identifier hides what it might have passed", lambda k: plain("a@corp.example"),
            None, variant="walkdown", ip=GOOD_IP, mail_from="a@fails.corp.example", code=451,
            record={"evidence.spf.0.result": "pass", "judgement.result": "temperror"}),
    ]


def trust_rows():
    fake = "Authentication-Results: mx.lab.example; spf=pass smtp.mailfrom=good.example"
    spellings = [
        fake,
        "Authentication-Results: MX.LAB.Example; dmarc=pass",
        "authentication-results:mx.lab.example;dmarc=pass",
        "Authentication-Results: (a comment) mx.lab.example (another; one); dmarc=pass",
        'Authentication-Results: "mx.lab.example"; dmarc=pass',
        'Authentication-Results: "mx.\\lab.example"; dmarc=pass',
        "Authentication-Results:\r\n mx.lab.example 1; dmarc=pass",
        "Authentication-Results: mx.lab.example.; dmarc=pass",
        "Authentication-Results: mx.lab.example; none",
        "Authentication-Results: mx.lab.example",
    ]
    others = ["Authentication-Results: other.example; dkim=pass header.d=kept.example",
              "Authentication-Results: mx.lab.example.attack.example; dkim=pass header.d=kept2.example"]
    mixed = [others[0], *spellings, others[1]]
    return [
        Row("Authentication-Results in our name are removed in every spelling, others are kept",
            lambda k: plain(headers=mixed), ["spf=pass smtp.mailfrom=good.example", "dkim=none", PASS_GOOD],
            **FROM_GOOD,
            present=[b"kept.example", b"kept2.example"], absent=[b"dmarc=pass\n", b"MX.LAB", b"(a comment)"]),
        Row("a client on a trusted network is not judged", lambda k: plain(), None, variant="trusted",
            ip="203.0.113.5",
            record={"judgement.exemption": "trusted_network"}),
        Row("a client off the trusted network is judged", lambda k: plain(), None, variant="trusted",
            code=550),
        Row("an authenticated client is not judged, and what it forges is removed",
            lambda k: plain(headers=spellings[:5]),
            None, login="ann",
            record={"judgement.exemption": "authenticated", "evidence.client.authenticated": True},
            absent=[b"mx.lab.example; "]),
        Row("an override by author domain", lambda k: plain("a@sub.strict.example"),
            [*NOBODY, "dmarc=fail header.from=sub.strict.example"], variant="override",
            record={"judgement.requested": "reject", "judgement.disposition": "none",
                    "judgement.overrides.0.type": "local_policy"}),
        Row("an override by List-Id", lambda k: plain(headers=["List-Id: A list <Talk.Lists.Example>"]),
            [*NOBODY, FAIL_GOOD], variant="override",
            record={"judgement.overrides.0.type": "mailing_list", "evidence.list_id": "talk.lists.example"}),
        Row("an override by network that tags", lambda k: plain(), [*NOBODY, FAIL_GOOD], variant="override",
            ip="203.0.113.77", tagged=True, record={"judgement.overrides.0.type": "forwarded"}),
        Row("no override fits", lambda k: plain(), None, variant="override", code=550),
    ]


def arc_rows():
    comment = "arc=pass as[1].d=lists.example as[1].s=s1 remote-ip[1]=192.0.2.77"
    vouched = {"judgement.result": "fail", "judgement.requested": "reject", "judgement.disposition": "none",
               "judgement.action": "accept", "judgement.overrides.0.type": "local_policy",
               "judgement.overrides.0.comment": comment, "evidence.arc.result": "pass"}
    changed = ["spf=none smtp.mailfrom=nospf.example", "dkim=fail header.d=good.example", FAIL_GOOD]
    return [
        Row("a trusted mailing list vouches by its seal", listed, changed, variant="arc", record=vouched,
            present=[b"arc=pass smtp.remote-ip=" + STRANGER_IP.encode() + b" header.oldest-pass=0",
                     b"ARC-Seal: i=2; ", b"ARC-Seal: i=1; "], chain="pass"),
        Row("a chain and a list of overrides by sealer", lambda k: listed(k, domain="relay.example"), changed,
            variant="arc", tagged=True, record={"judgement.overrides.0.comment": "relay"}, chain="pass"),
        refused("a sealer whom nobody trusts", lambda k: listed(k, domain="attack.example"), variant="arc",
                record={"evidence.arc.result": "pass"}),
        refused("a trusted sealer who saw it fail",
                lambda k: listed(k, results="dmarc=fail header.from=good.example"), variant="arc",
                record={"evidence.arc.result": "pass"}),
        refused("a body changed behind a trusted seal", lambda k: listed(k) + b"Send money.\r\n", variant="arc",
                record={"evidence.arc.result": "fail"}),
        refused("sealed results changed behind a trusted seal",
                lambda k: listed(k, results="dmarc=fail header.from=good.example").replace(
                    b"dmarc=fail", b"dmarc=pass"),
                variant="arc", spoof=True, record={"evidence.arc.result": "fail"}),
        refused("a trusted seal where no sealer is trusted", listed, record={"evidence.arc.result": "pass"}),
        Row("a message without a chain starts one", signed, ["spf=none", "dkim=pass", PASS_GOOD],
            variant="arc", present=[b"ARC-Seal: i=1; ", b"cv=none;", b"arc=none smtp.remote-ip="],
            absent=[b"i=2;"], chain="pass"),
        Row("a broken chain is sealed as broken", lambda k: listed(k) + b"more\r\n", changed, variant="arcopen",
            present=[b"ARC-Seal: i=2; ", b"cv=fail;", b"arc=fail reason="], chain="fail|ended"),
        Row("results in our name go, and the seal still holds",
            lambda k: plain(headers=["Authentication-Results: mx.lab.example; dmarc=pass"]),
            ["spf=pass", "dkim=none", PASS_GOOD], variant="arc", **FROM_GOOD, chain="pass"),
        Row("a signed body of 2 MB is sealed", lambda k: signed(k, body=(b"0123456789" * 7 + b"\r\n") * 29200),
            ["spf=none", "dkim=pass", PASS_GOOD], variant="arc", chain="pass"),
    ]


def author_rows():
    signed_idn = lambda k: signed(k, domain=IDN_A, author=f"Autor <a@{IDN_U}>")
    return [
        Row("an IDN author as U-label", signed_idn,
            ["spf=none", f"dkim=pass header.d={IDN_A}", f"dmarc=pass header.from={IDN_A}|{IDN_U}"],
            smtputf8=True,
            record={"judgement.domains.0.author_domain": IDN_A}),
        Row("an IDN author and signer as U-labels",
            lambda k: oddly_signed(k, domain=IDN_U, author=f"Autor <a@{IDN_U}>"),
            ["spf=none", f"dkim=pass header.d={IDN_A}|{IDN_U}", f"dmarc=pass header.from={IDN_A}|{IDN_U}"],
            smtputf8=True),
        Row("an IDN author as A-label", lambda k: signed(k, domain=IDN_A, author=f"a@{IDN_A}"),
            ["spf=none", f"dkim=pass header.d={IDN_A}", f"dmarc=pass header.from={IDN_A}"]),
        Row("comments and quoted strings around the author",
            lambda k: plain('"Good, Inc. <x@attack.example>" (by (x@attack.example)) '
                            '< ann (c) @ good . example >'),
            ["spf=pass smtp.mailfrom=good.example", "dkim=none", PASS_GOOD], **FROM_GOOD),
        Row("a quoted local part with an at sign", lambda k: plain('"x@attack.example"@good.example'),
            ["spf=pass", "dkim=none", PASS_GOOD], **FROM_GOOD),
        Row("a group with one author", lambda k: plain("Team: ann@good.example;"),
            ["spf=pass", "dkim=none", PASS_GOOD],
            **FROM_GOOD),
        Row("two authors of one domain", lambda k: plain("a@good.example, b@good.example"),
            ["spf=pass", "dkim=none", PASS_GOOD], **FROM_GOOD),
        Row("a display name does not make an author",
            lambda k: signed(k, domain="attack.example", author='"ceo@good.example" <x@attack.example>'),
            ["spf=pass", "dkim=pass header.d=attack.example", "dmarc=pass header.from=attack.example"],
            **FROM_ATTACKER),
        Row("an encoded display name does not make an author",
            lambda k: plain("=?utf-8?q?ceo=40good=2Eexample?= <x@attack.example>"),
            ["spf=pass", "dkim=none", "dmarc=pass header.from=attack.example"], **FROM_ATTACKER),
    ]


def dns_rows():
    rows = [
        Row("no name server answers", signed,
            ["spf=temperror smtp.mailfrom=good.example", "dkim=temperror",
             "dmarc=temperror header.from=good.example"],
            variant="down", **FROM_GOOD,
            record={"judgement.action": "accept", "judgement.disposition": "none"}),
        Row("a slow name server is waited for", lambda k: plain("a@slow.example"),
            ["spf=pass smtp.mailfrom=slow.example", "dkim=none", "dmarc=pass header.from=slow.example"],
            variant="open",
            ip=GOOD_IP, mail_from="a@slow.example"),
        Row("SERVFAIL for SPF beside a DKIM pass",
            lambda k: signed(k, domain="spffail.example", author="a@spffail.example"),
            ["spf=temperror smtp.mailfrom=spffail.example", "dkim=pass",
             "dmarc=pass header.from=spffail.example"],
            variant="open", mail_from="a@spffail.example"),
        Row("SERVFAIL for a key beside an SPF pass",
            lambda k: signed(k, domain="keyfail.example", author="a@keyfail.example"),
            ["spf=pass", "dkim=temperror", "dmarc=pass header.from=keyfail.example"], variant="open",
            ip=GOOD_IP,
            mail_from="a@keyfail.example"),
        Row("SERVFAIL for the author domain does not fall back on its organization",
            lambda k: plain("a@half.none.example"),
            [*NOBODY, "dmarc=temperror header.from=half.none.example"], variant="open"),
        Row("a silent name server for the policy", lambda k: plain("a@silent.example"),
            [*NOBODY, "dmarc=temperror header.from=silent.example"], variant="open"),
    ]
    failing = {
        "the policy": ("polfail.example", lambda k: plain("a@polfail.example"), {},
                       ["spf=none", "dkim=none"]),
        "SPF": ("spffail.example", lambda k: plain("a@spffail.example"), {"mail_from": "a@spffail.example"},
                ["spf=temperror", "dkim=none"]),
        "the key": ("keyfail.example",
                    lambda k: signed(k, domain="keyfail.example", author="a@keyfail.example"), {},
                    ["spf=none", "dkim=temperror"]),
    }
    for what, (domain, build, options, results) in failing.items():
        rows.append(Row(f"SERVFAIL for {what}, let through", build,
                        [*results, f"dmarc=temperror header.from={domain}"],
                        variant="open", **options,
                        record={"judgement.result": "temperror", "judgement.action": "accept"}))
        rows.append(Row(f"SERVFAIL for {what}, put off", build, None, variant="tempfail", code=451,
                        says=domain, **options,
                        record={"judgement.result": "temperror", "judgement.action": "tempfail"}))
    return rows


def size_rows():
    big_body = (b"0123456789" * 7 + b"\r\n") * 29200
    return [
        Row("8-bit octets in a header field", lambda k: signed(k, subject=b"gr\xfc\xdfe"),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        refused("forged, behind a header field of 100 KB", lambda k: plain(headers=[_long_field(1300)]),
                spoof=True),
        Row("a header field of 100 KB", lambda k: signed(k, headers=[_long_field(1300)]),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("500 header fields", lambda k: signed(k, headers=[f"X-Field-{n}: {n}" for n in range(500)]),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("a header over every limit is never a pass by what was cut off",
            lambda k: oddly_signed(k, domain="attack.example", author="x@attack.example",
                                   headers=[_long_field(700)] * 55 + ["From: ceo@good.example"]),
            None, code=550, **FROM_ATTACKER, spoof=True),
        Row("a signed body of 2 MB", lambda k: signed(k, body=big_body),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("an empty body", lambda k: signed(k, body=b""), ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("an empty body, simple", lambda k: signed(k, body=b"", canonicalization=("simple", "simple")),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("a body with bare LF line ends", lambda k: _bare_lf(signed(k)),
            ["spf=none", "dkim=pass", PASS_GOOD]),
        Row("twelve signatures, the aligned one last", lambda k: _many_signatures(k),
            ["spf=none", "dkim=*", PASS_GOOD]),
    ]


def _long_field(lines):
    """A folded field of about 77 octets a line. Postfix keeps up to header_size_limit of a field, 102,400 by
    default."""
    return "X-Long:" + "".join(f"\r\n word-{n:05d}-" + "x" * 63 for n in range(lines))


def _bare_lf(message):
    head, _, body = message.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + body.replace(b"\r\n", b"\n")


def _many_signatures(keys):
    message = signed(keys)
    for number in range(11):
        message = _signature_of(oddly_signed(keys, domain=f"other{number}.example")) + message
    return message


def gateway_rows():
    return (authenticated_rows() + refused_rows() + policy_rows() + tree_walk_rows()
            + trust_rows() + arc_rows() + author_rows() + dns_rows() + size_rows())
