"""The rows of attacks: mail that names good.example as its author and comes from somebody else, written so that two
programs on its way may read it differently, or read it as more than it says.

The attacker has a domain of its own with SPF and DKIM in order, publishes any name in it, and sends any octets. The
table has every case of "Composition Kills" (Chen, Paxson, Jiang; USENIX Security 2020), in its published tool
numbered 1 to 19 (shown here in square brackets), what advisories against other verifiers tell, and more of the same.
"""

from gateway_rows import FROM_ATTACKER, PASS_GOOD, Row, refused
from lab.zones import ATTACKER_IP, ATTACKER_SELECTOR
from messages import BODY, oddly_signed, plain, signed

AUTHOR = "ceo@good.example"

# What stands above or in From, in a message that attack.example has signed.
SPOOFS = {
    "two From fields, the victim first": {"front": ["From: ceo@good.example"], "author": "x@attack.example"},
    "two From fields, the victim last": {"headers": ["From: ceo@good.example"], "author": "x@attack.example"},  # [8]
    "two From fields, one in odd case": {"front": ["fROM: ceo@good.example"], "author": "x@attack.example"},
    "two From fields, one with a blank before the colon": {"front": ["From : ceo@good.example"],
                                                           "author": "x@attack.example"},
    "two From fields, the victim's with a blank before the colon": {  # [10]
        "headers": ["From : ceo@good.example"], "author": "x@attack.example"},
    "two From fields, one with a tab before the colon": {"front": ["From\t: ceo@good.example"],
                                                         "author": "x@attack.example"},
    "two From fields, one empty": {"front": ["From:"], "author": "x@attack.example"},
    "two equal From fields": {"front": ["From: ceo@good.example"], "author": "ceo@good.example"},
    # Postfix begins the body at a line that is no header field, so that the next three have no From at all.
    "the first From of two folded before its colon": {"front": ["From\r\n : x@attack.example"],  # [11]
                                                      "author": AUTHOR},
    "a From folded before its colon and a Sender": {  # [12]
        "front": ["From\r\n : x@attack.example", "Sender: ceo@good.example"], "author": None},
    "a From folded before its colon and a Resent-From": {  # [13]
        "front": ["From\r\n : x@attack.example", "Resent-From: ceo@good.example"], "author": None},
    "two authors in one From": {"author": "ceo@good.example, x@attack.example"},  # [18]
    "two authors in one From, the other way round": {"author": "x@attack.example, <ceo@good.example>"},  # [14]
    "two authors in one From, the one encoded": {  # [15]
        "author": "=?utf-8?b?PGNlb0Bnb29kLmV4YW1wbGU+?=,<x@attack.example>"},
    "two authors, the comma quoted": {"author": "<ceo@good.example>\\,<x@attack.example>"},  # [17]
    "two authors in a group": {"author": "Board: ceo@good.example, x@attack.example;"},
    "two authors around an empty entry": {"author": "x@attack.example,,ceo@good.example"},
    "two addresses without a comma": {"author": "<ceo@good.example> <x@attack.example>"},
    "text behind the address": {"author": "<ceo@good.example>x@attack.example"},
    "the victim behind the address": {"author": "<x@attack.example>ceo@good.example"},  # [19]
    "a semicolon between two authors": {"author": "ceo@good.example;x@attack.example"},
    "a route through the attacker": {"author": "<@attack.example,@any.example:ceo@good.example>"},  # [16]
    "two at signs": {"author": "x@attack.example@good.example"},
    "two at signs, the attacker last": {"author": "ceo@good.example@attack.example"},
    "the attacker in a comment": {"author": "ceo@good.example (x@attack.example)"},
    "the attacker in a comment inside the address": {"author": "ceo@(x@attack.example)good.example"},
    "the attacker in the display name": {"author": '"x@attack.example" <ceo@good.example>'},
    "the attacker in a quoted local part": {"author": '"x <a@attack.example>"@good.example'},
    "quotes and a comma in the display name": {"author": '"\\"Acme, Inc.\\"" <ceo@good.example>'},
    "an address for a display name": {"author": "x@attack.example <ceo@good.example>"},
    "an open comment": {"author": "(x@attack.example ceo@good.example"},
    "an open comment inside the address": {"author": "<ceo@good.example(a.attack.example>"},
    "an open quote": {"author": '"x@attack.example <ceo@good.example>'},
    "a quote inside the domain": {"author": "ceo@good.example'a.attack.example"},
    "a closing bracket in the domain": {"author": "<ceo@good.example>.attack.example>"},
    "a closing bracket without an opening one": {"author": "ceo@good.example>"},
    "a blank inside the domain": {"author": "ceo@good.example .attack.example x"},
    "a folded From": {"author": b"\r\n ceo@good.example"},
    "a From folded inside the address": {"author": b"<ceo@\r\n good.\r\n example>"},
    "a trailing dot": {"author": "ceo@good.example."},
    "an upper case domain": {"author": "CEO@GOOD.EXAMPLE"},
    "an address literal": {"author": "ceo@[192.0.2.66]"},
    "an address literal that holds a name": {"author": "ceo@[good.example]"},
    "no domain": {"author": "ceo"},
    "no address": {"author": '"ceo@good.example"'},
    "an address that is encoded": {"author": "=?utf-8?q?ceo=40good=2Eexample?="},
    "an empty From": {"author": ""},
    "no From": {"author": None},
    "an empty group": {"author": "undisclosed:;"},
    "a Sender beside a forged From": {"author": AUTHOR, "headers": ["Sender: x@attack.example"]},
    "a Resent-From beside a forged From": {"author": AUTHOR, "front": ["Resent-From: x@attack.example"]},
    "too many author domains": {"author": "x@attack.example, " + ", ".join(f"a@many{n}.example"
                                                                         for n in range(12))},
    "8-bit octets in the domain": {"author": b"ceo@good.example\xff.attack.example"},
    "a NUL behind the victim's domain": {"author": b"ceo@good.example\0.attack.example"},
    "a bare CR between two From fields": {"author": b"x@attack.example\rFrom: ceo@good.example"},
    "results in our name": {"author": AUTHOR, "front": [
        "Authentication-Results: mx.lab.example; dmarc=pass header.from=good.example"]},
}


