#!/usr/bin/python3
"""Writes the messages of the end-to-end table (tests/integration/gateway_rows.py and attack_rows.py) into a folder,
signed with keys made for the occasion, for compare_verdicts.py to play.

    write_corpus.py FOLDER
"""

import argparse
import re
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "integration")]

import corpus  # noqa: E402
from attack_rows import attack_rows  # noqa: E402
from gateway_rows import gateway_rows  # noqa: E402
from lab.zones import SERVFAIL, Keys, lab_zone  # noqa: E402


def write(folder):
    """One message for each row; a row that differs from another only in the gateway's settings is left out, and
    so is one whose client has logged in, for that is not judged."""
    keys = Keys()
    mails = []
    for row in gateway_rows() + attack_rows():
        if row.login or row.name.startswith("spoof, only watched"):
            continue
        envelope = corpus.Envelope(row.name, row.ip, octets_as_text(row.helo), octets_as_text(row.mail_from))
        message = row.build(keys)
        mails.append((envelope, message if row.direct else as_received(message)))
    corpus.write(folder, lab_zone(keys).file(), SERVFAIL, mails)


def as_received(message):
    """An MTA makes CRLF of every line end before a milter sees it."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", message)


def octets_as_text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode().decode("latin-1")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
