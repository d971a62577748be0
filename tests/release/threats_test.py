#!/usr/bin/python3
"""SECURITY.md against the tests: every threat names at least one, and every one that is named is there.

    threats_test.py ROOT
"""

import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1]).resolve() if len(sys.argv) == 2 else sys.exit(__doc__)
sys.path.insert(0, str(ROOT / "scripts"))

import conformance  # noqa: E402

COLUMNS = 4


def threats():
    """The rows of the table of threats, each as a list of cells."""
    section = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("\n## Threats\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines() if line.startswith("|")]
    return rows[2:]  # behind the head and the line below it


def has_ctest(name):
    """Tests that are added one by one in CMake, by the files that they run."""
    group, _, rest = name.partition(".")
    if group == "release":
        return (ROOT / f"tests/release/{rest}_test.py").exists()
    return group == "packaging" and (ROOT / f"tests/packaging/{rest}_test.sh").exists()


def problems_of(row, tests):
    if len(row) != COLUMNS:
        yield f"{row[0]}: {len(row)} cells, not {COLUMNS}"
        return
    named = re.findall(r"`([^`]+)`", row[-1])
    if not named:
        yield f"{row[0]}: names no test"
    for name in named:
        kind, _, rest = name.partition(": ")
        if not (has_ctest(rest) if kind == "ctest" else tests.has(name)):
            yield f"{row[0]}: there is no test {name}"


def main():
    tests = conformance.Tests(None)
    rows = threats()
    found = [problem for row in rows for problem in problems_of(row, tests)]
    if not rows:
        found.append("SECURITY.md has no table of threats")
    if found:
        sys.exit("\n".join(found))
    print(f"{len(rows)} threats, each with its tests")


if __name__ == "__main__":
    main()