def from_rows():
    """Each spoof once refused and once only watched."""
    # [9] At a first line that begins with a blank Postfix begins the body: there is no From.
    rows = [Row("spoof: a blank before the first From of two",
                lambda k: plain(AUTHOR, front=[" From: x@attack.example"]), None, code=550, **FROM_ATTACKER,
                spoof=True)]
    for name, options in SPOOFS.items():
        build = lambda k, o=options: oddly_signed(k, domain="attack.example",
                                                  sign_headers=["From", "To", "Subject"], **o)
        rows.append(Row(f"spoof: {name}", build, None, code=550, **FROM_ATTACKER, spoof=True))
        rows.append(Row(f"spoof, only watched: {name}", build,
                        ["spf=pass smtp.mailfrom=attack.example", "dkim=*", "dmarc=fail|permerror|none"],
                        variant="monitor", **FROM_ATTACKER, spoof=True))
    return rows


# MAIL FROM as it stands between the angle brackets. The attacker's address passes SPF for attack.example and for
# names below it, and HELO is attack.example.
SENDERS = {
    "a subdomain in MAIL FROM that is not there": "any@mailfrom.notexist.good.example",  # [1]
    "an open comment for MAIL FROM": "(any@good.example",  # [2]
    "an open comment in the domain of MAIL FROM": "any@good.example(a.attack.example",  # [5]
    "a closed comment in the domain of MAIL FROM": "any@good.example(a).attack.example",
    "a quote and two at signs in MAIL FROM": "any@good.example'@any.attack.example",  # [6]
    "a route and a quote in MAIL FROM": "@good.example,@any.example:'any@attack.example",  # [7]
    "a route through the victim in MAIL FROM": "@good.example:x@attack.example",
    "the victim in a quoted local part of MAIL FROM": '"ceo@good.example"@attack.example',
    "a bracket in a quoted local part of MAIL FROM": '"ceo@good.example>"@attack.example',
    "two at signs in MAIL FROM": "ceo@good.example@attack.example",
    "two at signs in MAIL FROM, the victim last": "x@attack.example@good.example",
    "the victim before a percent sign in MAIL FROM": "ceo%good.example@attack.example",
    "the victim before an exclamation mark in MAIL FROM": "good.example!ceo@attack.example",
    "a trailing dot in MAIL FROM": "x@attack.example.",
    "an address literal in MAIL FROM": "ceo@[192.0.2.66]",
    "no domain in MAIL FROM": "ceo",
    "a blank in the domain of MAIL FROM": "ceo@good.example .attack.example",
    "results in MAIL FROM": '"x; dmarc=pass header.from=good.example"@attack.example',
    "MAIL FROM of a name that ends as the victim's": "x@notgood.example",
    "MAIL FROM of the public suffix": "x@example",
}
# Postfix answers these itself, as its syntax of MAIL FROM has no such thing; ODD sends them past it.
REFUSED_BY_POSTFIX = {
    "a quote in the domain of MAIL FROM": "any@good.example'a.attack.example",
    "two addresses in MAIL FROM": "x@attack.example,ceo@good.example",
}
# HELO, where MAIL FROM is empty.
HELLOS = {
    "the victim's name in HELO, and no sender": "good.example",
    "the attacker's name in HELO, and no sender": "attack.example",
    "a comment in HELO, and no sender": "attack.example(good.example",
    "results in HELO, and no sender": "attack.example;dmarc=pass",
}
LOOK_ALIKE_SENDERS = {
    "full-width letters in MAIL FROM": "ceo@\uff47ood.example",
    "an ideographic full stop in MAIL FROM": "ceo@good.example\u3002attack.example",
    "a soft hyphen in MAIL FROM": "ceo@go\u00adod.example",
}


