"""ARC by dkimpy, at the other end of a test.

    arc_by_dkimpy.py verify MESSAGE ZONE                             prints the chain validation status
    arc_by_dkimpy.py sign MESSAGE KEY DOMAIN SELECTOR AUTHSERV-ID    prints the message with one more set

ZONE has a name, a tab and a TXT record on each line.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "support"))

from lab import arc  # noqa: E402


def verify(message, zone):
    keys = dict(line.split(b"\t", 1) for line in Path(zone).read_bytes().splitlines())
    return arc.chain_status(Path(message).read_bytes(), keys).encode() + b"\n"


def sign(message, key, domain, selector, authserv_id):
    return arc.seal(Path(message).read_bytes(), Path(key).read_bytes(), domain, selector, authserv_id)


command, *arguments = sys.argv[1:]
sys.stdout.buffer.write({"verify": verify, "sign": sign}[command](*arguments))
