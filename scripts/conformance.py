#!/usr/bin/python3
"""Makes docs/CONFORMANCE.md from tests/conformance/rules.toml and tests/differential/differences.toml.

    conformance.py [--suite FILE]           writes it
    conformance.py --check [--suite FILE]   fails where it is not what would be written

Either way it fails where a rule has no test, or a test that is named is not in the sources. FILE is the SPF
suite as scripts/fetch-spf-suite.sh makes it; without it, the names of its cases are not checked.
"""

import argparse
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RULES = ROOT / "tests/conformance/rules.toml"
DIFFERENCES = ROOT / "tests/differential/differences.toml"
PAGE = ROOT / "docs/CONFORMANCE.md"
STATES = ("kept", "by setting", "not kept")
MEMBERS = {"section", "rule", "tests", "state", "note", "peers"}

HEAD = """# Conformance

Which rules of the standards Defender keeps, and which tests prove it. This page is made by `scripts/conformance.py`
from `tests/conformance/rules.toml` and `tests/differential/differences.toml`; a test fails where they differ, or where a
test that is named here is not in the sources.

Tests are GoogleTests (`Suite.Name`, in `tests/unit` and `tests/conformance`), rows of `gateway_rows.py` and
`attack_rows.py` in `tests/integration` (`row:`, through a real Postfix and real DNS packets), scenarios and cases of the
published SPF suite (`spf:`), functions of the end-to-end suites (`e2e:`) and fuzz targets (`fuzz:`). What is said of other programs was seen in their issues,
advisories or code, in the versions of the time.
"""

PEERS = """\
## Where the verdicts differ from OpenDKIM and OpenDMARC

`tests/differential/compare_verdicts.py` plays messages at Defender and at Debian's OpenDKIM and OpenDMARC and compares the
results of SPF, DKIM and DMARC and what is done with each message. Every difference that it has found is of one of these
kinds; one that is of no kind fails the test `differential`. "Either" is right where the section leaves it open.

| Difference | Section | Right | Why |
| --- | --- | --- | --- |
"""


def gtests():
    """Every GoogleTest of the sources, as Suite.Name."""
    pattern = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
    return {f"{suite}.{name}" for file in ROOT.glob("tests/**/*_test.cpp")
            for suite, name in pattern.findall(file.read_text(encoding="utf-8"))}


def gateway_rows():
    """The names of the rows of the end-to-end tables."""
    sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/support")]
    import attack_rows as attacks  # both need the path
    import gateway_rows as gateway
    return {row.name for row in gateway.gateway_rows() + attacks.attack_rows()}


def spf_cases(suite):
    """Scenarios and cases of the SPF suite; None where it is not at hand."""
    if suite is None:
        return None
    scenarios = json.loads(Path(suite).read_text(encoding="ascii"))
    return ({scenario["description"] for scenario in scenarios}
            | {case["id"] for scenario in scenarios for case in scenario["tests"]})


def functions_of(name):
    """The functions of an end-to-end suite, as "FILE FUNCTION"."""
    file = ROOT / "tests/integration" / name
    if not file.exists():
        return set()
    return set(re.findall(r"^def (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE))


class Tests:
    """What can be named in the column of tests."""

    def __init__(self, suite):
        self._gtests = gtests()
        self._rows = gateway_rows()
        self._spf = spf_cases(suite)

    def has(self, name):
        kind, _, rest = name.partition(": ")
        if kind == "row":
            return rest in self._rows
        if kind == "spf":
            return self._spf is None or rest in self._spf
        if kind == "fuzz":
            return (ROOT / f"tests/fuzz/{rest}_fuzz.cpp").exists()
        if kind == "e2e":
            file, _, function = rest.partition(" ")
            return function in functions_of(file)
        return name in self._gtests


def problems_of(rule, tests):
    """What is wrong with one rule of the table."""
    where = f"{rule.get('section', '?')}: {rule.get('rule', '?')}"
    found = [f"{where}: has no member {name}" for name in ("section", "rule", "tests") if not rule.get(name)]
    found += [f"{where}: unknown member {name}" for name in rule.keys() - MEMBERS]
    if not re.fullmatch(r"RFC \d+ \d+(\.\d+)*", rule.get("section", "")):
        found.append(f"{where}: the section is not written as RFC 7208 4.6.4")
    if rule.get("state", "kept") not in STATES:
        found.append(f"{where}: state is none of {', '.join(STATES)}")
    if rule.get("state", "kept") != "kept" and not rule.get("note"):
        found.append(f"{where}: needs a note, as it is {rule['state']}")
    found += [f"{where}: there is no test {name}" for name in rule.get("tests", []) if not tests.has(name)]
    return found


def cell(text):
    return text.replace("|", "\\|")


def line(rule):
    state = rule.get("state", "kept")
    state += f": {rule['note']}" if rule.get("note") else ""
    tests = "<br>".join(f"`{name}`" for name in rule["tests"])
    return f"| {rule['section']} | {cell(rule['rule'])} | {cell(state)} | {cell(tests)} | {cell(rule.get('peers', ''))} |"


def peers(kinds):
    """The section of differences."""
    return PEERS + "".join(f"| {cell(kind['name'])} | {kind['section']} | {kind['right']} | {cell(kind['says'])} |\n"
                           for kind in kinds)


def page(parts, kinds):
    out = [HEAD]
    for part in parts:
        out += [f"## {part['title']}\n", "| Section | Rule | State | Tests | Others |",
                "| --- | --- | --- | --- | --- |"]
        out += [line(rule) for rule in part["rule"]] + [""]
    return "\n".join([*out, peers(kinds)])


def main():
    options = argparse.ArgumentParser(description="Makes docs/CONFORMANCE.md.")
    options.add_argument("--check", action="store_true")
    options.add_argument("--suite")
    given = options.parse_args()
    with RULES.open("rb") as file:
        parts = tomllib.load(file)["part"]
    with DIFFERENCES.open("rb") as file:
        kinds = tomllib.load(file)["kind"]
    tests = Tests(given.suite)
    found = [problem for part in parts for rule in part["rule"] for problem in problems_of(rule, tests)]
    made = "" if found else page(parts, kinds)
    if given.check and not found and PAGE.read_text(encoding="utf-8") != made:
        found.append("docs/CONFORMANCE.md is not what scripts/conformance.py makes; run it")
    if found:
        sys.exit("\n".join(found))
    if not given.check:
        PAGE.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