def envelope_rows():
    # Postfix hands all of these on as they are; SPF is asked for what stands behind the last at sign.
    rows = [refused(f"spoof: {name}", lambda k: plain(AUTHOR), ip=ATTACKER_IP, helo="attack.example",
                    mail_from=sender, spoof=True, record={"evidence.spf.0.domain": domain_of(sender)})
            for name, sender in SENDERS.items()]
    rows += [Row(f"spoof: {name}", lambda k: plain(AUTHOR), None, ip=ATTACKER_IP, mail_from=sender, code=501,
                 by_postfix=True)
             for name, sender in REFUSED_BY_POSTFIX.items()]
    rows += [refused(f"spoof: {name}", lambda k: plain(AUTHOR), ip=ATTACKER_IP, helo=helo, mail_from="",
                     spoof=True)
             for name, helo in HELLOS.items()]
    rows += [refused(f"spoof: {name}", lambda k: plain(AUTHOR), ip=ATTACKER_IP, helo="attack.example",
                     mail_from=sender, smtputf8=True, spoof=True)
             for name, sender in LOOK_ALIKE_SENDERS.items()]
    return rows


def domain_of(sender):
    return sender.rpartition("@")[2].rstrip(".") if "@" in sender else ""


# Tags of a signature by the attacker's key over a From of good.example, and the verdicts that it may get. The key
# is published wherever the tags would have it looked for, where that is not the victim's own name.
EVIL = f"{ATTACKER_SELECTOR}._domainkey.attack.example"
SYNTAX = "permerror|neutral"
SIGNATURES = {
    "a quote in d=": ({"d": "good.example'a.attack.example"}, SYNTAX),  # [4]
    "an open comment in d=": ({"d": "good.example(.attack.example"}, SYNTAX),
    "a double quote in d=": ({"d": 'good.example"=(.attack.example'}, SYNTAX),
    "a NUL in d=": ({"d": "good.example\0.attack.example"}, SYNTAX),
    "a blank in d=": ({"d": "good.example .attack.example"}, SYNTAX),
    "a fold in d=": ({"d": "good.example\r\n .attack.example"}, SYNTAX),
    "a comma in d=": ({"d": "good.example,attack.example"}, SYNTAX),
    "a slash in d=": ({"d": "good.example/attack.example"}, SYNTAX),
    "an address in d=": ({"d": "ceo@good.example"}, SYNTAX),
    "an empty d=": ({"d": ""}, SYNTAX),
    "a dot before d=": ({"d": ".good.example"}, SYNTAX),
    "d= twice": ({"d": "attack.example; d=good.example"}, SYNTAX),  # RFC 6376 3.2
    "d= twice, the victim first": ({"d": "good.example; d=attack.example"}, SYNTAX),
    "d= of a name that ends as the victim's": ({"d": "notgood.example"}, "pass"),
    "d= of the public suffix": ({"d": "example"}, "pass|permerror"),  # RFC 7489 3.2: no organizational domain
    "d= of the victim below the attacker": ({"d": "good.example.attack.example"}, "pass"),
    "full-width letters in d=": ({"d": "\uff47ood.example"}, "permerror"),  # no such key of good.example
    "an ideographic full stop in d=": ({"d": "good.example\u3002attack.example"}, "pass|" + SYNTAX),
    "a NUL in s=": ({"d": "good.example", "s": f"{EVIL}.\0.any"}, SYNTAX),  # [3]
    "a NUL at the end of s=": ({"d": "good.example", "s": f"{EVIL}\0"}, SYNTAX),
    "a dot at the end of s=": ({"d": "good.example", "s": f"{EVIL}."}, SYNTAX),
    "a blank in s=": ({"d": "good.example", "s": f"{EVIL} x"}, SYNTAX),
    "a fold in s=": ({"d": "good.example", "s": f"{EVIL}.\r\n x"}, SYNTAX),
    "a number sign in s=": ({"d": "good.example", "s": f"{EVIL}#"}, SYNTAX),
    "a slash in s=": ({"d": "good.example", "s": f"{EVIL}/"}, SYNTAX),
    "a backslash in s=": ({"d": "good.example", "s": EVIL.replace(".", "\\.")}, SYNTAX),
    "the attacker's name in s=": ({"d": "good.example", "s": EVIL}, "permerror"),
    "an s= that fills the name": ({"d": "good.example", "s": ".".join([EVIL] + ["a" * 60] * 4)}, SYNTAX),
    "an empty s=": ({"d": "good.example", "s": ""}, SYNTAX),
    "i= of the victim": ({"d": "attack.example", "i": "ceo@good.example"}, SYNTAX),  # RFC 6376 6.1.1
    "i= of the victim below the attacker": ({"d": "attack.example", "i": "@good.example.attack.example"}, "pass"),
    "two at signs in i=": ({"d": "attack.example", "i": "ceo@good.example@attack.example"}, "pass|" + SYNTAX),
    "the victim quoted in i=": ({"d": "attack.example", "i": '"ceo@good.example"@attack.example'},
                                "pass|" + SYNTAX),
    "the victim encoded in i=": ({"d": "attack.example", "i": "ceo=40good.example@attack.example"},
                                 "pass|" + SYNTAX),
    "a NUL in i=": ({"d": "attack.example", "i": "ceo@good.example\0@attack.example"}, SYNTAX),
    "results in i=": ({"d": "attack.example", "i": "x(dmarc=pass@attack.example"}, "pass|" + SYNTAX),
}


