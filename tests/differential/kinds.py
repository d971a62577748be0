"""The kinds of difference, as differences.toml names them, and which difference is of which kind.

A kind has a name, the section of the RFC that says who is right, who that is (Defender, they, or either), and one
sentence. `seen` says how it is recognised; all members of one entry must fit, and one entry that fits is enough:

    what            spf, dkim, dmarc or action
    ours, theirs    the two results: a regular expression over the whole of each
    record          {dotted path in the evidence that Defender has recorded: regular expression over the whole of the
                    value}; `*` is any element of a list
    header          a regular expression that is found in the message's header, lines begin at ^
    sender          a regular expression over the whole of the reverse-path
"""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("differences.toml")


@dataclass
class Difference:
    what: str
    ours: str
    theirs: str
    about: str = ""  # which signature, for dkim

    def __str__(self):
        return f"{self.what}: Defender {self.ours}, theirs {self.theirs}" + (f" ({self.about})" if self.about
                                                                           else "")


def load(file=FILE):
    with open(file, "rb") as stream:
        return tomllib.load(stream)["kind"]


def kind_of(difference, mail, evidence, kinds):
    """The name of the first kind that fits; None where none does."""
    for kind in kinds:
        if any(_fits(seen, difference, mail, evidence) for seen in kind["seen"]):
            return kind["name"]
    return None


def _fits(seen, difference, mail, evidence):
    head = mail.message.partition(b"\r\n\r\n")[0].decode("latin-1")
    return (seen["what"] == difference.what
            and re.fullmatch(seen["ours"], difference.ours) is not None
            and re.fullmatch(seen["theirs"], difference.theirs) is not None
            and re.fullmatch(seen.get("sender", ".*"), mail.envelope.mail_from) is not None
            and re.search(seen.get("header", ""), head, re.MULTILINE | re.IGNORECASE) is not None
            and all(any(re.fullmatch(pattern, _text(value)) for value in _at(evidence, path.split(".")))
                    for path, pattern in seen.get("record", {}).items()))


def _at(value, steps):
    """Every value at a path."""
    if not steps:
        return [value]
    if isinstance(value, list):
        chosen = value if steps[0] == "*" else value[int(steps[0]):int(steps[0]) + 1]
        return [found for element in chosen for found in _at(element, steps[1:])]
    return _at(value[steps[0]], steps[1:]) if isinstance(value, dict) and steps[0] in value else []


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)
