#!/usr/bin/python3
"""Writes the SPF test suite (rfc7208-tests.yml, perhaps gzipped) as JSON.

    spf_suite_to_json.py SUITE.yml[.gz] OUT.json

The output is a list of scenarios:

    {"description": "...",
     "zone": {NAME: [{"type": "A", "value": ...} | "TIMEOUT", ...]},
     "tests": [{"id", "helo", "host", "mailfrom", "results": [...]}]}

Names are lower case. The value of TXT is a list of character-strings, of MX [preference, host], else text. A character
of a value is one octet (U+0000 to U+00FF). The suite's conventions are worked out here: records of type SPF stand for
TXT where a name has no TXT ("TXT: NONE" is one, and makes none). "TIMEOUT" is for every type that the name has no
record of. A name may have an empty list: it exists.
"""
import gzip
import json
import sys

import yaml


def strings(value):
    return value if isinstance(value, list) else [value]


def entries(records):
    has_txt = any(isinstance(r, dict) and "TXT" in r for r in records)
    out = []
    for record in records:
        if record == "TIMEOUT":
            out.append(record)
            continue
        ((kind, value),) = record.items()
        if kind == "SPF" and not has_txt or kind == "TXT" and value != "NONE":
            out.append({"type": "TXT", "value": [str(s) for s in strings(value)]})
        elif kind == "MX":
            out.append({"type": "MX", "value": [int(value[0]), str(value[1])]})
        elif kind not in ("SPF", "TXT"):
            out.append({"type": kind, "value": str(value)})
    return out


def test(name, case):
    return {
        "id": name,
        "helo": str(case["helo"]),
        "host": str(case["host"]),
        "mailfrom": str(case["mailfrom"]),
        "results": strings(case["result"]),
    }


def scenario(document):
    return {
        "description": document["description"],
        "zone": {str(name).lower(): entries(records) for name, records in document["zonedata"].items()},
        "tests": [test(name, case) for name, case in document["tests"].items()],
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    opener = gzip.open if sys.argv[1].endswith(".gz") else open
    with opener(sys.argv[1], "rt", encoding="utf-8") as source:
        scenarios = [scenario(document) for document in yaml.safe_load_all(source) if document]
    with open(sys.argv[2], "w", encoding="ascii") as out:
        json.dump(scenarios, out, indent=1)


main()