def signature_rows():
    return [refused(f"spoof: {name}",
                    lambda k, t=tags: oddly_signed(k, author=AUTHOR, key=k.other, domain="", tags=t,
                                                   selector=ATTACKER_SELECTOR),
                    [verdict], **FROM_ATTACKER, spoof=True)
            for name, (tags, verdict) in SIGNATURES.items()]


# What is done to a message that good.example has signed; the signature covers each field once.
REPLAYS = {
    "a From put above": lambda m: b"From: x@attack.example\r\n" + m,
    "a From put below": lambda m: m.replace(b"\r\n\r\n", b"\r\nFrom: x@attack.example\r\n\r\n", 1),
    "a From with a blank before the colon put above": lambda m: b"X: y\r\nFrom : x@attack.example\r\n" + m,
    "the From replaced": lambda m: m.replace(b"Ann <ann@", b"The boss <ceo@"),
    "the Subject replaced": lambda m: m.replace(b"A message", b"B message"),
    "the Subject taken away": lambda m: m.replace(b"Subject: A message\r\n", b""),
    "a Subject put below": lambda m: m.replace(b"\r\n\r\n", b"\r\nSubject: Pay now\r\n\r\n", 1),
    "the body replaced": lambda m: m.replace(BODY, b"Send money.\r\n"),
    "text put behind the body": lambda m: m + b"Send money.\r\n",
    "text put before the body": lambda m: m.replace(b"\r\n\r\n", b"\r\n\r\nSend money.\r\n", 1),
    "the signature given to another domain": lambda m: m.replace(b"d=good.example", b"d=sub.good.example"),
}


