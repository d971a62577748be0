"""Verifies a message's DKIM signature by dkimpy: verify_dkim.py MESSAGE KEY-RECORD NAME; prints pass or fail."""

import sys
from pathlib import Path

import dkim

message, record, name = sys.argv[1:]
KEYS = {name.encode() + b".": Path(record).read_bytes()}
passed = dkim.verify(Path(message).read_bytes(), dnsfunc=lambda asked, timeout=5: KEYS.get(asked))
print("pass" if passed else "fail")
