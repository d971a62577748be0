#!/usr/bin/python3
"""Writes the messages of the end-to-end table (tests/integration/gateway_rows.py and attack_rows.py) into a folder,
signed with keys made for the occasion, for compare_verdicts.py to play.

    write_corpus.py FOLDER
"""

import argparse
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
        envelope = corpus.Envelope(row.name, row.ip, _text(row.helo), _text(row.mail_from))
        mails.append((envelope, row.build(keys)))
    corpus.write(folder, lab_zone(keys).file(), SERVFAIL, mails)


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode().decode("latin-1")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