def replay_rows():
    rows = [Row(f"spoof: a replay with {name}", lambda k, c=change: c(oddly_signed(k)), None, code=550,
                **FROM_ATTACKER, spoof=True)
            for name, change in REPLAYS.items()]
    twice = ["From", "From", "To", "To", "Subject", "Subject", "Date"]
    passed = ["spf=pass smtp.mailfrom=attack.example", "dkim=pass header.d=good.example", PASS_GOOD]
    return [
        *rows,
        # RFC 6376 8.15 leaves fields that a signer has not signed twice to the reader: they name no author.
        Row("a replay with a second Subject passes, as it was signed once",
            lambda k: b"Subject: Pay now\r\n" + oddly_signed(k), passed, **FROM_ATTACKER),
        # A first line that begins as the separator of mailbox files becomes X-Mailbox-Line in Postfix.
        Row("a replay with a first line that Postfix takes for a mailbox line passes, and is no From",
            lambda k: b"From : x@attack.example\r\n" + oddly_signed(k), passed, **FROM_ATTACKER,
            present=[b"\nX-Mailbox-Line: From : x@attack.example\n"]),
        Row("a replay with a Sender and a Resent-From passes, as they are no author",
            lambda k: b"Sender: x@attack.example\r\nResent-From: x@attack.example\r\n" + oddly_signed(k), passed,
            **FROM_ATTACKER),
        refused("spoof: a replay with a second Subject where two are signed",
                lambda k: b"Subject: Pay now\r\n" + oddly_signed(k, sign_headers=twice), ["fail"],
                **FROM_ATTACKER, spoof=True),
        refused("spoof: a replay with a second To where two are signed",
                lambda k: b"To: you@lab.example\r\n" + oddly_signed(k, sign_headers=twice), ["fail"],
                **FROM_ATTACKER, spoof=True),
        refused("spoof: a replay behind l=0",
                lambda k: oddly_signed(k, body_octets=0).replace(BODY, b"Send money.\r\n"), ["pass"],
                **FROM_ATTACKER, spoof=True, record={"evidence.dkim.0.domain": "good.example"}),
        refused("spoof: l= past the end of the body", lambda k: oddly_signed(k, tags={"l": "9999"}),
                ["fail|permerror"], **FROM_ATTACKER, spoof=True),
        refused("spoof: a broken signature of the victim above a good one of the attacker",
                lambda k: _top(signed(k, body=b"Other.\r\n")) + _evil(k), ["fail", "pass"], **FROM_ATTACKER,
                spoof=True),
        refused("spoof: a broken signature of the victim below a good one of the attacker",
                lambda k: _evil(k, headers=[_top(signed(k, body=b"Other.\r\n")).rstrip(b"\r\n")]),
                ["pass", "fail"], **FROM_ATTACKER, spoof=True),
        refused("spoof: a signature that covers no From", lambda k: oddly_signed(k, sign_headers=["To"]), [SYNTAX],
                **FROM_ATTACKER, spoof=True),
    ]


def _top(message):
    """The DKIM-Signature field on top of a message."""
    return message[:message.index(b"\r\nFrom:") + 2]


def _evil(keys, **options):
    return oddly_signed(keys, author=AUTHOR, key=keys.other, domain="attack.example", selector=ATTACKER_SELECTOR,
                        **options)


