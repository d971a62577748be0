"""ARC by dkimpy, an implementation that shares nothing with the one under test.

    arc_by_dkimpy.py verify MESSAGE ZONE              prints the chain validation status
    arc_by_dkimpy.py sign MESSAGE KEY DOMAIN SELECTOR AUTHSERV-ID    prints the message with one more set

ZONE has a name, a tab and a TXT record on each line. What is sealed is the message's Authentication-Results
field of AUTHSERV-ID, which must be one line of methods without quoted strings.
"""

import sys
import types
from pathlib import Path


class Results:
    """As much of python3-authres as dkimpy asks for."""

    def __init__(self, text):
        identifier, *methods = text.split(":", 1)[1].split(";")
        self.authserv_id = identifier.strip()
        self.results = [types.SimpleNamespace(method=name.strip(), result=rest.split()[0])
                        for name, _, rest in (method.partition("=") for method in methods)]

    @classmethod
    def parse(cls, text):
        return cls(text)


authres = types.ModuleType("authres")
authres.AuthenticationResultsHeader = Results
authres.core = types.SimpleNamespace(SyntaxError=SyntaxError)
sys.modules["authres"] = authres

import dkim  # noqa: E402


def verify(message, zone):
    keys = dict(line.split(b"\t", 1) for line in Path(zone).read_bytes().splitlines())
    status, _, _ = dkim.arc_verify(Path(message).read_bytes(),
                                        dnsfunc=lambda name, timeout=5: keys.get(name.rstrip(b".")))
    return (status or b"ended") + b"\n"


def sign(message, key, domain, selector, authserv_id):
    octets = Path(message).read_bytes()
    fields = dkim.arc_sign(octets, selector.encode(), domain.encode(), Path(key).read_bytes(),
                           authserv_id.encode(), include_headers=[b"from", b"to", b"subject", b"date"])
    return b"".join(field.rstrip(b"\r\n") + b"\r\n" for field in fields) + octets


command, *arguments = sys.argv[1:]
sys.stdout.buffer.write({"verify": verify, "sign": sign}[command](*arguments))