# Authors that look like good.example. Those that IDNA (UTS 46) maps to it are good.example, and others are somebody
# else, of whom header.from shows the A-label.
CYRILLIC = "go\u043ed.example"
LOOK_ALIKES = {
    "full-width letters in From": "ceo@\uff47ood.example",
    "an ideographic full stop in From": "ceo@good\u3002example",
    "a soft hyphen in From": "ceo@go\u00adod.example",
    "a zero-width space in From": "ceo@go\u200bod.example",
    "a right-to-left mark in From": "ceo@good.example\u200f",
    "an A-label that is none in From": "ceo@xn--a.good.example",
}


def look_alike_rows():
    rows = [Row(f"spoof: {name}", lambda k, a=author: plain(f"Boss <{a}>"), None, code=550, smtputf8=True,
                **FROM_ATTACKER, spoof=True)
            for name, author in LOOK_ALIKES.items()]
    return [
        *rows,
        # Postfix ends a line at a NUL, so that what is judged is what is delivered.
        Row("a NUL between two authors ends the field", lambda k: plain(b"x@attack.example\0, ceo@good.example"),
            ["spf=pass", "dkim=none", "dmarc=pass header.from=attack.example"], **FROM_ATTACKER,
            absent=[b"good.example"]),
        Row("spoof: a Cyrillic letter in From is another domain", lambda k: plain(f"ceo@{CYRILLIC}"),
            ["spf=pass", "dkim=none", f"dmarc=none header.from={CYRILLIC.encode('idna').decode()}"], smtputf8=True,
            **FROM_ATTACKER, spoof=True),
    ]


# What no MTA passes on, straight to the milter: (lines of the header, envelope).
FORGED = b"From: ceo@good.example"
ODD = {
    "a NUL behind the victim in From": ([b"From: ceo@good.example\0.attack.example"], {}),
    "a line feed inside From": ([b"From: x@attack.example\nFrom: ceo@good.example"], {}),
    "a line feed and a blank inside From": ([b"From: x@attack.example,\n ceo@good.example"], {}),
    "a carriage return inside From": ([b"From: x@attack.example\rFrom: ceo@good.example"], {}),
    "a quote in the domain of MAIL FROM, past Postfix": (
        [FORGED], {"mail_from": b"any@good.example'a.attack.example"}),
    "two addresses in MAIL FROM, past Postfix": ([FORGED], {"mail_from": b"x@attack.example,ceo@good.example"}),
    "a From whose name is folded": ([b"From\r\n : x@attack.example", FORGED], {}),
    "a From whose name ends in a NUL": ([b"From\0: x@attack.example", FORGED], {}),
    "a NUL in MAIL FROM": ([FORGED], {"mail_from": b"ceo@good.example\0.attack.example"}),
    "a NUL before the attacker in MAIL FROM": ([FORGED], {"mail_from": b"ceo@good.example\0@attack.example"}),
    "a line end in MAIL FROM": ([FORGED], {"mail_from": b"x@attack.example\r\nFrom: y@attack.example"}),
    "an open bracket in MAIL FROM": ([FORGED], {"mail_from": b"ceo@good.example> <x@attack.example"}),
    "a line end in HELO": ([FORGED], {"helo": b"attack.example\r\nAuthentication-Results: mx.lab.example; dmarc=pass",
                                      "mail_from": b""}),
    "results in HELO with blanks": ([FORGED], {"helo": b"attack.example; dmarc=pass header.from=good.example",
                                               "mail_from": b""}),
    "a NUL in HELO": ([FORGED], {"helo": b"good.example\0.attack.example", "mail_from": b""}),
    "8-bit octets in MAIL FROM": ([FORGED], {"mail_from": b"ceo@good.example\xff.attack.example"}),
}


def odd_rows():
    """Octets that no MTA passes on, straight to the milter."""
    rows = []
    for name, (lines, envelope) in ODD.items():
        build = lambda k, l=lines: b"\r\n".join([*l, b"To: user@lab.example"]) + b"\r\n\r\n" + BODY
        options = {"ip": ATTACKER_IP, "mail_from": b"x@attack.example", "helo": b"attack.example", **envelope}
        rows.append(Row(f"spoof: {name}", build, None, code=550, direct=True, **options, spoof=True))
    return rows


def attack_rows():
    return (from_rows() + envelope_rows() + signature_rows() + replay_rows() + look_alike_rows() + odd_rows())
